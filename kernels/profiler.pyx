"""Latency profiler for a user's own code. Chapter 5.7.1, with the stamps of 5.7.2.

From Cython: ``llt_ticks_start``, the code, ``llt_ticks_stop``, and ``profiler.record`` or, without the GIL,
``llt_histogram_record(&profiler.histogram.raw, ticks)``.
"""

from collections import namedtuple

cimport cython
from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_ticks_start, llt_ticks_stop
from lltool.kernels.clock import calibrate
from lltool.kernels.histogram cimport LatencyHistogram, llt_histogram_count, llt_histogram_record

CALIBRATION_SECONDS = 0.02

Stats = namedtuple("Stats", "count min max mean p50 p90 p99 p999 overhead")
Stats.__doc__ = """``count`` of the values; the others in nanoseconds. ``overhead`` is what an empty measurement reads:
it is part of each figure and has not been taken off."""


@cython.final
cdef class LatencyProfiler:
    """Durations in constant memory; nothing is lost, however long it runs. One thread; measurements may nest.

    ``tick_hz`` is the rate of the tick counter; without it, it is measured here (20 ms). ValueError when not above 0.
    """

    cdef readonly LatencyHistogram histogram
    cdef readonly double tick_hz
    cdef uint64_t overhead_ticks
    cdef list started

    def __cinit__(self, tick_hz=None):
        self.histogram = LatencyHistogram()
        self.tick_hz = calibrate(CALIBRATION_SECONDS)[0] if tick_hz is None else tick_hz
        if not self.tick_hz > 0:
            raise ValueError(f"tick_hz {tick_hz} is not above 0")
        self.started = []
        for _ in range(100):
            with self:
                pass
        self.overhead_ticks = self.histogram.percentiles(50)[0]
        self.histogram.reset()

    def measure(self, function, *arguments, **keywords):
        """Call ``function``, record how long it took (also when it raises) and give its result."""
        cdef uint64_t start = llt_ticks_start()
        try:
            return function(*arguments, **keywords)
        finally:
            llt_histogram_record(&self.histogram.raw, llt_ticks_stop() - start)

    def __enter__(self):
        self.started.append(llt_ticks_start())
        return self

    def __exit__(self, *_raised):
        cdef uint64_t stop = llt_ticks_stop()
        cdef uint64_t start = self.started.pop()
        llt_histogram_record(&self.histogram.raw, stop - start)

    def record(self, uint64_t ticks):
        """Record a duration measured elsewhere."""
        llt_histogram_record(&self.histogram.raw, ticks)

    def ticks_to_ns(self, ticks):
        """Nanoseconds of a number of ticks."""
        return ticks / self.tick_hz * 1e9

    def stats(self):
        """What was recorded so far, as :class:`Stats`: percentiles by nearest rank. All zero without values."""
        n = llt_histogram_count(&self.histogram.raw)
        figures = (
            self.histogram.minimum,
            self.histogram.maximum,
            self.histogram.total / n if n else 0,
            *self.histogram.percentiles(50, 90, 99, 99.9),
            self.overhead_ticks,
        )
        return Stats(n, *(self.ticks_to_ns(figure) for figure in figures))

    def reset(self):
        """Forget what was recorded."""
        self.histogram.reset()

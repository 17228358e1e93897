"""What stands beside each order or message on one core: breaker, shutdown token, risk check, histogram, log."""

from libc.math cimport exp
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.breaker cimport CircuitBreaker, llt_breaker, llt_breaker_allow
from lltool.kernels.histogram cimport LatencyHistogram, llt_histogram, llt_histogram_record
from lltool.kernels.log_ring cimport LogRing, llt_log, llt_log_write
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.risk cimport RiskCheck, llt_risk, llt_risk_check, llt_risk_order
from lltool.kernels.shutdown cimport ShutdownToken, llt_shutdown, llt_shutdown_requested
from lltool.kernels.spsc cimport llt_seq_peek, llt_seq_release, llt_spsc_consumer

cdef enum Kind:
    BREAKER
    SHUTDOWN
    RISK
    HISTOGRAM
    LOG

cdef enum:
    VALUES = 2048  # a power of two; with the histogram's busy buckets they fit the first cache

KINDS = {"breaker": BREAKER, "shutdown": SHUTDOWN, "risk": RISK, "histogram": HISTOGRAM, "log": LOG}

LIMITS = {
    "max_quantity": 10_000, "lot": 10, "tick": 5, "band": 50_000, "max_notional": 10**12, "max_long": 10**9,
    "max_short": 10**9, "max_open_orders": 1000, "max_gross_notional": 10**15, "max_orders": 100,
    "rate_window_ns": 1_000_000, "max_age_ns": 10**9,
}


cdef struct Things:
    llt_breaker *breaker
    llt_shutdown *shutdown
    llt_risk *risk
    llt_histogram *histogram
    llt_log *log
    llt_spsc_consumer *log_reader
    uint64_t[VALUES] values


cdef inline void _once(Things *things, Kind kind, uint64_t number) noexcept nogil:
    # `kind` is a constant where this is inlined. The numbers vary, so that nothing can be computed once for all.
    cdef llt_risk_order order
    cdef int64_t[2] arguments
    if kind == BREAKER:
        llt_keep(llt_breaker_allow(things.breaker, number))
    elif kind == SHUTDOWN:
        llt_keep(llt_shutdown_requested(things.shutdown))
    elif kind == RISK:
        order.order_id = number + 1
        order.price = 100_000 + <int64_t>(number % 64) * 5
        order.quantity = 10 + <int64_t>(number % 32) * 10
        order.side = number & 1
        llt_keep(llt_risk_check(things.risk, &order, <int64_t>(1_000_000_000 + number)))
    elif kind == HISTOGRAM:
        llt_histogram_record(things.histogram, things.values[number % VALUES])
    else:
        arguments[0] = <int64_t>number
        arguments[1] = <int64_t>(number >> 3)
        llt_log_write(things.log, 0, 0, arguments, 2)
        llt_keep(<uint64_t>llt_seq_peek(things.log_reader))
        llt_seq_release(things.log_reader)


cdef void _fill_values(uint64_t *values) noexcept nogil:
    # Log-normal, as latencies are: the logarithm is 8 +- 1.2, a sum of twelve uniform numbers of a xorshift generator.
    cdef uint64_t state = 88172645463325252
    cdef double normal
    cdef size_t at, _
    for at in range(VALUES):
        normal = -6
        for _ in range(12):
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            normal += <double>(state >> 11) / <double>(<uint64_t>1 << 53)
        values[at] = <uint64_t>exp(8 + 1.2 * normal)


cdef inline uint64_t _block(Things *things, Kind kind, size_t count) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t number
    for number in range(count):
        _once(things, kind, number)
    return llt_ticks_stop() - start


cdef uint64_t _run(Things *things, Kind kind, llt_recorder *recorder, size_t count) noexcept nogil:
    # Block mode where there is no recorder. Each call names its kind as a constant.
    cdef uint64_t start
    cdef size_t number
    if recorder is NULL:
        if kind == BREAKER:
            return _block(things, BREAKER, count)
        if kind == SHUTDOWN:
            return _block(things, SHUTDOWN, count)
        if kind == RISK:
            return _block(things, RISK, count)
        if kind == HISTOGRAM:
            return _block(things, HISTOGRAM, count)
        return _block(things, LOG, count)
    for number in range(count):
        start = llt_ticks_start()
        _once(things, kind, number)
        llt_record(recorder, llt_ticks_stop() - start)
    return 0


@cython.final
cdef class Guard:
    """One of :data:`KINDS`, as a hot loop meets it: the breaker closed, no shutdown asked for, an order that passes all
    sixteen checks, a value counted, a record written to the log and read again. ValueError for another kind.
    """

    cdef CircuitBreaker breaker
    cdef ShutdownToken shutdown
    cdef RiskCheck risk
    cdef LatencyHistogram histogram
    cdef LogRing log
    cdef Things things
    cdef Kind kind

    def __cinit__(self, str kind):
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        self.breaker = CircuitBreaker(5, 1_000_000_000, 1_000_000_000)
        self.shutdown = ShutdownToken()
        self.risk = RiskCheck(**LIMITS)
        self.risk.set_reference(100_000, 1_000_000_000)
        self.histogram = LatencyHistogram()
        self.log = LogRing(1024)
        self.log.register("{} {}")
        self.things.breaker = self.breaker.raw
        self.things.shutdown = self.shutdown.raw
        self.things.risk = &self.risk.raw
        self.things.histogram = &self.histogram.raw
        self.things.log = &self.log.sides.log
        self.things.log_reader = &self.log.sides.consumer
        _fill_values(self.things.values)

    def block(self, size_t count):
        """Do it ``count`` times in one stretch; returns their length in ticks."""
        cdef uint64_t ticks
        with nogil:
            ticks = _run(&self.things, self.kind, NULL, count)
        return ticks

    def each(self, Recorder recorder, size_t count):
        """Do it ``count`` times and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            _run(&self.things, self.kind, raw, count)

"""A record from one core to another and back, through two SPSC rings."""

from libc.errno cimport ETIMEDOUT
from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, uint64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cimport cython

from lltool.kernels.arch cimport llt_pause, llt_ticks_start, llt_ticks_stop
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.spsc cimport SpscRing, llt_spsc, llt_spsc_commit, llt_spsc_peek, llt_spsc_release, llt_spsc_reserve

cdef enum:
    SLOTS = 64  # one record is in flight; the room lets stop() push behind a record that nobody fetched
    SPINS_PER_LOOK = 1 << 20  # some ten milliseconds: a look at the clock at every try would be a part of the hop

cdef uint64_t END = UINT64_MAX


cdef double _now() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef inline bint _push(llt_spsc *ring, uint64_t value) noexcept nogil:
    cdef uint64_t *slot = <uint64_t *>llt_spsc_reserve(ring)
    if slot is NULL:
        return False
    slot[0] = value
    llt_spsc_commit(ring)
    return True


cdef inline const uint64_t *_wait(llt_spsc *ring, double limit_seconds) noexcept nogil:
    # With a pause: polling without one takes the line from the producer while it writes, and a hyperthread's time.
    cdef const uint64_t *slot
    cdef double deadline = 0
    cdef uint64_t spins = 0
    while True:
        slot = <const uint64_t *>llt_spsc_peek(ring)
        if slot is not NULL:
            return slot
        llt_pause()
        spins += 1
        if spins % SPINS_PER_LOOK == 0:
            if deadline == 0:
                deadline = _now() + limit_seconds
            elif _now() > deadline:
                return NULL


cdef inline bint _round_trip(llt_spsc *there, llt_spsc *back, uint64_t value, double limit_seconds) noexcept nogil:
    cdef const uint64_t *slot
    cdef bint same
    if not _push(there, value):
        return False
    slot = _wait(back, limit_seconds)
    if slot is NULL:
        return False
    same = slot[0] == value
    llt_spsc_release(back)
    return same


cdef uint64_t _block(llt_spsc *there, llt_spsc *back, size_t round_trips, double limit_seconds) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t trip
    for trip in range(round_trips):
        if not _round_trip(there, back, trip, limit_seconds):
            return UINT64_MAX
    return llt_ticks_stop() - start


cdef bint _each(
        llt_spsc *there, llt_spsc *back, llt_recorder *recorder, size_t round_trips,
        double limit_seconds) noexcept nogil:
    cdef uint64_t start
    cdef size_t trip
    for trip in range(round_trips):
        start = llt_ticks_start()
        if not _round_trip(there, back, trip, limit_seconds):
            return False
        llt_record(recorder, llt_ticks_stop() - start)
    return True


cdef void _echo(llt_spsc *there, llt_spsc *back) noexcept nogil:
    cdef const uint64_t *slot
    cdef uint64_t value
    while True:
        slot = <const uint64_t *>llt_spsc_peek(there)
        if slot is NULL:
            llt_pause()
            continue
        value = slot[0]
        llt_spsc_release(there)
        if value == END:
            return
        _push(back, value)  # room is certain: one record is in flight


@cython.final
cdef class Hop:
    """Two rings of 8-byte records between the measuring thread and one that runs :meth:`echo`.

    Both spin, so each needs its own core. A round trip is two hops. Where the answer does not come within
    ``limit_seconds``, the measuring calls raise TimeoutError; after that only :meth:`stop` makes sense.
    """

    cdef SpscRing there
    cdef SpscRing back
    cdef double limit_seconds

    def __cinit__(self, double limit_seconds=10.0):
        self.there = SpscRing(SLOTS, sizeof(uint64_t))
        self.back = SpscRing(SLOTS, sizeof(uint64_t))
        self.limit_seconds = limit_seconds

    def echo(self):
        """Send every record back until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        cdef llt_spsc *there = self.there.raw
        cdef llt_spsc *back = self.back.raw
        with nogil:
            _echo(there, back)

    def stop(self):
        """End :meth:`echo`."""
        _push(self.there.raw, END)

    def block(self, size_t round_trips):
        """Make ``round_trips`` in one stretch; returns their length in ticks."""
        cdef llt_spsc *there = self.there.raw
        cdef llt_spsc *back = self.back.raw
        cdef uint64_t ticks
        with nogil:
            ticks = _block(there, back, round_trips, self.limit_seconds)
        if ticks == UINT64_MAX:
            raise self._lost()
        return ticks

    def each(self, Recorder recorder, size_t round_trips):
        """Make ``round_trips`` and record the ticks of each."""
        cdef llt_spsc *there = self.there.raw
        cdef llt_spsc *back = self.back.raw
        cdef llt_recorder *raw = recorder.raw
        cdef bint complete
        with nogil:
            complete = _each(there, back, raw, round_trips, self.limit_seconds)
        if not complete:
            raise self._lost()

    cdef object _lost(self):
        return TimeoutError(ETIMEDOUT, f"no answer from the other core within {self.limit_seconds} s")

"""A record from one core to another and back, through two SPSC rings."""

from libc.errno cimport ETIMEDOUT
from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, uint64_t

cimport cython

from lltool.kernels.arch cimport llt_pause, llt_ticks_start, llt_ticks_stop
from lltool.kernels.deadline cimport Deadline, has_passed
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.spsc cimport (
    SpscRing,
    llt_seq_commit,
    llt_seq_peek,
    llt_seq_release,
    llt_seq_reserve,
    llt_spsc_consumer,
    llt_spsc_producer,
)

cdef enum:
    SLOTS = 64  # one record is in flight; the room lets stop() push behind a record that nobody fetched

cdef uint64_t END = UINT64_MAX


cdef struct Ends:
    llt_spsc_producer *out
    llt_spsc_consumer *back


cdef inline bint _push(llt_spsc_producer *out, uint64_t value, size_t words) noexcept nogil:
    cdef uint64_t *slot = <uint64_t *>llt_seq_reserve(out)
    cdef size_t word
    if slot is NULL:
        return False
    for word in range(words):
        slot[word] = value
    llt_seq_commit(out)
    return True


cdef inline const uint64_t *_wait(llt_spsc_consumer *back, double limit_seconds) noexcept nogil:
    # With a pause: polling without one takes the line from the producer while it writes, and a hyperthread's time.
    cdef const uint64_t *slot
    cdef Deadline deadline = Deadline(limit_seconds, 0, 0)
    while True:
        slot = <const uint64_t *>llt_seq_peek(back)
        if slot is not NULL:
            return slot
        llt_pause()
        if has_passed(&deadline):
            return NULL


cdef inline bint _round_trip(Ends *ends, uint64_t value, size_t words, double limit_seconds) noexcept nogil:
    cdef const uint64_t *slot
    cdef uint64_t differences = 0
    cdef size_t word
    if not _push(ends.out, value, words):
        return False
    slot = _wait(ends.back, limit_seconds)
    if slot is NULL:
        return False
    for word in range(words):
        differences |= slot[word] ^ value
    llt_seq_release(ends.back)
    return differences == 0


cdef inline uint64_t _block(Ends *ends, size_t round_trips, size_t words, double limit_seconds) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t trip
    for trip in range(round_trips):
        if not _round_trip(ends, trip, words, limit_seconds):
            return UINT64_MAX
    return llt_ticks_stop() - start


cdef inline bint _each(
        Ends *ends, llt_recorder *recorder, size_t round_trips, size_t words, double limit_seconds) noexcept nogil:
    cdef uint64_t start
    cdef size_t trip
    for trip in range(round_trips):
        start = llt_ticks_start()
        if not _round_trip(ends, trip, words, limit_seconds):
            return False
        llt_record(recorder, llt_ticks_stop() - start)
    return True


cdef inline void _echo(llt_spsc_consumer *there, llt_spsc_producer *back, size_t words) noexcept nogil:
    cdef const uint64_t *slot
    cdef uint64_t value
    cdef size_t word
    cdef uint64_t differences
    while True:
        slot = <const uint64_t *>llt_seq_peek(there)
        if slot is NULL:
            llt_pause()
            continue
        value = slot[0]
        differences = 0
        for word in range(words):
            differences |= slot[word] ^ value
        llt_seq_release(there)
        if value == END:
            return
        _push(back, value | differences, words)  # room is certain: one record is in flight


@cython.final
cdef class Hop:
    """Two rings of records of 8 or 64 bytes between the measuring thread and one that runs :meth:`echo`.

    Both spin, so each needs its own core. Every byte of a record is written and read on either side. A round trip is
    two hops. Where the answer does not come within ``limit_seconds``, the measuring calls raise TimeoutError; after
    that only :meth:`stop` makes sense. ValueError for another record size.
    """

    cdef SpscRing there
    cdef SpscRing back
    cdef Ends ends
    cdef size_t words
    cdef double limit_seconds

    def __cinit__(self, double limit_seconds=10.0, size_t record_size=8):
        if record_size not in (8, 64):
            raise ValueError(f"records of {record_size} bytes: this loop passes 8 or 64")
        self.there = SpscRing(SLOTS, record_size)
        self.back = SpscRing(SLOTS, record_size)
        self.words = record_size // sizeof(uint64_t)
        self.ends = Ends(self.there.take_producer(), self.back.take_consumer())
        self.there.take_consumer()
        self.back.take_producer()
        self.limit_seconds = limit_seconds

    def echo(self):
        """Send every record back until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        cdef llt_spsc_consumer *there = self.there.take_consumer()
        cdef llt_spsc_producer *back = self.back.take_producer()
        cdef size_t words = self.words
        with nogil:
            # Constants: each size gets its own unrolled loop.
            if words == 1:
                _echo(there, back, 1)
            else:
                _echo(there, back, 8)

    def stop(self):
        """End :meth:`echo`."""
        _push(self.ends.out, END, self.words)

    def block(self, size_t round_trips):
        """Make ``round_trips`` in one stretch; returns their length in ticks."""
        cdef Ends ends = self.ends
        cdef uint64_t ticks
        cdef size_t words = self.words
        cdef double limit_seconds = self.limit_seconds
        with nogil:
            if words == 1:
                ticks = _block(&ends, round_trips, 1, limit_seconds)
            else:
                ticks = _block(&ends, round_trips, 8, limit_seconds)
        if ticks == UINT64_MAX:
            raise self._lost()
        return ticks

    def each(self, Recorder recorder, size_t round_trips):
        """Make ``round_trips`` and record the ticks of each."""
        cdef Ends ends = self.ends
        cdef llt_recorder *raw = recorder.raw
        cdef bint complete
        cdef size_t words = self.words
        cdef double limit_seconds = self.limit_seconds
        with nogil:
            if words == 1:
                complete = _each(&ends, raw, round_trips, 1, limit_seconds)
            else:
                complete = _each(&ends, raw, round_trips, 8, limit_seconds)
        if not complete:
            raise self._lost()

    cdef object _lost(self):
        return TimeoutError(ETIMEDOUT, f"no answer from the other core within {self.limit_seconds} s")

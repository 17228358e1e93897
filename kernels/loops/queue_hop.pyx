"""A word from one core to another and back through the queues that the rings replace: what each step of 5.3 gains."""

from libc.errno cimport ETIMEDOUT
from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport cython

from lltool.kernels.arch cimport llt_pause, llt_ticks_start, llt_ticks_stop
from lltool.kernels.atomic cimport LLT_LINE
from lltool.kernels.deadline cimport Deadline, has_passed
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.sketches cimport (
    llt_locked_destroy,
    llt_locked_init,
    llt_locked_pop,
    llt_locked_push,
    llt_locked_queue,
    llt_sketch_pop,
    llt_sketch_push,
    llt_sketch_ring,
)
from lltool.kernels.spsc cimport (
    SpscRing,
    llt_idx_try_pop,
    llt_idx_try_push,
    llt_spsc_consumer,
    llt_spsc_producer,
)

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef enum:
    SLOTS = 1024

cdef enum Kind:
    INDEXED
    SKETCH
    LOCKED

KINDS = {"indexed": INDEXED, "sketch": SKETCH, "mutex": LOCKED}

cdef uint64_t END = UINT64_MAX


cdef struct Queue:
    llt_spsc_producer *out
    llt_spsc_consumer *back
    llt_sketch_ring *sketch
    llt_locked_queue *locked


cdef inline bint _push(Queue *queue, Kind kind, uint64_t value) noexcept nogil:
    # `kind` is a constant where this is inlined, as below.
    if kind == INDEXED:
        return llt_idx_try_push(queue.out, &value, 8)
    if kind == SKETCH:
        return llt_sketch_push(queue.sketch, value)
    return llt_locked_push(queue.locked, value)


cdef inline bint _pop(Queue *queue, Kind kind, uint64_t *value) noexcept nogil:
    if kind == INDEXED:
        return llt_idx_try_pop(queue.back, value, 8)
    if kind == SKETCH:
        return llt_sketch_pop(queue.sketch, value)
    return llt_locked_pop(queue.locked, value)


cdef inline bint _round_trip(
        Queue *there, Queue *back, Kind kind, uint64_t value, double limit_seconds) noexcept nogil:
    cdef Deadline deadline = Deadline(limit_seconds, 0, 0)
    cdef uint64_t got = 0
    if not _push(there, kind, value):
        return False
    while not _pop(back, kind, &got):
        llt_pause()
        if has_passed(&deadline):
            return False
    return got == value


cdef inline uint64_t _block(
        Queue *there, Queue *back, Kind kind, size_t round_trips, double limit_seconds) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t trip
    for trip in range(round_trips):
        if not _round_trip(there, back, kind, trip, limit_seconds):
            return UINT64_MAX
    return llt_ticks_stop() - start


cdef inline void _echo(Queue *there, Queue *back, Kind kind) noexcept nogil:
    cdef uint64_t value = 0
    while True:
        if not _pop(there, kind, &value):
            llt_pause()
            continue
        if value == END:
            return
        _push(back, kind, value)  # room is certain: one word is in flight


@cython.final
cdef class QueueHop:
    """Two queues of 8-byte words between the measuring thread and one that runs :meth:`echo`; both spin.

    ``kind``: ``indexed`` (our ring with one index a side, cached), ``sketch`` (the chapter's: shared line, nothing
    cached) or ``mutex`` (a queue under a lock); ValueError for another. A round trip is two hops. TimeoutError where
    the answer does not come within ``limit_seconds``.
    """

    cdef list rings
    cdef Queue[2] queues
    cdef Kind kind
    cdef double limit_seconds

    def __cinit__(self, str kind, double limit_seconds=10.0):
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        self.limit_seconds = limit_seconds
        self.rings = [SpscRing(SLOTS, 8, "indexed"), SpscRing(SLOTS, 8, "indexed")]
        cdef SpscRing ring
        cdef size_t at
        for at in range(2):
            ring = self.rings[at]
            self.queues[at].out = ring.take_producer()
            self.queues[at].back = ring.take_consumer()
            self.queues[at].sketch = <llt_sketch_ring *>_lines(sizeof(llt_sketch_ring))
            self.queues[at].sketch.capacity = SLOTS
            self.queues[at].locked = <llt_locked_queue *>_lines(sizeof(llt_locked_queue))
            if llt_locked_init(self.queues[at].locked) != 0:
                raise MemoryError("no memory for a lock")

    def __dealloc__(self):
        cdef size_t at
        for at in range(2):
            free(self.queues[at].sketch)
            if self.queues[at].locked is not NULL:
                llt_locked_destroy(self.queues[at].locked)
            free(self.queues[at].locked)

    def echo(self):
        """Send every word back until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        cdef Queue *there = &self.queues[0]
        cdef Queue *back = &self.queues[1]
        cdef Kind kind = self.kind
        with nogil:
            # Constants: each kind gets its own loop.
            if kind == INDEXED:
                _echo(there, back, INDEXED)
            elif kind == SKETCH:
                _echo(there, back, SKETCH)
            else:
                _echo(there, back, LOCKED)

    def stop(self):
        """End :meth:`echo`."""
        _push(&self.queues[0], self.kind, END)

    def block(self, size_t round_trips):
        """Make ``round_trips`` in one stretch; returns their length in ticks."""
        cdef Queue *there = &self.queues[0]
        cdef Queue *back = &self.queues[1]
        cdef Kind kind = self.kind
        cdef double limit_seconds = self.limit_seconds
        cdef uint64_t ticks
        with nogil:
            if kind == INDEXED:
                ticks = _block(there, back, INDEXED, round_trips, limit_seconds)
            elif kind == SKETCH:
                ticks = _block(there, back, SKETCH, round_trips, limit_seconds)
            else:
                ticks = _block(there, back, LOCKED, round_trips, limit_seconds)
        if ticks == UINT64_MAX:
            raise self._lost()
        return ticks

    def each(self, Recorder recorder, size_t round_trips):
        """Make ``round_trips`` and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        cdef Queue *there = &self.queues[0]
        cdef Queue *back = &self.queues[1]
        cdef Kind kind = self.kind
        cdef double limit_seconds = self.limit_seconds
        cdef uint64_t start
        cdef size_t trip
        cdef bint complete = True
        with nogil:
            # The dispatch is a branch that is always predicted: it costs nothing beside a hop.
            for trip in range(round_trips):
                start = llt_ticks_start()
                if not _round_trip(there, back, kind, trip, limit_seconds):
                    complete = False
                    break
                llt_record(raw, llt_ticks_stop() - start)
        if not complete:
            raise self._lost()

    cdef object _lost(self):
        return TimeoutError(ETIMEDOUT, f"no answer from the other core within {self.limit_seconds} s")


cdef void *_lines(size_t size) except NULL:
    cdef size_t whole = (size + LLT_LINE - 1) // LLT_LINE * LLT_LINE
    cdef void *memory = aligned_alloc(LLT_LINE, whole)
    if memory is NULL:
        raise MemoryError(f"no memory for a queue of {size} bytes")
    memset(memory, 0, whole)
    return memory

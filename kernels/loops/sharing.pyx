"""Two counters of two threads, a chosen distance apart: what a shared cache line costs those who share no data."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free
from libc.string cimport memset

cimport cython

from lltool.kernels.arch cimport llt_ticks_start, llt_ticks_stop
from lltool.kernels.atomic cimport LLT_LINE, llt_add_relaxed, llt_atomic_u64, llt_load_relaxed, llt_store_relaxed
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef enum:
    # The counters start on a boundary of 256 bytes: 64 apart they share a pair of lines, 128 apart they do not.
    ROOM = 512
    ALIGNMENT = 256
    MAX_DISTANCE = 256
    WORD = 8
    UNTIL_LOOK = 64  # increments between two looks of the peer at the word that ends it


# Relaxed throughout: each counter has one writer, and nothing is published through them.

cdef void _hammer(llt_atomic_u64 *counter, const llt_atomic_u64 *ended) noexcept nogil:
    cdef size_t _op
    while llt_load_relaxed(ended) == 0:
        for _op in range(UNTIL_LOOK):
            llt_add_relaxed(counter, 1)


cdef uint64_t _block(llt_atomic_u64 *counter, size_t ops) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _op
    for _op in range(ops):
        llt_add_relaxed(counter, 1)
    return llt_ticks_stop() - start


cdef void _each(llt_atomic_u64 *counter, llt_recorder *recorder, size_t n) noexcept nogil:
    cdef uint64_t start
    cdef size_t _op
    for _op in range(n):
        start = llt_ticks_start()
        llt_add_relaxed(counter, 1)
        llt_record(recorder, llt_ticks_stop() - start)


@cython.final
cdef class Counters:
    """Two atomic counters ``distance_bytes`` apart, the first at a boundary of 256 bytes.

    The measuring thread increments the first, a thread that runs :meth:`hammer` the second. ``ValueError`` unless the
    distance is a multiple of 8 between 8 and 256.
    """

    cdef char *memory
    cdef llt_atomic_u64 *ended
    cdef llt_atomic_u64 *own
    cdef llt_atomic_u64 *other

    def __cinit__(self, size_t distance_bytes):
        if not WORD <= distance_bytes <= MAX_DISTANCE or distance_bytes % WORD:
            raise ValueError(f"a distance of {distance_bytes} bytes is not a multiple of 8 between 8 and 256")
        self.memory = <char *>aligned_alloc(ALIGNMENT, ROOM)
        self.ended = <llt_atomic_u64 *>aligned_alloc(LLT_LINE, LLT_LINE)
        if self.memory == NULL or self.ended == NULL:
            raise MemoryError("no memory for two counters")
        memset(self.memory, 0, ROOM)
        memset(self.ended, 0, LLT_LINE)
        self.own = <llt_atomic_u64 *>self.memory
        self.other = <llt_atomic_u64 *>(self.memory + distance_bytes)

    def __dealloc__(self):
        free(self.memory)
        free(self.ended)

    def hammer(self):
        """Increment the second counter until :meth:`stop`; runs without the GIL, in a thread pinned elsewhere."""
        with nogil:
            _hammer(self.other, self.ended)

    def stop(self):
        """End :meth:`hammer`."""
        llt_store_relaxed(self.ended, 1)

    def block(self, size_t ops):
        """Increment the first counter ``ops`` times in one stretch; returns its length in ticks."""
        cdef uint64_t ticks
        with nogil:
            ticks = _block(self.own, ops)
        return ticks

    def each(self, Recorder recorder, size_t n):
        """Increment the first counter ``n`` times and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            _each(self.own, raw, n)

    @property
    def counts(self):
        """Both counters: ``(own, other)``."""
        return llt_load_relaxed(self.own), llt_load_relaxed(self.other)

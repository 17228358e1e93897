"""Memory taken and given back on one core: pool, arena and malloc side by side, 64 bytes at a time."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.arena cimport Arena, llt_arena, llt_arena_alloc, llt_arena_reset
from lltool.kernels.pool cimport (
    ObjectPool,
    SharedObjectPool,
    llt_free_list,
    llt_free_list_acquire,
    llt_free_list_fill,
    llt_free_list_release,
    llt_pool,
    llt_pool_acquire,
    llt_pool_release,
    llt_shared_pool,
    llt_shared_pool_acquire,
    llt_shared_pool_release,
)
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef enum:
    SIZE = 64
    RECORDS = 1024
    ARENA_BLOCKS = 512  # allocations between two resets

cdef enum Kind:
    UNCHECKED
    CHECKED
    SHARED
    MALLOC
    ARENA

KINDS = {"unchecked": UNCHECKED, "checked": CHECKED, "shared": SHARED, "malloc": MALLOC, "arena": ARENA}


cdef struct Sources:
    llt_free_list list
    llt_pool *pool
    llt_shared_pool *shared
    llt_arena *arena


cdef inline void _pair(Sources *sources, Kind kind) noexcept nogil:
    # `kind` is a constant where this is inlined. Each writes to what it got.
    cdef void *record
    cdef uint64_t handle
    if kind == UNCHECKED:
        record = llt_free_list_acquire(&sources.list)
        llt_keep(<uint64_t>record)
        llt_free_list_release(&sources.list, record)
    elif kind == CHECKED:
        record = llt_pool_acquire(sources.pool, &handle)
        llt_keep(<uint64_t>record)
        llt_pool_release(sources.pool, handle)
    elif kind == SHARED:
        record = llt_shared_pool_acquire(sources.shared, &handle)
        llt_keep(<uint64_t>record)
        llt_shared_pool_release(sources.shared, handle)
    elif kind == MALLOC:
        record = malloc(SIZE)
        llt_keep(<uint64_t>record)
        free(record)
    else:
        record = llt_arena_alloc(sources.arena, SIZE, 8)
        if record is NULL:
            llt_arena_reset(sources.arena)
            record = llt_arena_alloc(sources.arena, SIZE, 8)
        llt_keep(<uint64_t>record)


cdef inline uint64_t _block(Sources *sources, Kind kind, size_t pairs) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _pair_number
    for _pair_number in range(pairs):
        _pair(sources, kind)
    return llt_ticks_stop() - start


cdef uint64_t _run(Sources *sources, Kind kind, llt_recorder *recorder, size_t pairs) noexcept nogil:
    # Block mode where there is no recorder. Each call names its kind as a constant.
    cdef uint64_t start
    cdef size_t _pair_number
    if recorder is NULL:
        if kind == UNCHECKED:
            return _block(sources, UNCHECKED, pairs)
        if kind == CHECKED:
            return _block(sources, CHECKED, pairs)
        if kind == SHARED:
            return _block(sources, SHARED, pairs)
        if kind == MALLOC:
            return _block(sources, MALLOC, pairs)
        return _block(sources, ARENA, pairs)
    for _pair_number in range(pairs):
        start = llt_ticks_start()
        _pair(sources, kind)
        llt_record(recorder, llt_ticks_stop() - start)
    return 0


@cython.final
cdef class Allocation:
    """Pairs of taking and giving back 64 bytes; ``kind`` is one of :data:`KINDS`, ValueError for another.

    The record given back last is taken next, the best case of all of them. An arena gives nothing back by itself: it is
    reset when full, once in 512.
    """

    cdef ObjectPool pool
    cdef SharedObjectPool shared
    cdef Arena arena
    cdef void *memory
    cdef Sources sources
    cdef Kind kind

    def __cinit__(self, str kind):
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.kind = KINDS[kind]
        self.pool = ObjectPool(RECORDS, SIZE)
        self.shared = SharedObjectPool(RECORDS, SIZE)
        self.arena = Arena(ARENA_BLOCKS * SIZE)
        self.memory = malloc(RECORDS * SIZE)
        if self.memory is NULL:
            raise MemoryError("no memory for the records of a free list")
        llt_free_list_fill(&self.sources.list, self.memory, RECORDS, SIZE)
        self.sources.pool = self.pool.raw
        self.sources.shared = self.shared.raw
        self.sources.arena = &self.arena.raw

    def __dealloc__(self):
        free(self.memory)

    def block(self, size_t pairs):
        """Make ``pairs`` in one stretch; returns their length in ticks."""
        cdef uint64_t ticks
        with nogil:
            ticks = _run(&self.sources, self.kind, NULL, pairs)
        return ticks

    def each(self, Recorder recorder, size_t pairs):
        """Make ``pairs`` and record the ticks of each."""
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            _run(&self.sources, self.kind, raw, pairs)

"""Memory taken and given back on one core: pool, arena and malloc side by side, 64 bytes at a time."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libc.stdlib cimport free, malloc

cimport cython

from lltool.kernels.arch cimport llt_keep
from lltool.kernels.arena cimport Arena, llt_arena, llt_arena_alloc, llt_arena_reset
from lltool.kernels.loops.loop cimport Loop, Run, repeat
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
from lltool.kernels.recorder cimport llt_recorder

cdef enum:
    SIZE = 64
    RECORDS = 1024
    ARENA_BLOCKS = 512  # allocations between two resets


# A pair each: something is taken of `source`, kept from the compiler's eyes, and given back.

cdef void _unchecked_pair(void *source, uint64_t _number) noexcept nogil:
    cdef llt_free_list *records = <llt_free_list *>source
    cdef void *record = llt_free_list_acquire(records)
    llt_keep(<uint64_t>record)
    llt_free_list_release(records, record)


cdef void _checked_pair(void *source, uint64_t _number) noexcept nogil:
    cdef llt_pool *pool = <llt_pool *>source
    cdef uint64_t handle
    llt_keep(<uint64_t>llt_pool_acquire(pool, &handle))
    llt_pool_release(pool, handle)


cdef void _shared_pair(void *source, uint64_t _number) noexcept nogil:
    cdef llt_shared_pool *pool = <llt_shared_pool *>source
    cdef uint64_t handle
    llt_keep(<uint64_t>llt_shared_pool_acquire(pool, &handle))
    llt_shared_pool_release(pool, handle)


cdef void _malloc_pair(void *_source, uint64_t _number) noexcept nogil:
    cdef void *record = malloc(SIZE)
    llt_keep(<uint64_t>record)
    free(record)


cdef void _arena_block(void *source, uint64_t _number) noexcept nogil:
    cdef llt_arena *arena = <llt_arena *>source
    cdef void *record = llt_arena_alloc(arena, SIZE, 8)
    if record is NULL:
        llt_arena_reset(arena)
        record = llt_arena_alloc(arena, SIZE, 8)
    llt_keep(<uint64_t>record)


cdef uint64_t _unchecked(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_unchecked_pair, things, recorder, count)


cdef uint64_t _checked(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_checked_pair, things, recorder, count)


cdef uint64_t _shared(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_shared_pair, things, recorder, count)


cdef uint64_t _malloc(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_malloc_pair, things, recorder, count)


cdef uint64_t _arena(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_arena_block, things, recorder, count)


KINDS = {"unchecked": 0, "checked": 1, "shared": 2, "malloc": 3, "arena": 4}

cdef Run[5] _RUNS  # by the numbers of KINDS
_RUNS[0] = _unchecked
_RUNS[1] = _checked
_RUNS[2] = _shared
_RUNS[3] = _malloc
_RUNS[4] = _arena


@cython.final
cdef class Allocation(Loop):
    """Pairs of taking and giving back 64 bytes; ``kind`` is one of :data:`KINDS`, ValueError for another.

    The record given back last is taken next, the best case of all of them. An arena gives nothing back by itself: it is
    reset when full, once in 512.
    """

    cdef ObjectPool pool
    cdef SharedObjectPool shared
    cdef Arena arena
    cdef void *memory
    cdef llt_free_list records

    def __cinit__(self, str kind):
        cdef (void *)[5] sources  # by the numbers of KINDS
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.pool = ObjectPool(RECORDS, SIZE)
        self.shared = SharedObjectPool(RECORDS, SIZE)
        self.arena = Arena(ARENA_BLOCKS * SIZE)
        self.memory = malloc(RECORDS * SIZE)
        if self.memory is NULL:
            raise MemoryError("no memory for the records of a free list")
        llt_free_list_fill(&self.records, self.memory, RECORDS, SIZE)
        sources[:] = [&self.records, self.pool.raw, self.shared.raw, NULL, &self.arena.raw]
        self.run = _RUNS[KINDS[kind]]
        self.things = sources[KINDS[kind]]

    def __dealloc__(self):
        free(self.memory)

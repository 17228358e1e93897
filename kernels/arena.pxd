from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef extern from "llt_arena.h" nogil:
    size_t LLT_ARENA_NONE
    size_t LLT_SHARED_ARENA_MAX

    ctypedef struct llt_arena:
        unsigned char *base
        size_t capacity
        size_t used
        uint64_t epoch

    ctypedef struct llt_shared_arena:
        llt_atomic_u64 state
        unsigned char *base
        size_t capacity

    int llt_arena_init(llt_arena *arena, size_t capacity)
    void llt_arena_destroy(llt_arena *arena)
    size_t llt_arena_offset(llt_arena *arena, size_t size, size_t alignment)
    void *llt_arena_alloc(llt_arena *arena, size_t size, size_t alignment)
    void llt_arena_reset(llt_arena *arena)
    void llt_shared_arena_init(llt_shared_arena *shared, const llt_arena *arena)
    size_t llt_shared_arena_used(uint64_t state)
    uint64_t llt_shared_arena_epoch(uint64_t state)
    size_t llt_shared_arena_offset(llt_shared_arena *shared, size_t size, size_t alignment, uint64_t *epoch)
    void llt_shared_arena_reset(llt_shared_arena *shared)


cdef class Arena:
    cdef llt_arena raw
    cdef llt_shared_arena *shared  # NULL for the single-thread one
    cdef Py_ssize_t exports
    cdef uint64_t current_epoch(self) noexcept


cdef class Block:
    cdef Arena arena
    cdef size_t offset
    cdef readonly size_t size
    cdef readonly uint64_t epoch

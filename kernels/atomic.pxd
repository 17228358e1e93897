"""llt_atomic.h for Cython: C11 atomic words as opaque types with typed functions."""

from libc.stdint cimport uint32_t, uint64_t

cdef extern from "llt_atomic.h" nogil:
    enum:
        LLT_LINE
    ctypedef struct llt_atomic_u64:
        pass
    ctypedef struct llt_atomic_u32:
        pass
    uint64_t llt_load_relaxed(const llt_atomic_u64 *word)
    uint64_t llt_load_acquire(const llt_atomic_u64 *word)
    void llt_store_relaxed(llt_atomic_u64 *word, uint64_t value)
    void llt_store_release(llt_atomic_u64 *word, uint64_t value)
    bint llt_compare_exchange_acq_rel(llt_atomic_u64 *word, uint64_t expected, uint64_t wanted)
    uint64_t llt_add_relaxed(llt_atomic_u64 *word, uint64_t amount)
    void llt_fence_acquire()
    void llt_fence_release()

from libc.stdint cimport uint64_t


cdef extern from "llt_seqlock.h" nogil:
    ctypedef struct llt_seqlock:
        pass

    llt_seqlock *llt_seqlock_create(size_t payload_size)
    void llt_seqlock_destroy(llt_seqlock *lock)
    void llt_seqlock_write(llt_seqlock *lock, const void *payload, size_t payload_size)
    bint llt_seqlock_try_read(const llt_seqlock *lock, void *payload, size_t payload_size)
    bint llt_seqlock_read(const llt_seqlock *lock, void *payload, size_t payload_size, uint64_t max_tries)


cdef class Seqlock:
    cdef llt_seqlock *raw
    cdef size_t size

from libc.stdint cimport uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef extern from "llt_seqlock.h" nogil:
    ctypedef struct llt_seqlock:
        pass

    llt_seqlock *llt_seqlock_create(size_t payload_size)
    ctypedef struct llt_seqlock_shared:
        uint64_t payload_size
        llt_atomic_u64 writer_pid
        llt_seqlock lock

    size_t llt_seqlock_shared_size(size_t payload_size)
    void llt_seqlock_shared_init(llt_seqlock_shared *shared, size_t payload_size)
    bint llt_seqlock_shared_is_valid(const llt_seqlock_shared *shared, size_t mapped)
    void llt_seqlock_destroy(llt_seqlock *lock)
    void llt_seqlock_write(llt_seqlock *lock, const void *payload, size_t payload_size)
    bint llt_seqlock_try_read(const llt_seqlock *lock, void *payload, size_t payload_size)
    bint llt_seqlock_read(const llt_seqlock *lock, void *payload, size_t payload_size, uint64_t max_tries)


cdef class Seqlock:
    cdef llt_seqlock *raw
    cdef size_t size
    cdef llt_seqlock_shared *shared  # NULL in a lock of this process alone
    cdef size_t mapped
    cdef bint writing
    cdef _hold(self, void *memory, size_t size)
    cdef _claim(self)

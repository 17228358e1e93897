from libc.stddef cimport size_t
from libc.stdint cimport uint32_t, uint64_t


cdef extern from "llt_free_list.h" nogil:
    ctypedef struct llt_free_list:
        void *first

    void *llt_free_list_acquire(llt_free_list *list)
    void llt_free_list_release(llt_free_list *list, void *record)
    void llt_free_list_fill(llt_free_list *list, void *memory, size_t count, size_t stride)


cdef extern from "llt_pool.h" nogil:
    enum:
        LLT_POOL_MAX

    ctypedef struct llt_pool:
        size_t capacity

    llt_pool *llt_pool_create(size_t capacity, size_t record_size, uint32_t number)
    void llt_pool_destroy(llt_pool *pool)
    size_t llt_pool_available(const llt_pool *pool)
    void *llt_pool_acquire(llt_pool *pool, uint64_t *handle)
    void *llt_pool_record(const llt_pool *pool, uint64_t handle)
    bint llt_pool_release(llt_pool *pool, uint64_t handle)


cdef extern from "llt_shared_pool.h" nogil:
    ctypedef struct llt_shared_pool:
        size_t capacity

    llt_shared_pool *llt_shared_pool_create(size_t capacity, size_t record_size, uint32_t number)
    void llt_shared_pool_destroy(llt_shared_pool *pool)
    void *llt_shared_pool_acquire(llt_shared_pool *pool, uint64_t *handle)
    void *llt_shared_pool_record(const llt_shared_pool *pool, uint64_t handle)
    bint llt_shared_pool_release(llt_shared_pool *pool, uint64_t handle)


cdef class ObjectPool:
    cdef llt_pool *raw
    cdef size_t size
    cdef readonly object dtype


cdef class SharedObjectPool:
    cdef llt_shared_pool *raw
    cdef size_t size
    cdef readonly object dtype

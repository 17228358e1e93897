from libc.stdint cimport uint32_t, uint64_t


cdef extern from "llt_pool.h" nogil:
    enum:
        LLT_POOL_MAX
    uint64_t LLT_POOL_EMPTY

    ctypedef struct llt_free_list:
        void *first

    ctypedef struct llt_pool:
        size_t capacity
        size_t available

    void *llt_free_list_acquire(llt_free_list *list)
    void llt_free_list_release(llt_free_list *list, void *record)
    void llt_free_list_fill(llt_free_list *list, void *memory, size_t count, size_t stride)
    int llt_pool_init(llt_pool *pool, size_t capacity, size_t record_size, uint32_t serial)
    void llt_pool_destroy(llt_pool *pool)
    uint64_t llt_pool_acquire(llt_pool *pool)
    bint llt_pool_release(llt_pool *pool, uint64_t handle)
    void *llt_pool_record(const llt_pool *pool, uint64_t handle)


cdef extern from "llt_shared_pool.h" nogil:
    ctypedef struct llt_shared_pool:
        llt_pool pool

    int llt_shared_pool_init(llt_shared_pool *shared, size_t capacity, size_t record_size, uint32_t serial)
    void llt_shared_pool_destroy(llt_shared_pool *shared)
    uint64_t llt_shared_pool_acquire(llt_shared_pool *shared)
    bint llt_shared_pool_release(llt_shared_pool *shared, uint64_t handle)


cdef class ObjectPool:
    cdef llt_pool raw
    cdef size_t size
    cdef readonly object dtype


cdef class SharedObjectPool:
    cdef llt_shared_pool *raw
    cdef size_t size
    cdef readonly object dtype

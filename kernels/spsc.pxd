from libc.stdint cimport uint64_t


cdef extern from "llt_spsc.h" nogil:
    ctypedef struct llt_spsc:
        size_t record_size

    llt_spsc *llt_spsc_create(uint64_t capacity, size_t record_size, uint64_t first_index)
    void llt_spsc_destroy(llt_spsc *ring)
    void *llt_spsc_reserve(llt_spsc *ring)
    void llt_spsc_commit(llt_spsc *ring)
    const void *llt_spsc_peek(llt_spsc *ring)
    void llt_spsc_release(llt_spsc *ring)
    bint llt_spsc_try_push(llt_spsc *ring, const void *record)
    bint llt_spsc_try_pop(llt_spsc *ring, void *record)
    uint64_t llt_spsc_capacity(const llt_spsc *ring)
    uint64_t llt_spsc_length(const llt_spsc *ring)


cdef class SpscRing:
    cdef llt_spsc *raw

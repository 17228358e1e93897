from libc.stdint cimport uint64_t


cdef extern from "llt_sketches.h" nogil:
    ctypedef struct llt_sketch_ring:
        uint64_t capacity

    bint llt_sketch_push(llt_sketch_ring *ring, uint64_t value)
    bint llt_sketch_pop(llt_sketch_ring *ring, uint64_t *value)

    ctypedef struct llt_locked_queue:
        pass

    int llt_locked_init(llt_locked_queue *queue)
    void llt_locked_destroy(llt_locked_queue *queue)
    bint llt_locked_push(llt_locked_queue *queue, uint64_t value)
    bint llt_locked_pop(llt_locked_queue *queue, uint64_t *value)

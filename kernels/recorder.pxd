from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

cdef extern from "llt_recorder.h" nogil:
    ctypedef struct llt_recorder:
        uint64_t *ticks
        size_t capacity
        size_t count
        uint64_t lost
    void llt_record(llt_recorder *recorder, uint64_t ticks)


cdef class Recorder:
    # Loops take `raw` before they release the GIL and pass it to llt_record.
    cdef llt_recorder *raw
    cdef llt_recorder state

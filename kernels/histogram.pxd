from libc.stddef cimport size_t
from libc.stdint cimport uint64_t


cdef extern from "llt_histogram.h" nogil:
    ctypedef struct llt_histogram:
        uint64_t *counts
        uint64_t minimum
        uint64_t maximum
        uint64_t sum

    int llt_histogram_init(llt_histogram *histogram)
    void llt_histogram_destroy(llt_histogram *histogram)
    void llt_histogram_add(llt_histogram *to, const llt_histogram *other)
    void llt_histogram_reset(llt_histogram *histogram)
    void llt_histogram_record(llt_histogram *histogram, uint64_t value)
    uint64_t llt_histogram_count(const llt_histogram *histogram)
    void llt_histogram_at_ranks(const llt_histogram *histogram, const uint64_t *ranks, uint64_t *values, size_t count)


cdef class LatencyHistogram:
    # Loops take the address of `raw` before they release the GIL and pass it to llt_histogram_record.
    cdef llt_histogram raw

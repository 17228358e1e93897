"""Latency histogram in constant memory: HDR layout, 3 significant digits, the whole range of 64 bits.

Layout: ``include/llt_histogram.h``. Chapter 5.7.1.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_ND, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc

from fractions import Fraction
from math import ceil

cimport cython

cdef extern from "llt_hdr.h" nogil:
    enum:
        LLT_HDR_BUCKETS
    uint64_t llt_hdr_lowest(size_t index)


cdef void _record_many(llt_histogram *histogram, const uint64_t *values, size_t count) noexcept nogil:
    cdef size_t at
    for at in range(count):
        llt_histogram_record(histogram, values[at])


@cython.final
cdef class LatencyHistogram:
    """Counts of 64-bit values (ticks, nanoseconds), each known to 1 part in 1024, in 440 kB. One thread records.

    Minimum and maximum are exact, and the total until it exceeds 64 bits. MemoryError.
    """

    def __cinit__(self):
        if llt_histogram_init(&self.raw) != 0:
            raise MemoryError("no memory for a histogram")

    def __dealloc__(self):
        llt_histogram_destroy(&self.raw)

    def record(self, uint64_t value):
        """Count one value. OverflowError outside 64 bits."""
        llt_histogram_record(&self.raw, value)

    def record_array(self, values):
        """Count every value of a contiguous array of unsigned 64-bit integers, without the GIL.

        Raises ValueError for another type of item, BufferError for one that is not contiguous.
        """
        cdef Py_buffer view
        PyObject_GetBuffer(values, &view, PyBUF_FORMAT | PyBUF_ND)
        try:
            if view.itemsize != 8 or view.format is NULL or view.format[0] not in b"QL" or view.format[1]:
                raise ValueError("values are unsigned 64-bit integers (array('Q'), numpy.uint64)")
            with nogil:
                _record_many(&self.raw, <const uint64_t *>view.buf, <size_t>view.len // 8)
        finally:
            PyBuffer_Release(&view)

    def add(self, LatencyHistogram other not None):
        """Count what ``other`` has counted too."""
        llt_histogram_add(&self.raw, &other.raw)

    def reset(self):
        """Forget all values; the memory stays."""
        llt_histogram_reset(&self.raw)

    def __len__(self):
        return llt_histogram_count(&self.raw)

    @property
    def minimum(self):
        """The smallest value, exact; 0 without values."""
        return self.raw.minimum if self.raw.minimum <= self.raw.maximum else 0

    @property
    def maximum(self):
        """The largest value, exact."""
        return self.raw.maximum

    @property
    def total(self):
        """The sum of all values, modulo 2**64."""
        return self.raw.sum

    def percentiles(self, *wanted):
        """The values at these percentiles (0 < p <= 100) by nearest rank ``ceil(p / 100 * n)``, as a tuple.

        Each is the lowest value of its bucket, but never below the minimum; 100 gives the exact maximum. Without
        values: zeros. Raises ValueError for a percentile outside the range.
        """
        cdef uint64_t n = llt_histogram_count(&self.raw)
        cdef size_t at, count = len(wanted)
        cdef uint64_t *ranks
        for percentile in wanted:
            if not 0 < percentile <= 100:
                raise ValueError(f"percentile {percentile} is not in 0 < p <= 100")
        if n == 0:
            return (0,) * count
        ascending = sorted(range(count), key=wanted.__getitem__)
        found = [0] * count
        ranks = <uint64_t *>PyMem_Malloc(2 * count * sizeof(uint64_t))
        if ranks is NULL:
            raise MemoryError(f"no memory for {count} percentiles")
        try:
            for at, place in enumerate(ascending):
                # As it was written, not as binary: 99.9 of 1000 values is rank 999.
                ranks[at] = ceil(Fraction(str(wanted[place])) * n / 100)
            llt_histogram_at_ranks(&self.raw, ranks, ranks + count, count)
            for at, place in enumerate(ascending):
                found[place] = self.raw.maximum if ranks[at] == n else ranks[count + at]
        finally:
            PyMem_Free(ranks)
        return tuple(found)

    def buckets(self):
        """``(values, counts)`` of the non-empty buckets: lowest values, ascending, and their counts."""
        cdef size_t at
        filled = [at for at in range(LLT_HDR_BUCKETS) if self.raw.counts[at]]
        return [llt_hdr_lowest(at) for at in filled], [self.raw.counts[at] for at in filled]

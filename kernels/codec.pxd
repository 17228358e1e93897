from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.field_value cimport FieldValue


cdef extern from "llt_codec.h" nogil:
    ctypedef struct llt_codec_field:
        size_t wire
        size_t host
        size_t size
        bint turned

    ctypedef struct llt_codec_expectation:
        size_t wire
        size_t size
        bint big
        size_t count
        const uint64_t *values

    ctypedef struct llt_codec_layout:
        size_t wire_size
        size_t host_size
        const llt_codec_field *fields
        size_t field_count
        const llt_codec_expectation *expectations
        size_t expectation_count

    uint64_t llt_codec_number(const unsigned char *at, size_t size, bint big)
    void llt_codec_put(unsigned char *at, size_t size, bint big, uint64_t number)
    size_t llt_codec_check(const llt_codec_layout *layout, const unsigned char *record)
    size_t llt_codec_check_many(const llt_codec_layout *layout, const unsigned char *wire, size_t count)
    void llt_codec_decode(
        const llt_codec_layout *layout, const unsigned char *wire, unsigned char *host, size_t count)
    void llt_codec_encode(
        const llt_codec_layout *layout, const unsigned char *host, unsigned char *wire, size_t count)


cdef class Layout:
    cdef llt_codec_layout raw
    cdef llt_codec_field *fields
    cdef llt_codec_expectation *expectations
    cdef uint64_t *expected
    cdef FieldValue *values
    cdef tuple checked
    cdef bint whole
    cdef readonly tuple names
    cdef readonly object dtype
    cdef readonly object native
    cdef readonly size_t size
    cdef int add_fields(self) except -1
    cdef int add_expectations(self, dict expect) except -1
    cdef object disappointment(self, const unsigned char *record)
    cdef object decode_viewed(self, object buffer, Py_ssize_t offset)
    cdef int refuse(self, const unsigned char *text, Py_ssize_t size, Py_ssize_t offset) except -1

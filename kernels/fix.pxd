from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t

from lltool.kernels.cpu cimport llt_cpu_path


cdef extern from "llt_fix.h" nogil:
    ctypedef struct llt_fix_field:
        uint32_t tag
        uint32_t offset
        uint32_t size

    ctypedef enum llt_fix_status:
        LLT_FIX_OK
        LLT_FIX_PARTIAL
        LLT_FIX_BEGIN
        LLT_FIX_BODY_LENGTH
        LLT_FIX_CHECKSUM
        LLT_FIX_TAG
        LLT_FIX_VALUE
        LLT_FIX_DATA
        LLT_FIX_ROOM

    ctypedef llt_fix_status llt_fix_parser(
        const unsigned char *text, size_t size, llt_fix_field *fields, size_t room, size_t *count, size_t *total,
        size_t *position) noexcept nogil

    llt_fix_parser *llt_fix_parser_of(llt_cpu_path path)
    size_t llt_fix_find(const llt_fix_field *fields, size_t count, size_t first, uint32_t tag)
    bint llt_fix_decimal(const unsigned char *text, const llt_fix_field *field, int64_t *value)
    bint llt_fix_integer(const unsigned char *text, const llt_fix_field *field, int64_t *value)


cdef extern from "llt_fix_build.h" nogil:
    ctypedef struct llt_fix_template:
        const unsigned char *pieces
        const uint32_t *sizes
        size_t slots

    ctypedef struct llt_fix_value:
        const unsigned char *text
        size_t size

    unsigned char *llt_fix_build(
        const llt_fix_template *form, const llt_fix_value *values, unsigned char *out, size_t room, size_t *size)
    size_t llt_fix_write_decimal(int64_t value, unsigned char *out)


cdef class Message:
    cdef bytes owner
    cdef const unsigned char *text
    cdef llt_fix_field *fields
    cdef size_t count
    cdef readonly size_t size
    cdef llt_fix_field *found(self, tag) except NULL


cdef class Framer:
    cdef llt_fix_parser *parse_raw
    cdef llt_cpu_path chosen
    cdef bytearray pending
    cdef size_t taken
    cdef llt_fix_field *scratch
    cdef size_t room
    cdef readonly size_t skipped_bytes
    cdef readonly object last_refusal


cdef class Template:
    cdef llt_fix_template raw
    cdef bytes pieces
    cdef uint32_t *sizes
    cdef llt_fix_value *values
    cdef tuple tags

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.cpu cimport llt_cpu_path


cdef extern from "llt_fix.h" nogil:
    ctypedef struct llt_fix_guess:
        pass

    ctypedef struct llt_fix_fields:
        uint32_t *tags
        uint32_t *begins
        uint32_t *ends
        llt_fix_guess *guesses
        size_t room
        size_t count

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
        const unsigned char *text, size_t size, llt_fix_fields *fields, size_t *total,
        size_t *position) noexcept nogil

    size_t LLT_FIX_ROOM_FOR(size_t size)
    void llt_fix_fields_start(llt_fix_fields *fields)
    llt_fix_parser *llt_fix_parser_of(llt_cpu_path path)
    size_t llt_fix_find(const llt_fix_fields *fields, size_t first, uint32_t tag)
    bint llt_fix_decimal(const unsigned char *text, const llt_fix_fields *fields, size_t field, int64_t *value)
    bint llt_fix_integer(const unsigned char *text, const llt_fix_fields *fields, size_t field, int64_t *value)


cdef extern from "llt_fix_build.h" nogil:
    const size_t LLT_FIX_HEADER
    const size_t LLT_FIX_BEHIND
    const size_t LLT_FIX_BLOCK

    ctypedef enum llt_fix_kind:
        LLT_FIX_TEXT
        LLT_FIX_INTEGER
        LLT_FIX_DECIMAL

    ctypedef struct llt_fix_piece:
        const unsigned char *text
        uint32_t size
        llt_fix_kind kind

    ctypedef struct llt_fix_template:
        const llt_fix_piece *pieces
        size_t slots
        uint64_t sum

    ctypedef struct llt_fix_value:
        const unsigned char *text
        size_t size
        int64_t number

    ctypedef unsigned char *llt_fix_builder(
        const llt_fix_template *form, const llt_fix_value *values, unsigned char *out, size_t room,
        size_t *size) noexcept nogil

    llt_fix_builder *llt_fix_builder_of(llt_cpu_path path)


cdef extern from "llt_decimal_write.h" nogil:
    const size_t LLT_DECIMAL_LONGEST
    const size_t LLT_DECIMAL_ROOM

    ctypedef struct llt_written:
        size_t size
        uint64_t sum

    ctypedef struct llt_digit_words:
        pass

    ctypedef llt_digit_words llt_sixteen(uint32_t high, uint32_t low)

    llt_digit_words llt_sixteen_digits(uint32_t high, uint32_t low)
    llt_written llt_write_decimal(llt_sixteen *sixteen, int64_t value, unsigned char *out)


cdef class Fields:
    cdef llt_fix_fields raw
    cdef int reserve(self, size_t size) except -1


cdef class Message:
    cdef bytes owner
    cdef const unsigned char *text
    cdef llt_fix_fields raw
    cdef readonly size_t size
    cdef size_t found(self, tag) except? 0


cdef class Framer:
    cdef llt_fix_parser *parse_raw
    cdef llt_cpu_path chosen
    cdef bytearray pending
    cdef size_t taken
    cdef Fields fields
    cdef readonly size_t skipped_bytes
    cdef readonly object last_refusal


cdef class Reader:
    cdef llt_fix_parser *parse_raw
    cdef llt_cpu_path chosen
    cdef Fields fields
    cdef size_t wanted
    cdef uint32_t *tags
    cdef llt_fix_kind *kinds
    cdef size_t *places


cdef class Template:
    cdef llt_fix_template raw
    cdef llt_fix_builder *build_raw
    cdef llt_cpu_path chosen
    cdef bytes text
    cdef llt_fix_piece *pieces
    cdef llt_fix_value *values
    cdef tuple tags

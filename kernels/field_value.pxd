"""A field of a record as a Python value: a function for each kind and width, and the short texts that it held."""

from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF, Py_XINCREF
from libc.stddef cimport size_t
from libc.stdint cimport int8_t, int16_t, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy


cdef extern from "llt_codec.h" nogil:
    uint64_t llt_codec_number(const unsigned char *at, size_t size, bint big)


# With references as they are: Cython would count each value up and down on its way into a tuple.
cdef extern from "Python.h":
    PyObject *PyLong_FromLong(long number)
    PyObject *PyLong_FromUnsignedLongLong(unsigned long long number)
    PyObject *PyBool_FromLong(long number)
    PyObject *PyFloat_FromDouble(double number)
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *text, Py_ssize_t size)


cdef struct FieldValue

# The value of the field at `at`: a new reference; NULL with the error set.
ctypedef PyObject *(*Make)(const unsigned char *at, const FieldValue *field) noexcept


cdef struct Text:
    # One that a field held: its bytes as a number, and the object that was given out, of which a reference is held.
    uint64_t key
    PyObject *text


cdef enum:
    TEXT_BITS = 6  # of the number of texts that a field remembers
    MAX_TEXT = 8  # bytes of one that is remembered


cdef struct FieldValue:
    Make make
    size_t wire  # the offset
    size_t size
    bint big
    char kind  # of the dtype
    Text *seen  # NULL for what is no short text


cdef inline PyObject *_unsigned_1(const unsigned char *at, const FieldValue *_field) noexcept:
    return PyLong_FromLong(at[0])


cdef inline PyObject *_unsigned_2(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromLong(<long>llt_codec_number(at, 2, field.big))


cdef inline PyObject *_unsigned_4(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromLong(<long>llt_codec_number(at, 4, field.big))


cdef inline PyObject *_unsigned_8(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromUnsignedLongLong(llt_codec_number(at, 8, field.big))


cdef inline PyObject *_signed_1(const unsigned char *at, const FieldValue *_field) noexcept:
    return PyLong_FromLong(<int8_t>at[0])


cdef inline PyObject *_signed_2(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromLong(<int16_t>llt_codec_number(at, 2, field.big))


cdef inline PyObject *_signed_4(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromLong(<int32_t>llt_codec_number(at, 4, field.big))


cdef inline PyObject *_signed_8(const unsigned char *at, const FieldValue *field) noexcept:
    return PyLong_FromLong(<int64_t>llt_codec_number(at, 8, field.big))


cdef inline PyObject *_bool(const unsigned char *at, const FieldValue *_field) noexcept:
    return PyBool_FromLong(at[0] != 0)


cdef inline PyObject *_float_4(const unsigned char *at, const FieldValue *field) noexcept:
    cdef uint32_t bits = <uint32_t>llt_codec_number(at, 4, field.big)
    cdef float number
    memcpy(&number, &bits, sizeof(number))
    return PyFloat_FromDouble(number)


cdef inline PyObject *_float_8(const unsigned char *at, const FieldValue *field) noexcept:
    cdef uint64_t bits = llt_codec_number(at, 8, field.big)
    cdef double number
    memcpy(&number, &bits, sizeof(number))
    return PyFloat_FromDouble(number)


cdef inline PyObject *_text(const unsigned char *at, const FieldValue *field) noexcept:
    cdef size_t size = field.size
    while field.kind == c"S" and size > 0 and at[size - 1] == 0:
        size -= 1
    return new_bytes(<const char *>at, size)


cdef inline PyObject *_short_text(const unsigned char *at, const FieldValue *field) noexcept:
    # Symbols come again and again: a short text is looked up before one is made.
    cdef Text *seen
    cdef PyObject *made
    cdef uint64_t key = 0
    cdef size_t byte
    for byte in range(field.size):
        key = key << 8 | at[byte]
    seen = &field.seen[key * <uint64_t>0x9e3779b97f4a7c15 >> 64 - TEXT_BITS]
    if seen.key != key or seen.text is NULL:
        made = _text(at, field)
        if made is NULL:
            return NULL
        Py_XDECREF(seen.text)
        seen.key = key
        seen.text = made
    Py_XINCREF(seen.text)
    return seen.text


cdef inline Make _make_of(char kind, size_t size) noexcept:
    if kind == c"b":
        return _bool
    if kind == c"f":
        return _float_4 if size == 4 else _float_8
    if kind == c"u":
        return _unsigned_1 if size == 1 else _unsigned_2 if size == 2 else _unsigned_4 if size == 4 else _unsigned_8
    if kind == c"i":
        return _signed_1 if size == 1 else _signed_2 if size == 2 else _signed_4 if size == 4 else _signed_8
    return _short_text if 1 < size <= MAX_TEXT else _text  # CPython keeps those of one byte itself


cdef inline int set_field_value(
        FieldValue *field, char kind, size_t size, bint big, size_t wire) except -1:
    """Set a zeroed ``field``; to be given to :func:`clear_field_value` once. MemoryError."""
    field.make = _make_of(kind, size)
    field.wire = wire
    field.size = size
    field.big = big
    field.kind = kind
    if field.make is _short_text:
        field.seen = <Text *>calloc(1 << TEXT_BITS, sizeof(Text))
        if field.seen is NULL:
            raise MemoryError("no memory for the texts of a field")
    return 0


cdef inline void clear_field_value(const FieldValue *field) noexcept:
    cdef size_t at
    if field.seen is not NULL:
        for at in range(1 << TEXT_BITS):
            Py_XDECREF(field.seen[at].text)
        free(field.seen)

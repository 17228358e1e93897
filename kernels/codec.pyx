"""Binary records of any declared layout: one to Python values and back, many to NumPy arrays and back.

How records are checked and moved: ``include/llt_codec.h``. Chapter 5.6.1, whose own message is :mod:`message`.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_New
from libc.stdint cimport int64_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from lltool.kernels.field_value cimport FieldValue, clear_field_value, set_field_value

cdef enum:
    MAX_BYTES = 1 << 16


cdef object _field(object dtype, str name):
    """The dtype and offset of a field of a kind that a record of the wire can have."""
    field, offset = dtype.fields[name][:2]
    if field.shape or field.kind not in "iufbSV" or field.names or (field.kind == "f" and field.itemsize not in (4, 8)):
        raise ValueError(
            f"field {name!r} of type {field}: integers, bool, float32, float64 and bytes can be in a layout")
    if field.itemsize == 0:
        raise ValueError(f"field {name!r} has no bytes")
    return field, offset


cdef extern from "Python.h":
    void put_new "PyTuple_SET_ITEM"(tuple whole, Py_ssize_t at, PyObject *value)


cdef inline object _decode(Layout layout, const unsigned char *text, Py_ssize_t size, Py_ssize_t offset):
    cdef const unsigned char *record = text + offset
    cdef const FieldValue *field = layout.values
    cdef size_t at
    cdef tuple found
    cdef PyObject *made
    if (offset < 0 or offset > size or <size_t>(size - offset) < layout.raw.wire_size
            or llt_codec_check(&layout.raw, record) != layout.raw.expectation_count):
        layout.refuse(text, size, offset)
    found = PyTuple_New(layout.raw.field_count)
    for at in range(layout.raw.field_count):
        made = field[at].make(record + field[at].wire, &field[at])
        if made is NULL:
            raise MemoryError(f"no memory for field {layout.names[at]!r}")
        put_new(found, at, made)
    return found


cdef object _number(uint64_t bits, size_t size, bint signed):
    """Bytes read as an unsigned number, as the signed one that they may be."""
    cdef unsigned spare = <unsigned>(64 - 8 * size)
    return <int64_t>(bits << spare) >> spare if signed else bits


cdef int _put(unsigned char *record, const FieldValue *value, str name, object given) except -1:
    cdef uint64_t number
    cdef uint32_t bits
    cdef float single
    cdef double real
    if value.kind == c"S" or value.kind == c"V":
        text = bytes(given)
        if <size_t>len(text) > value.size or (value.kind == c"V" and <size_t>len(text) != value.size):
            raise ValueError(f"field {name!r}: {len(text)} bytes, it has {value.size}")
        memcpy(record + value.wire, PyBytes_AS_STRING(text), len(text))
        return 0
    if value.kind == c"f":
        real = given
        memcpy(&number, &real, sizeof(double))
        if value.size == sizeof(float):
            single = <float>real
            memcpy(&bits, &single, sizeof(float))
            number = bits
    else:
        bit_count = 8 * value.size
        lowest, highest = (-(1 << bit_count - 1), 1 << bit_count - 1) if value.kind == c"i" else (0, 1 << bit_count)
        if value.kind == c"b":
            highest = 2
        if not lowest <= given < highest:
            raise OverflowError(f"field {name!r}: {given} is not between {lowest} and {highest - 1}")
        number = <uint64_t>(given & 0xffffffffffffffff)
    llt_codec_put(record + value.wire, value.size, value.big, number)
    return 0


@cython.final
cdef class Layout:
    """A record of ``size`` bytes with the fields of a structured NumPy ``dtype``, at its offsets, in its byte orders.

    ``expect`` names integer fields that hold certain values only, the type or version of a message:
    ``{"type": (65, 70), "version": 3}``. Whatever else they hold is refused, and so is a bool that is neither 0 nor 1.
    ``fields`` are those to read, in that order; all of them unless named. The layout is then for reading only.

    ``native`` is the dtype of decoded records: the same fields, packed, in the host's byte order. A layout may be
    used by several threads.

    Raises ValueError for a dtype without fields, of more than 65536 bytes or with a field that is no integer, bool,
    float32, float64 or bytes, for fields that are not there, and for expected values that do not fit.
    """

    def __cinit__(self, dtype, expect=(), fields=None):
        import numpy as np

        self.dtype = np.dtype(dtype)
        if not self.dtype.names or self.dtype.itemsize > MAX_BYTES:
            raise ValueError(f"dtype {self.dtype}: a layout has named fields and at most {MAX_BYTES} bytes")
        self.names = self.dtype.names if fields is None else tuple(fields)
        if not self.names or len(set(self.names)) != len(self.names) or not set(self.names) <= set(self.dtype.names):
            raise ValueError(f"fields {list(self.names)}: each of {list(self.dtype.names)} may be named once")
        self.whole = set(self.names) == set(self.dtype.names)
        self.native = np.dtype(
            [(name, _field(self.dtype, name)[0].newbyteorder("=")) for name in self.names])
        self.size = self.raw.wire_size = self.dtype.itemsize
        self.raw.host_size = self.native.itemsize
        self.add_fields()
        self.add_expectations(dict(expect))

    def __dealloc__(self):
        cdef size_t at
        if self.values is not NULL:
            for at in range(<size_t>len(self.names)):
                clear_field_value(&self.values[at])
        free(self.fields)
        free(self.expectations)
        free(self.expected)
        free(self.values)

    cdef int add_fields(self) except -1:
        cdef size_t at
        import sys

        self.fields = <llt_codec_field *>calloc(len(self.names), sizeof(llt_codec_field))
        self.values = <FieldValue *>calloc(len(self.names), sizeof(FieldValue))
        if self.fields is NULL or self.values is NULL:
            raise MemoryError(f"no memory for a layout of {len(self.names)} fields")
        for at in range(<size_t>len(self.names)):
            field, offset = _field(self.dtype, self.names[at])
            host = self.native.fields[self.names[at]][1]
            big = _is_big(field)
            set_field_value(&self.values[at], ord(field.kind), field.itemsize, _is_big(field), offset)
            self.fields[at] = llt_codec_field(
                offset, host, field.itemsize,
                field.kind in "iuf" and field.itemsize > 1 and big != (sys.byteorder == "big"))
        self.raw.fields = self.fields
        self.raw.field_count = len(self.names)
        return 0

    cdef int add_expectations(self, dict expect) except -1:
        cdef size_t at, filled = 0
        for name in self.dtype.names:
            if self.dtype.fields[name][0].kind == "b":
                expect.setdefault(name, (0, 1))
        self.checked = tuple(expect)
        wanted = {}
        for name, values in expect.items():
            if name not in self.dtype.fields or _field(self.dtype, name)[0].kind not in "iub":
                raise ValueError(f"field {name!r}: no integer of {list(self.dtype.names)}, so it cannot be expected")
            field = self.dtype.fields[name][0]
            values = tuple(values) if hasattr(values, "__iter__") else (values,)
            span = 1 << 8 * field.itemsize
            lowest = -(span >> 1) if field.kind == "i" else 0
            if not values or not all(lowest <= value < lowest + span for value in values):
                raise ValueError(f"field {name!r} of type {field} cannot hold {values}")
            wanted[name] = [value % span for value in values]
        self.expectations = <llt_codec_expectation *>calloc(len(wanted) + 1, sizeof(llt_codec_expectation))
        self.expected = <uint64_t *>calloc(sum(map(len, wanted.values())) + 1, sizeof(uint64_t))
        if self.expectations is NULL or self.expected is NULL:
            raise MemoryError(f"no memory for {len(wanted)} expectations")
        for at in range(<size_t>len(self.checked)):
            field, offset = self.dtype.fields[self.checked[at]][:2]
            values = wanted[self.checked[at]]
            self.expectations[at] = llt_codec_expectation(
                offset, field.itemsize, _is_big(field), len(values), self.expected + filled)
            for value in values:
                self.expected[filled] = value
                filled += 1
        self.raw.expectations = self.expectations
        self.raw.expectation_count = len(self.checked)
        return 0

    cdef object disappointment(self, const unsigned char *record):
        cdef size_t at = llt_codec_check(&self.raw, record)
        cdef const llt_codec_expectation *missed = &self.expectations[at]
        cdef size_t one
        cdef bint signed = self.dtype.fields[self.checked[at]][0].kind == "i"
        wanted = [_number(missed.values[one], missed.size, signed) for one in range(missed.count)]
        found = _number(llt_codec_number(record + missed.wire, missed.size, missed.big), missed.size, signed)
        return f"field {self.checked[at]!r} is {found}, not {' or '.join(map(str, wanted))}"

    def check(self, buffer):
        """How many good records follow one another from the start of ``buffer``, and the first other one's offset.

        The offset is None when all are good. The GIL is released.
        """
        cdef Py_buffer view
        cdef size_t good
        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            with nogil:
                good = llt_codec_check_many(
                    &self.raw, <const unsigned char *>view.buf, <size_t>view.len // self.raw.wire_size)
            return good, None if good * self.raw.wire_size == <size_t>view.len else good * self.raw.wire_size
        finally:
            PyBuffer_Release(&view)

    @cython.binding(False)
    def decode(self, buffer, Py_ssize_t offset=0, /):
        """Values of the record at ``offset`` of ``buffer`` (bytes-like): a tuple in the order of ``names``.

        Bytes of kind S come without the zeros at their end, those of kind V whole.

        Raises ValueError when the offset is negative, the rest is too short, or a field is not as expected.
        """
        if PyBytes_CheckExact(buffer):
            return _decode(
                self, <const unsigned char *>PyBytes_AS_STRING(buffer), PyBytes_GET_SIZE(buffer), offset)
        return self.decode_viewed(buffer, offset)

    cdef object decode_viewed(self, object buffer, Py_ssize_t offset):
        cdef Py_buffer view
        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            return _decode(self, <const unsigned char *>view.buf, view.len, offset)
        finally:
            PyBuffer_Release(&view)

    cdef int refuse(self, const unsigned char *text, Py_ssize_t size, Py_ssize_t offset) except -1:
        if offset < 0 or offset > size:
            raise ValueError(f"offset {offset}: outside a buffer of {size} bytes")
        if <size_t>(size - offset) < self.raw.wire_size:
            raise ValueError(f"offset {offset}: {size - offset} bytes left, a record has {self.size}")
        raise ValueError(f"offset {offset}: {self.disappointment(text + offset)}")

    def decode_many(self, buffer):
        """All records of ``buffer``: an array of ``native``; the GIL is released.

        Raises ValueError when a record is cut short or a field not as expected, with the record's number (from 0).
        """
        cdef Py_buffer view, host_view
        cdef size_t count, good
        import numpy as np

        PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
        try:
            count = <size_t>view.len // self.raw.wire_size
            if count * self.raw.wire_size != <size_t>view.len:
                raise ValueError(
                    f"record {count}: {<size_t>view.len - count * self.raw.wire_size} bytes left, a record has "
                    f"{self.size}")
            found = np.empty(count, self.native)
            PyObject_GetBuffer(found, &host_view, PyBUF_WRITABLE)
            with nogil:
                good = llt_codec_check_many(&self.raw, <const unsigned char *>view.buf, count)
                if good == count:
                    llt_codec_decode(
                        &self.raw, <const unsigned char *>view.buf, <unsigned char *>host_view.buf, count)
            PyBuffer_Release(&host_view)
            if good != count:
                raise ValueError(
                    f"record {good}: "
                    f"{self.disappointment(<const unsigned char *>view.buf + good * self.raw.wire_size)}")
            return found
        finally:
            PyBuffer_Release(&view)

    def encode(self, *values):
        """Bytes of a record of ``values``, one a field in the order of ``names``; gaps between fields are zero.

        Raises ValueError for another number of values, bytes that do not fit and a value that is not expected,
        OverflowError for a number that does not fit its field.
        """
        cdef size_t at
        cdef unsigned char *record
        _check_whole(self)
        if <size_t>len(values) != self.raw.field_count:
            raise ValueError(f"{len(values)} values for {self.raw.field_count} fields")
        made = PyBytes_FromStringAndSize(NULL, self.raw.wire_size)
        record = <unsigned char *>PyBytes_AS_STRING(made)
        memset(record, 0, self.raw.wire_size)
        for at in range(self.raw.field_count):
            _put(record, &self.values[at], self.names[at], values[at])
        if llt_codec_check(&self.raw, record) != self.raw.expectation_count:
            raise ValueError(self.disappointment(record))
        return made

    def encode_many(self, records):
        """Bytes of an array of ``native``, one record behind the other; the GIL is released.

        Raises ValueError for an array of another type, and for a field not as expected with the record's number.
        """
        cdef Py_buffer view
        cdef unsigned char *wire
        cdef size_t count, good
        import numpy as np

        _check_whole(self)
        array = np.ascontiguousarray(records)
        if array.dtype != self.native or array.ndim != 1:
            raise ValueError(
                f"{array.ndim}-dimensional records of type {array.dtype}: a row of {self.native} is wanted")
        count = len(array)
        made = PyBytes_FromStringAndSize(NULL, count * self.raw.wire_size)
        wire = <unsigned char *>PyBytes_AS_STRING(made)
        PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
        with nogil:
            memset(wire, 0, count * self.raw.wire_size)
            llt_codec_encode(&self.raw, <const unsigned char *>view.buf, wire, count)
            good = llt_codec_check_many(&self.raw, wire, count)
        PyBuffer_Release(&view)
        if good != count:
            raise ValueError(f"record {good}: {self.disappointment(wire + good * self.raw.wire_size)}")
        return made

    def __repr__(self):
        return f"<Layout of {self.size} bytes: {', '.join(self.names)}>"


cdef bint _is_big(object field):
    import sys

    return field.byteorder == ">" or (field.byteorder == "=" and sys.byteorder == "big")


cdef int _check_whole(Layout layout) except -1:
    if not layout.whole:
        raise ValueError(f"fields {list(layout.names)} are not all of {list(layout.dtype.names)}: for reading only")
    return 0

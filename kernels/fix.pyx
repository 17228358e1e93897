"""FIX 4.4: messages framed out of a stream, validated and read in place; messages built from templates.

A field wanted from a message, or a slot of a template, is TEXT (bytes), INTEGER (int) or DECIMAL (int, in units of
1 / SCALE).

What is refused, and how reading goes on after it: ``include/llt_fix.h``. Building: ``include/llt_fix_build.h``.
Chapter 5.6.2.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.long cimport PyLong_FromLongLong
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from lltool.kernels.cpu cimport llt_cpu_name, path_named

SCALE = 100_000_000
TEXT = LLT_FIX_TEXT
INTEGER = LLT_FIX_INTEGER
DECIMAL = LLT_FIX_DECIMAL

cdef enum:
    ROOM = 64


cdef str _what(llt_fix_status status):
    return {
        LLT_FIX_PARTIAL: "the message is not complete",
        LLT_FIX_BEGIN: "a message starts with 8=FIX.4.4 and 9=",
        LLT_FIX_BODY_LENGTH: "BodyLength is no number, or no trailer is where it leads",
        LLT_FIX_CHECKSUM: "CheckSum is not the sum of the bytes before it as three digits",
        LLT_FIX_TAG: "no tag, or one that may not stand here",
        LLT_FIX_VALUE: "an empty value",
        LLT_FIX_DATA: "a data field whose length does not stand before it, or does not fit",
    }[status]


@cython.final
cdef class Fields:
    """Room for the fields of a message, which grows; what the last message had is the guess for the next."""

    def __cinit__(self):
        self.reserve(ROOM)

    def __dealloc__(self):
        free(self.raw.tags)
        free(self.raw.guesses)

    cdef int reserve(self, size_t size) except -1:
        """Room for any message of ``size`` bytes."""
        cdef size_t room = 2 * LLT_FIX_ROOM_FOR(size)
        if self.raw.room >= LLT_FIX_ROOM_FOR(size):
            return 0
        free(self.raw.tags)
        free(self.raw.guesses)
        self.raw.room = 0
        self.raw.tags = <uint32_t *>malloc(3 * room * sizeof(uint32_t))
        self.raw.guesses = <llt_fix_guess *>malloc(room * sizeof(llt_fix_guess))
        if self.raw.tags is NULL or self.raw.guesses is NULL:
            raise MemoryError(f"no memory for {room} fields")
        self.raw.begins = self.raw.tags + room
        self.raw.ends = self.raw.begins + room
        self.raw.room = room
        llt_fix_fields_start(&self.raw)
        return 0


@cython.final
cdef class Message:
    """A valid message. Values are read where they lie; prices and quantities are integers in units of 1 / SCALE.

    Fields come in the order received, 8, 9 and 10 included; with a repeated tag the first is meant, see :meth:`group`.
    """

    def __dealloc__(self):
        free(self.raw.tags)

    cdef size_t found(self, tag) except? 0:
        cdef size_t at
        if not 0 < tag < 1 << 32:
            raise KeyError(tag)
        at = llt_fix_find(&self.raw, 0, tag)
        if at == self.raw.count:
            raise KeyError(tag)
        return at

    def __len__(self):
        return self.raw.count

    def __contains__(self, tag):
        return 0 < tag < 1 << 32 and llt_fix_find(&self.raw, 0, tag) < self.raw.count

    def __bytes__(self):
        return self.owner

    def __getitem__(self, tag):
        """Value of the first field of this tag, as bytes. Raises KeyError when there is none."""
        cdef size_t field = self.found(tag)
        return self.text[self.raw.begins[field]:self.raw.ends[field]]

    def view(self, tag):
        """The same without a copy: a memoryview of the message."""
        cdef size_t field = self.found(tag)
        return memoryview(self.owner)[self.raw.begins[field]:self.raw.ends[field]]

    def decimal(self, tag):
        """Value in units of 1 / SCALE. Raises KeyError, and ValueError for what is no such number or does not fit."""
        cdef int64_t value
        if not llt_fix_decimal(self.text, &self.raw, self.found(tag), &value):
            raise ValueError(f"field {tag}: {self[tag]!r} is no number of at most 8 places that fits")
        return value

    def integer(self, tag):
        """Value as a whole number. Raises KeyError, and ValueError for what is none or does not fit 64 bits."""
        cdef int64_t value
        if not llt_fix_integer(self.text, &self.raw, self.found(tag), &value):
            raise ValueError(f"field {tag}: {self[tag]!r} is no whole number of 64 bits")
        return value

    def items(self):
        """List of (tag, value) in the order received."""
        cdef size_t at
        return [
            (self.raw.tags[at], self.text[self.raw.begins[at]:self.raw.ends[at]])
            for at in range(self.raw.count)
        ]

    def group(self, counter, members):
        """Entries of the repeating group that ``counter`` (NoMDEntries, 268) announces: lists of (tag, value).

        ``members`` are the tags that belong to an entry, nested groups' included; the first of them starts each entry,
        and a field with any other tag ends the group. Absent counter: no entries.

        Raises ValueError when another number of entries follows, or the first field is not ``members[0]``.
        """
        cdef size_t at = llt_fix_find(&self.raw, 0, counter)
        if at == self.raw.count:
            return []
        wanted = self.integer(counter)
        known = frozenset(members)
        entries = []
        for tag, value in self.items()[at + 1:]:
            if tag not in known:
                break
            if tag == members[0]:
                entries.append([])
            elif not entries:
                raise ValueError(f"group {counter}: entries start with {members[0]}, not {tag}")
            entries[len(entries) - 1].append((tag, value))
        if len(entries) != wanted:
            raise ValueError(f"group {counter}: {wanted} entries announced, {len(entries)} found")
        return entries

    def __repr__(self):
        return f"<Message {self.owner!r}>"


@cython.final
cdef class Framer:
    """Takes a byte stream as it arrives, gives the messages in it; ``path`` is the CPU's widest unless named.

    What is no valid message is skipped: counted in ``skipped_bytes``, the reason kept in ``last_refusal``.
    """

    def __cinit__(self, path=None):
        self.chosen = path_named(path)
        self.parse_raw = llt_fix_parser_of(self.chosen)
        self.pending = bytearray()
        self.fields = Fields()

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()

    @property
    def pending_bytes(self):
        """Bytes of a message that is not complete yet."""
        return len(self.pending) - self.taken

    def feed(self, data):
        """Append what arrived (bytes-like); returns the list of messages that are complete now."""
        self.pending += data
        messages = []
        while (message := self._next()) is not None:
            messages.append(message)
        if self.taken:
            del self.pending[:self.taken]
            self.taken = 0
        return messages

    def _next(self):
        cdef const unsigned char *text
        cdef size_t size, total, position
        cdef llt_fix_status status
        while self.taken < <size_t>len(self.pending):
            text = <const unsigned char *>PyByteArray_AS_STRING(self.pending) + self.taken
            size = len(self.pending) - self.taken
            status = self.parse_raw(text, size, &self.fields.raw, &total, &position)
            if status == LLT_FIX_PARTIAL:
                return None
            if status == LLT_FIX_ROOM:
                self.fields.reserve(total)
                continue
            self.taken += total
            if status == LLT_FIX_OK:
                return _message(text, total, &self.fields.raw)
            self.skipped_bytes += total
            self.last_refusal = f"offset {position}: {_what(status)}: {text[:min(total, <size_t>80)]!r}"
        return None


cdef Message _message(const unsigned char *text, size_t total, const llt_fix_fields *fields):
    cdef Message message = Message.__new__(Message)
    cdef size_t count = fields.count
    message.owner = text[:total]
    message.text = <const unsigned char *>PyBytes_AS_STRING(message.owner)
    message.size = total
    message.raw.tags = <uint32_t *>malloc(3 * count * sizeof(uint32_t))
    if message.raw.tags is NULL:
        raise MemoryError(f"no memory for {count} fields")
    message.raw.begins = message.raw.tags + count
    message.raw.ends = message.raw.begins + count
    message.raw.room = message.raw.count = count
    memcpy(message.raw.tags, fields.tags, count * sizeof(uint32_t))
    memcpy(message.raw.begins, fields.begins, count * sizeof(uint32_t))
    memcpy(message.raw.ends, fields.ends, count * sizeof(uint32_t))
    return message


cdef int _parse_whole(llt_fix_parser *parse_raw, bytes text, Fields fields) except -1:
    """Fill ``fields`` with those of the one message that ``text`` is."""
    cdef size_t size = PyBytes_GET_SIZE(text), total, position
    cdef llt_fix_status status
    fields.reserve(size)
    status = parse_raw(<const unsigned char *>PyBytes_AS_STRING(text), size, &fields.raw, &total, &position)
    if status != LLT_FIX_OK:
        raise ValueError(f"offset {size if status == LLT_FIX_PARTIAL else position}: {_what(status)}")
    if total != size:
        raise ValueError(f"offset {total}: {size - total} bytes behind the message")
    return 0


def parse(text, path=None):
    """Return the one :class:`Message` that ``text`` (bytes-like) is.

    Raises ValueError with the offset and what is wrong there, also for bytes behind the message.
    """
    cdef bytes data = bytes(text)
    cdef Fields fields = Fields()
    _parse_whole(llt_fix_parser_of(path_named(path)), data, fields)
    return _message(<const unsigned char *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), &fields.raw)


@cython.final
cdef class Reader:
    """Reads the same fields of many messages: ``fields`` is (tag, TEXT, INTEGER or DECIMAL) for each.

    Raises ValueError for a tag that is not 1..99999999 and for another kind. One thread uses a reader at a time.
    """

    def __cinit__(self, fields, path=None):
        cdef size_t at
        fields = tuple(fields)
        self.wanted = len(fields)
        self.chosen = path_named(path)
        self.parse_raw = llt_fix_parser_of(self.chosen)
        self.fields = Fields()
        self.tags = <uint32_t *>malloc((self.wanted + 1) * sizeof(uint32_t))
        self.kinds = <llt_fix_kind *>malloc((self.wanted + 1) * sizeof(llt_fix_kind))
        self.places = <size_t *>malloc((self.wanted + 1) * sizeof(size_t))
        if self.tags is NULL or self.kinds is NULL or self.places is NULL:
            raise MemoryError(f"no memory for {self.wanted} fields")
        for at in range(self.wanted):
            tag, kind = fields[at]
            if not 0 < tag < 100_000_000 or kind not in (TEXT, INTEGER, DECIMAL):
                raise ValueError(f"field {tag} of kind {kind}: a tag, and TEXT, INTEGER or DECIMAL are wanted")
            self.tags[at] = tag
            self.kinds[at] = kind
            self.places[at] = 0

    def __dealloc__(self):
        free(self.tags)
        free(self.kinds)
        free(self.places)

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()

    def read(self, bytes text not None):
        """Return a tuple of the fields' values in the message that ``text`` is; None for one that is not there.

        With a repeated tag the first is meant.

        Raises ValueError as :func:`parse` does, and for a value that is no such number.
        """
        cdef const unsigned char *raw = <const unsigned char *>PyBytes_AS_STRING(text)
        cdef llt_fix_fields *fields = &self.fields.raw
        cdef size_t at, field
        cdef object value
        _parse_whole(self.parse_raw, text, self.fields)
        cdef tuple found = PyTuple_New(self.wanted)
        for at in range(self.wanted):
            field = llt_fix_find(fields, 0, self.tags[at])
            value = None if field == fields.count else _value(raw, fields, field, self.kinds[at])
            Py_INCREF(value)
            PyTuple_SET_ITEM(found, at, value)
        return found


cdef object _value(const unsigned char *text, const llt_fix_fields *fields, size_t field, llt_fix_kind kind):
    cdef int64_t number
    cdef bytes value
    if kind == LLT_FIX_TEXT:
        return PyBytes_FromStringAndSize(
            <const char *>text + fields.begins[field], fields.ends[field] - fields.begins[field])
    if (llt_fix_decimal(text, fields, field, &number) if kind == LLT_FIX_DECIMAL
            else llt_fix_integer(text, fields, field, &number)):
        return PyLong_FromLongLong(number)
    value = text[fields.begins[field]:fields.ends[field]]
    raise ValueError(f"field {fields.tags[field]}: {value!r} is no number of its kind that fits")


@cython.final
cdef class Template:
    """A message with slots. ``fields`` is (tag, value) in order from 35 on.

    A value of None or TEXT is a slot for bytes, INTEGER and DECIMAL one for a number, which is written in place without
    needless zeros. 8, 9 and 10 are written by :meth:`build`. A data field is given with its length field before it,
    like any other. One thread uses a template at a time.

    Raises ValueError for tags that are not 1..99999999, are 8, 9 or 10, for empty values and values with SOH, and
    when the first is not 35.
    """

    def __cinit__(self, fields, path=None):
        cdef size_t at, offset = 0
        texts, kinds, tags, text = [], [], [], b""
        for tag, value in fields:
            if not 0 < tag < 100_000_000 or tag in (8, 9, 10):
                raise ValueError(f"field {tag}: not a tag of a body")
            kind = TEXT if value is None else value
            if isinstance(kind, int):
                if kind not in (TEXT, INTEGER, DECIMAL):
                    raise ValueError(f"field {tag}: a slot is TEXT, INTEGER or DECIMAL, not {kind}")
                texts.append(text + b"%d=" % tag)
                text = b"\x01"
                kinds.append(kind)
                tags.append(tag)
            else:
                _checked(tag, value)
                text += b"%d=%b\x01" % (tag, value)
        texts.append(text)
        if not texts[0].startswith(b"35="):
            raise ValueError("a body starts with 35 (MsgType)")
        self.tags = tuple(tags)
        self.chosen = path_named(path)
        self.build_raw = llt_fix_builder_of(self.chosen)
        self.pieces = <llt_fix_piece *>malloc(len(texts) * sizeof(llt_fix_piece))
        self.values = <llt_fix_value *>malloc(len(texts) * sizeof(llt_fix_value))
        if self.pieces is NULL or self.values is NULL:
            raise MemoryError(f"no memory for a template of {len(texts)} pieces")
        blocks = [text.ljust(-(-len(text) // LLT_FIX_BLOCK) * LLT_FIX_BLOCK) for text in texts]
        self.text = b"".join(blocks)
        for at in range(<size_t>len(texts)):
            self.pieces[at] = llt_fix_piece(
                <const unsigned char *>PyBytes_AS_STRING(self.text) + offset, len(texts[at]),
                kinds[at] if at < <size_t>len(kinds) else LLT_FIX_TEXT)
            offset += len(blocks[at])
        self.raw.pieces = self.pieces
        self.raw.slots = len(tags)
        self.raw.sum = sum(map(sum, texts))

    def __dealloc__(self):
        free(self.pieces)
        free(self.values)

    @property
    def slots(self):
        """Tags of the slots, in order."""
        return self.tags

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()

    def build(self, *values):
        """Return the whole message with ``values`` (bytes, int for a number's slot) in the slots.

        Raises ValueError for another number of values, an empty one or one with SOH; SOH may be in data, which is
        what follows its length field and is as long as that says. Raises TypeError for a value of another type,
        OverflowError for a number of more than 64 bits.
        """
        cdef size_t at, size = 0, room = LLT_FIX_HEADER + LLT_FIX_BEHIND + PyBytes_GET_SIZE(self.text)
        cdef unsigned char *start
        cdef bytes value
        if <size_t>len(values) != self.raw.slots:
            raise ValueError(f"{len(values)} values for {self.raw.slots} slots")
        for at in range(self.raw.slots):
            if self.pieces[at].kind == LLT_FIX_TEXT:
                value = values[at]
                _checked(self.tags[at], value)
                self.values[at].text = <const unsigned char *>PyBytes_AS_STRING(value)
                self.values[at].size = PyBytes_GET_SIZE(value)
                room += PyBytes_GET_SIZE(value)
            else:
                self.values[at].number = values[at]
                room += LLT_DECIMAL_LONGEST
        out = PyBytes_FromStringAndSize(NULL, room)
        start = self.build_raw(&self.raw, self.values, <unsigned char *>PyBytes_AS_STRING(out), room, &size)
        if start is NULL:
            raise ValueError("the message is longer than 16 MiB")
        return start[:size]


cdef int _checked(tag, value) except -1:
    """SOH is for data fields only: 96 and its like are not checked, their length field is the caller's."""
    if not value:
        raise ValueError(f"field {tag}: an empty value")
    if b"\x01" in value and tag not in DATA_TAGS:
        raise ValueError(f"field {tag}: SOH ends a value: {value!r}")
    return 0


DATA_TAGS = frozenset({89, 91, 96, 213, 349, 351, 353, 355, 357, 359, 361, 363, 365, 446, 619, 622})


def decimal(int64_t value):
    """Bytes of ``value`` / SCALE without needless zeros: ``b"61837.63"``."""
    cdef unsigned char[LLT_DECIMAL_ROOM] out
    return out[:llt_write_decimal(llt_sixteen_digits, value, out).size]

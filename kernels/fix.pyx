"""FIX 4.4: messages framed out of a stream, validated and read in place; messages built from templates.

What is refused, and how reading goes on after it: ``include/llt_fix.h``. Building: ``include/llt_fix_build.h``.
Chapter 5.6.2.
"""

cimport cython
from cpython.bytearray cimport PyByteArray_AS_STRING
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy

from lltool.kernels.cpu cimport llt_cpu_name, path_named

SCALE = 100_000_000

cdef enum:
    SHORTEST_FIELD = 4
    ROOM = 512
    HEADER_AND_TRAILER = 39


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
cdef class Message:
    """A valid message. Values are read where they lie; prices and quantities are integers in units of 1 / SCALE.

    Fields come in the order received, 8, 9 and 10 included; with a repeated tag the first is meant, see :meth:`group`.
    """

    def __dealloc__(self):
        free(self.fields)

    cdef llt_fix_field *found(self, tag) except NULL:
        cdef size_t at
        if not 0 < tag < 1 << 32:
            raise KeyError(tag)
        at = llt_fix_find(self.fields, self.count, 0, tag)
        if at == self.count:
            raise KeyError(tag)
        return &self.fields[at]

    def __len__(self):
        return self.count

    def __contains__(self, tag):
        return 0 < tag < 1 << 32 and llt_fix_find(self.fields, self.count, 0, tag) < self.count

    def __bytes__(self):
        return self.owner

    def __getitem__(self, tag):
        """Value of the first field of this tag, as bytes. Raises KeyError when there is none."""
        cdef llt_fix_field *field = self.found(tag)
        return self.text[field.offset:field.offset + field.size]

    def view(self, tag):
        """The same without a copy: a memoryview of the message."""
        cdef llt_fix_field *field = self.found(tag)
        return memoryview(self.owner)[field.offset:field.offset + field.size]

    def decimal(self, tag):
        """Value in units of 1 / SCALE. Raises KeyError, and ValueError for what is no such number or does not fit."""
        cdef int64_t value
        if not llt_fix_decimal(self.text, self.found(tag), &value):
            raise ValueError(f"field {tag}: {self[tag]!r} is no number of at most 8 places that fits")
        return value

    def integer(self, tag):
        """Value as a whole number. Raises KeyError, and ValueError for what is none or does not fit 64 bits."""
        cdef int64_t value
        if not llt_fix_integer(self.text, self.found(tag), &value):
            raise ValueError(f"field {tag}: {self[tag]!r} is no whole number of 64 bits")
        return value

    def items(self):
        """List of (tag, value) in the order received."""
        cdef size_t at
        return [
            (self.fields[at].tag, self.text[self.fields[at].offset:self.fields[at].offset + self.fields[at].size])
            for at in range(self.count)
        ]

    def group(self, counter, members):
        """Entries of the repeating group that ``counter`` (NoMDEntries, 268) announces: lists of (tag, value).

        ``members`` are the tags that belong to an entry, nested groups' included; the first of them starts each entry,
        and a field with any other tag ends the group. Absent counter: no entries.

        Raises ValueError when another number of entries follows, or the first field is not ``members[0]``.
        """
        cdef size_t at = llt_fix_find(self.fields, self.count, 0, counter)
        if at == self.count:
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

    def __dealloc__(self):
        free(self.scratch)

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
        cdef size_t size, count, total, position
        cdef llt_fix_status status
        while self.taken < <size_t>len(self.pending):
            text = <const unsigned char *>PyByteArray_AS_STRING(self.pending) + self.taken
            size = len(self.pending) - self.taken
            status = self.parse_raw(text, size, self.scratch, self.room, &count, &total, &position)
            if status == LLT_FIX_PARTIAL:
                return None
            if status == LLT_FIX_ROOM:
                _grow(self, total)
                continue
            self.taken += total
            if status == LLT_FIX_OK:
                return _message(text, total, self.scratch, count)
            self.skipped_bytes += total
            self.last_refusal = f"offset {position}: {_what(status)}: {text[:min(total, <size_t>80)]!r}"
        return None


cdef int _grow(Framer framer, size_t total) except -1:
    cdef size_t room = 2 * (total // SHORTEST_FIELD) + ROOM
    cdef void *scratch = realloc(framer.scratch, room * sizeof(llt_fix_field))
    if scratch is NULL:
        raise MemoryError(f"no memory for {room} fields")
    framer.scratch = <llt_fix_field *>scratch
    framer.room = room
    return 0


cdef Message _message(const unsigned char *text, size_t total, const llt_fix_field *fields, size_t count):
    cdef Message message = Message.__new__(Message)
    message.owner = text[:total]
    message.text = <const unsigned char *>PyBytes_AS_STRING(message.owner)
    message.size = total
    message.fields = <llt_fix_field *>malloc(count * sizeof(llt_fix_field))
    if message.fields is NULL:
        raise MemoryError(f"no memory for {count} fields")
    memcpy(message.fields, fields, count * sizeof(llt_fix_field))
    message.count = count
    return message


def parse(text, path=None):
    """Return the one :class:`Message` that ``text`` (bytes-like) is.

    Raises ValueError with the offset and what is wrong there, also for bytes behind the message.
    """
    cdef Framer framer = Framer(path)
    cdef bytes data = bytes(text)
    cdef const unsigned char *raw = <const unsigned char *>PyBytes_AS_STRING(data)
    cdef size_t size = PyBytes_GET_SIZE(data), count, total, position
    cdef llt_fix_status status
    _grow(framer, size)
    status = framer.parse_raw(raw, size, framer.scratch, framer.room, &count, &total, &position)
    if status != LLT_FIX_OK:
        raise ValueError(f"offset {size if status == LLT_FIX_PARTIAL else position}: {_what(status)}")
    if total != size:
        raise ValueError(f"offset {total}: {size - total} bytes behind the message")
    return _message(raw, total, framer.scratch, count)


@cython.final
cdef class Template:
    """A message with slots. ``fields`` is (tag, value) in order from 35 on; a value of None is a slot.

    8, 9 and 10 are written by :meth:`build`. A data field is given with its length field before it, like any other.

    Raises ValueError for tags that are not 1..99999999, are 8, 9 or 10, for empty values and values with SOH, and
    when the first is not 35.
    """

    def __cinit__(self, fields):
        cdef size_t at
        pieces = []
        piece = b""
        tags = []
        for tag, value in fields:
            if not 0 < tag < 100_000_000 or tag in (8, 9, 10):
                raise ValueError(f"field {tag}: not a tag of a body")
            piece += b"%d=" % tag
            if value is None:
                pieces.append(piece)
                tags.append(tag)
                piece = b"\x01"
            else:
                _checked(tag, value)
                piece += value + b"\x01"
        pieces.append(piece)
        self.pieces = b"".join(pieces)
        if not self.pieces.startswith(b"35="):
            raise ValueError("a body starts with 35 (MsgType)")
        self.tags = tuple(tags)
        self.sizes = <uint32_t *>malloc(len(pieces) * sizeof(uint32_t))
        self.values = <llt_fix_value *>malloc(len(pieces) * sizeof(llt_fix_value))
        if self.sizes is NULL or self.values is NULL:
            raise MemoryError(f"no memory for a template of {len(pieces)} pieces")
        for at in range(<size_t>len(pieces)):
            self.sizes[at] = len(pieces[at])
        self.raw.pieces = <const unsigned char *>PyBytes_AS_STRING(self.pieces)
        self.raw.sizes = self.sizes
        self.raw.slots = len(tags)

    def __dealloc__(self):
        free(self.sizes)
        free(self.values)

    @property
    def slots(self):
        """Tags of the slots, in order."""
        return self.tags

    def build(self, *values):
        """Return the whole message with ``values`` (bytes) in the slots.

        Raises ValueError for another number of values, an empty one or one with SOH; SOH may be in data, which is
        what follows its length field and is as long as that says.
        """
        cdef size_t at, size = 0, room = HEADER_AND_TRAILER + PyBytes_GET_SIZE(self.pieces)
        cdef unsigned char *start
        cdef bytes value
        if <size_t>len(values) != self.raw.slots:
            raise ValueError(f"{len(values)} values for {self.raw.slots} slots")
        for at in range(self.raw.slots):
            value = values[at]
            _checked(self.tags[at], value)
            self.values[at] = llt_fix_value(<const unsigned char *>PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
            room += PyBytes_GET_SIZE(value)
        out = PyBytes_FromStringAndSize(NULL, room)
        start = llt_fix_build(&self.raw, self.values, <unsigned char *>PyBytes_AS_STRING(out), room, &size)
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
    cdef unsigned char out[32]
    return out[:llt_fix_write_decimal(value, out)]

"""The 29-byte market data message, read in place.

Format and loads: ``include/llt_message.h``. Chapter 5.6.1.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

SIZE = LLT_MESSAGE_SIZE
TRADE = LLT_MESSAGE_TRADE
QUOTE = LLT_MESSAGE_QUOTE
PRICE_SCALE = 100_000_000


@cython.final
cdef class Message:
    """The message at ``offset`` of ``buffer`` (bytes-like), checked once and then read in place: nothing is copied.

    The buffer stays exported as long as the message lives: a bytearray cannot be resized, and whoever overwrites
    the bytes changes the fields. ``price`` is an integer in units of 1 / PRICE_SCALE.

    Raises ValueError when the offset is negative, the rest of the buffer is too short, or the type is unknown.
    """

    def __cinit__(self, buffer, offset=0):
        cdef size_t at
        cdef llt_message_status status
        PyObject_GetBuffer(buffer, &self.view, PyBUF_SIMPLE)
        if not 0 <= offset <= self.view.len:
            raise ValueError(f"offset {offset}: outside a buffer of {self.view.len} bytes")
        at = offset
        self.raw = <const unsigned char *>self.view.buf + at
        status = llt_message_check(<const unsigned char *>self.view.buf, <size_t>self.view.len, at)
        if status == LLT_MESSAGE_TRUNCATED:
            raise ValueError(f"offset {at}: {<size_t>self.view.len - at} bytes left, a message has {SIZE}")
        if status == LLT_MESSAGE_UNKNOWN_TYPE:
            raise ValueError(f"offset {at}: message type {self.raw[0]} is neither {TRADE} (trade) nor {QUOTE} (quote)")

    def __dealloc__(self):
        PyBuffer_Release(&self.view)

    @property
    def type(self):
        """TRADE or QUOTE when it was parsed."""
        return llt_message_type(self.raw)

    @property
    def symbol_id(self):
        """Number of the instrument."""
        return llt_message_symbol_id(self.raw)

    @property
    def price(self):
        """Price in units of 1 / PRICE_SCALE."""
        return llt_message_price(self.raw)

    @property
    def quantity(self):
        """Quantity in the sender's units."""
        return llt_message_quantity(self.raw)

    @property
    def timestamp_ns(self):
        """Nanoseconds of the sender's clock."""
        return llt_message_timestamp_ns(self.raw)

    def __repr__(self):
        return (
            f"Message(type={self.type}, symbol_id={self.symbol_id}, price={self.price}, quantity={self.quantity}, "
            f"timestamp_ns={self.timestamp_ns})"
        )


def parse(buffer, offset=0):
    """Return the :class:`Message` at ``offset`` of ``buffer``; its errors are raised here."""
    return Message(buffer, offset)


def parse_many(buffer):
    """Check messages that follow one another from the start of ``buffer``.

    Returns how many good ones there are before the first bad one, and that one's offset, None when all are good.
    Message ``i`` is then at offset ``i * SIZE``.
    """
    cdef Py_buffer view
    cdef size_t count
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        count = llt_message_check_many(<const unsigned char *>view.buf, <size_t>view.len)
        return count, None if count * LLT_MESSAGE_SIZE == <size_t>view.len else count * LLT_MESSAGE_SIZE
    finally:
        PyBuffer_Release(&view)


def pack(type, uint32_t symbol_id, int64_t price, uint64_t quantity, uint64_t timestamp_ns):
    """Return the ``SIZE`` bytes of a message.

    Raises ValueError for a type other than TRADE and QUOTE, OverflowError for a field that does not fit.
    """
    if type != TRADE and type != QUOTE:
        raise ValueError(f"message type {type} is neither {TRADE} (trade) nor {QUOTE} (quote)")
    message = PyBytes_FromStringAndSize(NULL, LLT_MESSAGE_SIZE)
    llt_message_pack(
        <unsigned char *>PyBytes_AS_STRING(message), type, symbol_id, price, quantity, timestamp_ns)
    return message

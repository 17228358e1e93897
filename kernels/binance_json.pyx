"""Binance market data in JSON to typed fixed-point records.

Which messages, and what is refused: ``include/llt_binance.h``. Numbers: ``include/llt_decimal.h``. Chapter 5.4.2.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memcpy

from lltool.kernels.cpu cimport llt_cpu_name, path_named
from lltool.kernels.record_type cimport RecordTypes

DEPTH = LLT_BINANCE_DEPTH
TRADE = LLT_BINANCE_TRADE
TICKER = LLT_BINANCE_TICKER
SNAPSHOT = LLT_BINANCE_SNAPSHOT
SPOT = LLT_BINANCE_SPOT
FUTURES = LLT_BINANCE_FUTURES
SCALE = 100_000_000

cdef RecordTypes _TYPES = RecordTypes(
    __name__,
    LEVEL=([("price", "<i8"), ("quantity", "<i8")], sizeof(llt_binance_level)),
    EVENT=(
        [
            ("event_us", "<i8"), ("transaction_us", "<i8"), ("first_update_id", "<u8"), ("last_update_id", "<u8"),
            ("previous_update_id", "<u8"), ("trade_id", "<u8"), ("price", "<i8"), ("quantity", "<i8"),
            ("bid_price", "<i8"), ("bid_quantity", "<i8"), ("ask_price", "<i8"), ("ask_quantity", "<i8"),
            ("first_level", "<u8"), ("bids", "<u4"), ("asks", "<u4"), ("kind", "u1"), ("market", "u1"),
            ("buyer_is_maker", "?"), ("at_market", "?"), ("reserved", "V4"), ("symbol", "S24"),
        ],
        sizeof(llt_binance_event),
    ),
)


def __getattr__(str name):
    """LEVEL, EVENT: NumPy is loaded by who asks for them."""
    return _TYPES.named(name)


# The shortest level: ["0","0"] and a comma.
cdef enum:
    LEVEL_TEXT = 10
    STAMP_DIGITS = 19


cdef object _refusal(const unsigned char *text, size_t size, size_t position, llt_binance_status status):
    cdef size_t shown = min(size - position, 40)
    what = {
        LLT_BINANCE_TRUNCATED: "the message ends here, in the middle",
        LLT_BINANCE_UNEXPECTED: "not what Binance sends at this place",
        LLT_BINANCE_NUMBER: "no number, more than 8 places, or too large for 64 bits in units of 1e-8",
    }[status]
    return ValueError(f"offset {position}: {what}: {bytes(text[position:position + shown])!r}")


cdef object _levels(Event event, size_t first, size_t count):
    import numpy as np

    level = _TYPES.named("LEVEL")
    if count == 0:
        return np.empty(0, level)
    return np.frombuffer(event, level, count, first * sizeof(llt_binance_level))


@cython.final
cdef class Event:
    """One message. Prices and quantities are integers in units of 1 / SCALE, times microseconds since 1970.

    What a kind of message does not carry is 0. :class:`Parser` makes them.
    """

    def __dealloc__(self):
        free(self.levels)

    @property
    def kind(self):
        """DEPTH, TRADE, TICKER or SNAPSHOT."""
        return self.raw.kind

    @property
    def market(self):
        """SPOT or FUTURES, by the shape of the message."""
        return self.raw.market

    @property
    def symbol(self):
        """Instrument as sent; empty for a snapshot, which names none."""
        return self.raw.symbol.decode()

    @property
    def event_us(self):
        """``E``: when the exchange sent it."""
        return self.raw.event_us

    @property
    def transaction_us(self):
        """``T``: when it happened."""
        return self.raw.transaction_us

    @property
    def first_update_id(self):
        """``U`` of a depth update."""
        return self.raw.first_update_id

    @property
    def last_update_id(self):
        """``u`` of a depth update or best quote, ``lastUpdateId`` of a snapshot."""
        return self.raw.last_update_id

    @property
    def previous_update_id(self):
        """``pu`` of a futures depth update: ``u`` of the one before it."""
        return self.raw.previous_update_id

    @property
    def trade_id(self):
        """``t`` of a trade."""
        return self.raw.trade_id

    @property
    def price(self):
        """Price of a trade."""
        return self.raw.price

    @property
    def quantity(self):
        """Quantity of a trade."""
        return self.raw.quantity

    @property
    def buyer_is_maker(self):
        """``m`` of a trade: the seller was the aggressor."""
        return self.raw.buyer_is_maker != 0

    @property
    def at_market(self):
        """Whether a trade happened in the book; False for futures insurance fund and deleveraging (``X``)."""
        return self.raw.at_market != 0

    @property
    def best_bid(self):
        """(price, quantity) of a best quote."""
        return self.raw.bid_price, self.raw.bid_quantity

    @property
    def best_ask(self):
        """(price, quantity) of a best quote."""
        return self.raw.ask_price, self.raw.ask_quantity

    @property
    def bids(self):
        """Bid levels in the order sent: an array of LEVEL that refers to this event's memory."""
        return _levels(self, 0, self.raw.bids)

    @property
    def asks(self):
        """Ask levels in the order sent."""
        return _levels(self, self.raw.bids, self.raw.asks)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(
            view, self, self.levels, (self.raw.bids + self.raw.asks) * sizeof(llt_binance_level), True, flags)

    def __repr__(self):
        kind = {DEPTH: "DEPTH", TRADE: "TRADE", TICKER: "TICKER", SNAPSHOT: "SNAPSHOT"}[self.raw.kind]
        return f"<Event {kind} {self.symbol} u={self.last_update_id} bids={self.raw.bids} asks={self.raw.asks}>"


@cython.final
cdef class Parser:
    """Reads messages; ``path`` (``"scalar"``, ``"avx2"``) is the widest that this CPU has unless named.

    It keeps room for levels between messages: one thread uses a parser at a time.

    Raises ValueError for a path that is unknown or not of this CPU.
    """

    def __cinit__(self, path=None):
        self.chosen = llt_binance_path(path_named(path))
        self.parse_raw = llt_binance_parser_of(self.chosen)

    def __dealloc__(self):
        free(self.scratch)

    @property
    def path(self):
        """Name of the path that runs."""
        return llt_cpu_name(self.chosen).decode()

    cdef int reserve(self, size_t text_size) except -1:
        """Room for as many levels as so much text can hold."""
        cdef size_t wanted = text_size // LEVEL_TEXT + 1
        cdef void *scratch
        if wanted > self.room:
            wanted += wanted // 2
            scratch = realloc(self.scratch, wanted * sizeof(llt_binance_level))
            if scratch is NULL:
                raise MemoryError(f"no memory for {wanted} levels")
            self.scratch = <llt_binance_level *>scratch
            self.room = wanted
        return 0

    def parse(self, message):
        """Return the :class:`Event` of one ``message`` (bytes-like).

        Raises ValueError with the offset at which the message is not one that Binance sends.
        """
        cdef Py_buffer view
        cdef Event event = Event.__new__(Event)
        cdef llt_binance_status status
        cdef size_t position, size
        PyObject_GetBuffer(message, &view, PyBUF_SIMPLE)
        try:
            self.reserve(<size_t>view.len)
            status = self.parse_raw(
                <const unsigned char *>view.buf, <size_t>view.len, <size_t>view.len, &event.raw, self.scratch,
                self.room, &position)
            if status != LLT_BINANCE_OK:
                raise _refusal(<const unsigned char *>view.buf, <size_t>view.len, position, status)
        finally:
            PyBuffer_Release(&view)
        size = (event.raw.bids + event.raw.asks) * sizeof(llt_binance_level)
        if size:
            event.levels = <llt_binance_level *>malloc(size)
            if event.levels is NULL:
                raise MemoryError(f"no memory for {size} bytes of levels")
            memcpy(event.levels, self.scratch, size)
        return event

    def parse_lines(self, text, stamped=False):
        """Parse one message a line: ``(events, levels)``, arrays of EVENT and LEVEL; the GIL is released.

        The levels of ``events[i]`` start at ``first_level``: ``bids``, then ``asks`` of them. With ``stamped`` each
        line is ``<nanoseconds> <message>``, as recordings are written, and the result is
        ``(events, levels, local_ns)``.

        Raises ValueError with the number of the line (from 1) and the offset in it.
        """
        cdef Py_buffer view, events_view, levels_view, stamps_view
        cdef bint with_stamps = stamped
        cdef size_t lines, done = 0, filled = 0, position = 0, line_offset = 0, size
        cdef llt_binance_status status
        import numpy as np

        PyObject_GetBuffer(text, &view, PyBUF_SIMPLE)
        try:
            size = <size_t>view.len
            with nogil:
                lines = _count_lines(<const unsigned char *>view.buf, size)
            events = np.zeros(lines, _TYPES.named("EVENT"))
            levels = np.empty(size // LEVEL_TEXT + 1, _TYPES.named("LEVEL"))
            stamps = np.zeros(lines if with_stamps else 0, np.int64)
            PyObject_GetBuffer(events, &events_view, PyBUF_WRITABLE)
            PyObject_GetBuffer(levels, &levels_view, PyBUF_WRITABLE)
            PyObject_GetBuffer(stamps, &stamps_view, PyBUF_WRITABLE)
            try:
                with nogil:
                    status = _parse_lines(
                        self.parse_raw, <const unsigned char *>view.buf, size, with_stamps,
                        <llt_binance_event *>events_view.buf, <llt_binance_level *>levels_view.buf,
                        levels_view.len // sizeof(llt_binance_level), <int64_t *>stamps_view.buf, &done, &filled,
                        &line_offset, &position)
            finally:
                PyBuffer_Release(&events_view)
                PyBuffer_Release(&levels_view)
                PyBuffer_Release(&stamps_view)
            if status != LLT_BINANCE_OK:
                refusal = _refusal(
                    <const unsigned char *>view.buf + line_offset,
                    _line_size(<const unsigned char *>view.buf + line_offset, size - line_offset), position, status)
                raise ValueError(f"line {done + 1}: {refusal}")
        finally:
            PyBuffer_Release(&view)
        levels.resize(filled, refcheck=False)
        return (events, levels, stamps) if with_stamps else (events, levels)


cdef size_t _line_size(const unsigned char *text, size_t size) noexcept nogil:
    cdef const void *end = memchr(text, c'\n', size)
    return size if end is NULL else <size_t>(<const unsigned char *>end - text)


cdef size_t _count_lines(const unsigned char *text, size_t size) noexcept nogil:
    cdef size_t offset = 0, lines = 0
    while offset < size:
        offset += _line_size(text + offset, size - offset) + 1
        lines += 1
    return lines


cdef llt_binance_status _parse_lines(
        llt_binance_parser *parse, const unsigned char *text, size_t size, bint stamped, llt_binance_event *events,
        llt_binance_level *levels, size_t room, int64_t *stamps, size_t *done, size_t *filled, size_t *line_offset,
        size_t *position) noexcept nogil:
    cdef size_t offset = 0, line_size, skip, at
    cdef int64_t stamp
    cdef llt_binance_status status
    while offset < size:
        line_size = _line_size(text + offset, size - offset)
        line_offset[0] = offset
        skip = 0
        if stamped:
            stamp = 0
            while skip < line_size and skip < STAMP_DIGITS and c'0' <= text[offset + skip] <= c'9':
                stamp = stamp * 10 + (text[offset + skip] - c'0')
                skip += 1
            if skip == 0 or stamp < 0 or skip == line_size or text[offset + skip] != c' ':
                position[0] = skip
                return LLT_BINANCE_TRUNCATED if skip == line_size else LLT_BINANCE_UNEXPECTED
            skip += 1
            stamps[done[0]] = stamp
        status = parse(
            text + offset + skip, line_size - skip, size - offset - skip, &events[done[0]], levels + filled[0],
            room - filled[0], &at)
        if status != LLT_BINANCE_OK:
            position[0] = skip + at
            return status
        events[done[0]].first_level = filled[0]
        filled[0] += events[done[0]].bids + events[done[0]].asks
        done[0] += 1
        offset += line_size + 1
    return LLT_BINANCE_OK

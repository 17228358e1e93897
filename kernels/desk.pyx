"""Trading desks on JSON market data: from a frame's payload to an order, one thread, no Python in between.

What a desk does with a message: ``include/llt_desk.h``. Chapter 5.9.
"""

from enum import IntEnum

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from lltool.kernels.arch cimport llt_ticks
from lltool.kernels.binance_json cimport LLT_BINANCE_OK, LLT_BINANCE_SNAPSHOT
from lltool.kernels.int128 cimport to_int128
from lltool.kernels.sync cimport llt_sync_invalidate

from lltool.kernels.router import OrderEvent

LOG_TEXTS = (
    "symbol {}: order {} sent, side {}, price {}, quantity {}",
    "symbol {}: an order was kept back, reasons {:#x}, side {}, price {}, quantity {}",
    "symbol {}: order {} filled at {}, quantity {}, execution {}",
    "symbol {}: order {}, event {}",
    "symbol {}: book state {} became {} at update {}",
    "symbol {}: the book at update {} is not what the best prices at update {} say: {}, {}",
)
"""What a desk writes to its log, in the order of the numbers in ``llt_desk.h``; prices and quantities are x 10^8."""

SPANS = (
    "parse", "book", "strategy", "risk", "serialise", "send", "tick_to_update", "tick_to_trade",
)
"""Stages of a depth event and the sums over them, in the order of ``llt_desk.h``."""
assert len(SPANS) == LLT_STAGES

cdef enum:
    LARGEST_MESSAGE = 1 << 21
    MAX_DESKS = 64
    SYMBOL_BYTES = 24


class Outcome(IntEnum):
    """What became of a message."""

    DONE = LLT_DESK_DONE
    SEND = LLT_DESK_SEND
    REFUSED = LLT_DESK_REFUSED
    FOREIGN = LLT_DESK_FOREIGN


def new_log(capacity):
    """A :class:`LogRing` with the texts of a desk."""
    log = LogRing(capacity)
    for text in LOG_TEXTS:
        log.register(text)
    return log


@cython.final
cdef class Desk:
    """One symbol: ``sync`` its book, ``router`` its orders; ``paper`` (on that book) takes them, or None: the caller.

    ``strategy`` is asked at each change of a live book, and belongs to this desk alone. ``number`` names it in
    ``log``, of :func:`new_log`. Messages reach it through a :class:`Floor`.

    Raises ValueError for a symbol that is not 1 to 23 bytes, MemoryError.
    """

    def __cinit__(self, str symbol not None, BookSync sync not None, Router router not None, PaperExchange paper,
                  CircuitBreaker breaker not None, LogRing log not None, Strategy strategy not None, *,
                  int64_t number):
        cdef bytes name = symbol.encode()
        if not 0 < len(name) < SYMBOL_BYTES:
            raise ValueError(f"symbol {symbol!r}: 1 to {SYMBOL_BYTES - 1} bytes are wanted")
        if len(log.texts) != len(LOG_TEXTS):
            raise ValueError("the log is not one of new_log")
        self.symbol, self.sync, self.router, self.paper = symbol, sync, router, paper
        self.breaker, self.log = breaker, log
        self.raw.sync = &sync.raw
        self.raw.router = &router.raw
        self.raw.paper = &paper.raw if paper is not None else NULL
        self.raw.breaker = breaker.raw
        self.raw.log = &log.sides.log
        self.strategy = strategy
        self.raw.decide = <llt_strategy_function *>strategy.decide
        self.raw.strategy = strategy.state
        self.raw.symbol_number = number
        memcpy(self.raw.symbol, <const char *>name, <size_t>len(name))
        self.raw.tokens = <uint64_t *>calloc(router.raw.orders.mask + 1, sizeof(uint64_t))
        self.raw.tickers = <llt_desk_ticker *>calloc(LLT_DESK_TICKERS, sizeof(llt_desk_ticker))
        if self.raw.tokens is NULL or self.raw.tickers is NULL:
            raise MemoryError("no memory for a desk")

    def __dealloc__(self):
        free(self.raw.tokens)
        free(self.raw.tickers)

    def connect(self, int64_t now_ns):
        """The stream is subscribed, after there was none: the book waits for a snapshot."""
        llt_desk_connect(&self.raw, now_ns)

    def look(self, int64_t now_ns):
        """To be called often, also when nothing comes: book reports that have arrived, notice silence."""
        llt_desk_look(&self.raw, now_ns)

    def sent(self):
        """The order of ``out`` has been written to its socket. ValueError for a desk that gave none out."""
        if self.raw.out.id == 0 or self.raw.paper is not NULL:
            raise ValueError(f"the desk of {self.symbol} has no order that waits to be sent")
        llt_desk_sent(&self.raw)

    def on(self, uint64_t id, event, int64_t now_ns):
        """What the exchange says of an order, or LOST; as ``Router.on``, and the breaker judges by it."""
        return llt_desk_on(&self.raw, id, <llt_order_event><int>OrderEvent(event), now_ns)

    def fill(self, uint64_t id, uint64_t execution_id, int64_t price, int64_t quantity, int64_t cumulative, fee,
             int64_t now_ns):
        """A fill, as ``Router.fill``."""
        if quantity < 1:
            raise ValueError(f"a fill of {quantity}: it is above 0")
        return llt_desk_fill(&self.raw, id, execution_id, price, quantity, cumulative, to_int128(fee), now_ns)

    def silent_ns(self, int64_t now_ns):
        """How long ago the last event came that is in the book."""
        return now_ns - self.raw.sync.event_ns

    @property
    def out(self):
        """``(id, side, price, quantity)`` of the order that SEND is about."""
        return self.raw.out.id, self.raw.out.side, self.raw.out.price, self.raw.out.quantity

    def counters(self):
        """{name: count} of messages by kind, and of what was found in them."""
        return {
            "ticks": self.raw.ticks, "trades": self.raw.trades, "best_prices": self.raw.best_prices,
            "repeated": self.raw.repeated, "contradictions": self.raw.contradictions,
            "held_by_breaker": self.raw.held_by_breaker, "unsent": self.raw.unsent,
        }


@cython.final
cdef class Floor:
    """The desks of all symbols behind one parser, on one thread. ValueError for more than 64 or none.

    ``spans``: :class:`LatencyHistogram` in ticks by the names of SPANS, over all desks.
    """

    def __cinit__(self, desks):
        cdef Desk desk
        cdef LatencyHistogram histogram
        cdef int span
        self.desks = list(desks)
        if not 0 < len(self.desks) <= MAX_DESKS:
            raise ValueError(f"{len(self.desks)} desks: 1 to {MAX_DESKS} are wanted")
        self.spans = {name: LatencyHistogram() for name in SPANS}
        for desk in self.desks:
            for span, histogram in enumerate(self.spans.values()):
                desk.raw.spans[span] = &histogram.raw
            desk.spans = self.spans
            self.raw[self.count] = &desk.raw
            self.count += 1
        self.parser = Parser()
        self.parser.reserve(LARGEST_MESSAGE)

    cdef int _take(self, const unsigned char *text, size_t size, size_t first, int64_t now_ns) noexcept nogil:
        # The place of the desk << 2 | outcome. A snapshot names no symbol: it is for desk `first`.
        cdef llt_desk_stamps stamps
        cdef size_t position, at = first
        stamps.called = llt_ticks()
        self.messages += 1
        if self.parser.parse_raw(
                text, size, size, &self.event, self.parser.scratch, self.parser.room, &position) != LLT_BINANCE_OK:
            self.refused += 1
            for at in range(self.count):
                llt_sync_invalidate(self.raw[at].sync, now_ns)
            return LLT_DESK_REFUSED
        if self.event.kind != LLT_BINANCE_SNAPSHOT:
            at = 0
            while memcmp(self.raw[at].symbol, self.event.symbol, SYMBOL_BYTES) != 0:
                at += 1
                if at == self.count:
                    self.foreign += 1
                    return LLT_DESK_FOREIGN
        stamps.last = llt_ticks()
        return <int>(at << 2) | llt_desk_take(self.raw[at], &self.event, self.parser.scratch, &stamps, now_ns)

    def take(self, payload, int64_t now_ns, size_t snapshot_for=0):
        """Take a message (bytes-like): ``(desk, Outcome)``. With SEND the desk's ``out`` must be sent, then ``sent``.

        A snapshot is for the desk of that number. REFUSED: it is no message of the exchange, and all books wait for a
        snapshot, as it may have been for any of them. IndexError for a desk that is not there.
        """
        cdef Py_buffer view
        cdef int found
        if snapshot_for >= self.count:
            raise IndexError(f"desk {snapshot_for} of {self.count}")
        PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
        with nogil:
            found = self._take(<const unsigned char *>view.buf, <size_t>view.len, snapshot_for, now_ns)
        PyBuffer_Release(&view)
        return self.desks[found >> 2], Outcome(found & 3)

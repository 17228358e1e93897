"""Trading desks on an exchange's messages, JSON or SBE: from payload to order, one thread, no Python in between.

What a desk does with a message: ``include/llt_desk.h``. Chapter 5.9.
"""

from enum import IntEnum

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport INT64_MAX, uint8_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcmp, memcpy

from lltool.kernels.arch cimport llt_ticks
from lltool.kernels.binance_json cimport LLT_BINANCE_OK, LLT_BINANCE_SNAPSHOT, LLT_BINANCE_TRADE
from lltool.kernels.int128 cimport to_int128
from lltool.kernels.order_manager cimport llt_manager_destroy, llt_manager_fill, llt_manager_init, llt_manager_on
from lltool.kernels.paper cimport LLT_PAPER_CANCEL, llt_paper_send
from lltool.kernels.router cimport (
    LLT_ORDER_ON_CANCEL_SENT,
    LLT_ORDER_OPEN,
    LLT_ORDER_PARTIAL,
    llt_order,
    llt_order_event,
    llt_router_watch,
)
from lltool.kernels.sbe cimport LLT_SBE_OK, llt_sbe_parse, llt_sbe_trade
from lltool.kernels.sync cimport check_arrays

from lltool.kernels import binance_json
from lltool.kernels.router import OrderEvent

LOG_TEXTS = (
    "symbol {}: order {} sent, side {}, price {}, quantity {}",
    "symbol {}: an order was kept back, reasons {:#x}, side {}, price {}, quantity {}",
    "symbol {}: order {} filled at {}, quantity {}, execution {}",
    "symbol {}: order {}, event {}",
    "symbol {}: book state {} became {} at update {}",
    "symbol {}: the book at update {} is not what the best prices at update {} say: {}, {}",
)
"""What a desk writes to its log, in the order of ``llt_order_manager.h``; prices and quantities are x 10^8."""

SPANS = (
    "parse", "book", "strategy", "risk", "serialise", "send", "tick_to_update", "tick_to_trade",
)
"""Stages of a depth event and the sums over them, in the order of ``llt_desk.h``."""
assert len(SPANS) == LLT_STAGES

# Between two looks at what happens beside messages, where recorded time is all there is.
cdef int64_t TEND_NS = 20_000_000

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
        self.raw.paper = &paper.raw if paper is not None else NULL
        self.strategy = strategy
        self.raw.decide = <llt_strategy_function *>strategy.decide
        self.raw.strategy = strategy.state
        memcpy(self.raw.symbol, <const char *>name, <size_t>len(name))
        self.raw.tickers = <llt_desk_ticker *>calloc(LLT_DESK_TICKERS, sizeof(llt_desk_ticker))
        if self.raw.tickers is NULL or llt_manager_init(
                &self.raw.orders, &router.raw, breaker.raw, &log.sides.log, number) != 0:
            raise MemoryError("no memory for a desk")

    def __dealloc__(self):
        llt_manager_destroy(&self.raw.orders)
        free(self.raw.tickers)

    def write_orders_with(self, OrderWire wire not None):
        """Orders that the desk gives out are written by ``wire``, whose instruments are numbered as the desks, from 1.

        Raises ValueError for a wire that does not know this desk's number.
        """
        if self.raw.orders.number < 0 or (
                wire.instruments is not None and self.raw.orders.number >= <int64_t>wire.instruments):
            raise ValueError(f"desk {self.raw.orders.number}: the wire has {wire.instruments} instruments")
        self.wire = wire
        self.raw.wire = &wire.raw

    def connect(self, int64_t now_ns):
        """The stream is subscribed, after there was none: the book waits for a snapshot."""
        llt_desk_connect(&self.raw, now_ns)

    def disconnect(self, int64_t now_ns):
        """The stream has ended: the book stays as it was, to look at, and no order leaves."""
        llt_desk_disconnect(&self.raw, now_ns)

    def invalidate(self, int64_t now_ns):
        """The book is known to be wrong: it waits for a snapshot, and no order leaves."""
        llt_desk_invalidate(&self.raw, now_ns)

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
        return llt_manager_on(&self.raw.orders, id, <llt_order_event><int>OrderEvent(event), now_ns)

    def fill(self, uint64_t id, uint64_t execution_id, int64_t price, int64_t quantity, int64_t cumulative, fee,
             int64_t now_ns):
        """A fill, as ``Router.fill``."""
        if quantity < 1:
            raise ValueError(f"a fill of {quantity}: it is above 0")
        return llt_manager_fill(
            &self.raw.orders, id, execution_id, price, quantity, cumulative, to_int128(fee), now_ns)

    def silent_ns(self, int64_t now_ns):
        """How long ago the last event came that is in the book."""
        return now_ns - self.raw.sync.event_ns

    @property
    def out(self):
        """``(id, side, price, quantity)`` of the order that SEND is about."""
        return self.raw.out.id, self.raw.out.side, self.raw.out.price, self.raw.out.quantity

    @property
    def message(self):
        """The order of ``out`` as the bytes to send; None without a wire."""
        return None if self.raw.wire is NULL else self.raw.message[:self.raw.message_size]

    def counters(self):
        """{name: count} of messages by kind, and of what was found in them."""
        return {
            "ticks": self.raw.ticks, "trades": self.raw.trades, "best_prices": self.raw.best_prices,
            "repeated": self.raw.repeated, "contradictions": self.raw.contradictions,
            "held_by_breaker": self.raw.orders.held_by_breaker, "unsent": self.raw.unsent,
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

    cdef int _refuse(self, int64_t now_ns) noexcept nogil:
        cdef size_t at
        self.refused += 1
        for at in range(self.count):
            llt_desk_invalidate(self.raw[at], now_ns)
        return LLT_DESK_REFUSED

    cdef int _find(self) noexcept nogil:
        """The desk of the event's symbol; -1 without one, which is counted."""
        cdef size_t at
        for at in range(self.count):
            if memcmp(self.raw[at].symbol, self.event.symbol, SYMBOL_BYTES) == 0:
                return <int>at
        self.foreign += 1
        return -1

    cdef int _take(self, const unsigned char *text, size_t size, size_t first, int64_t now_ns) noexcept nogil:
        # The place of the desk << 2 | outcome. A snapshot is for desk `first`.
        cdef llt_desk_stamps stamps
        cdef size_t position
        cdef int at = <int>first
        stamps.called = llt_ticks()
        self.messages += 1
        if self.parser.parse_raw(
                text, size, size, &self.event, self.parser.scratch, self.parser.room, &position) != LLT_BINANCE_OK:
            return self._refuse(now_ns)
        if self.event.kind != LLT_BINANCE_SNAPSHOT:
            at = self._find()
            if at < 0:
                return LLT_DESK_FOREIGN
        stamps.last = llt_ticks()
        return at << 2 | llt_desk_take(self.raw[at], &self.event, self.parser.scratch, &stamps, now_ns)

    cdef int _take_sbe(self, const unsigned char *text, size_t size, int64_t now_ns) noexcept nogil:
        # As _take. Levels and trades are never in one message: they share the room.
        cdef llt_desk_stamps stamps
        cdef llt_sbe_trade *trades = <llt_sbe_trade *>self.parser.scratch
        cdef llt_sbe_trade trade
        cdef size_t position, count, each
        cdef size_t room = self.parser.room * sizeof(llt_binance_level) // sizeof(llt_sbe_trade)
        cdef int at
        stamps.called = llt_ticks()
        self.messages += 1
        if llt_sbe_parse(
                text, size, &self.event, self.parser.scratch, trades, room, &count, &position) != LLT_SBE_OK:
            return self._refuse(now_ns)
        if self.event.kind == LLT_BINANCE_SNAPSHOT:
            self.foreign += 1  # of the best levels alone: no book can be built on it
            return LLT_DESK_FOREIGN
        at = self._find()
        if at < 0:
            return LLT_DESK_FOREIGN
        stamps.last = llt_ticks()
        if self.event.kind != LLT_BINANCE_TRADE:
            return at << 2 | llt_desk_take(self.raw[at], &self.event, self.parser.scratch, &stamps, now_ns)
        for each in range(count):
            trade = trades[each]
            self.event.trade_id = trade.trade_id
            self.event.price = trade.price
            self.event.quantity = trade.quantity
            self.event.buyer_is_maker = trade.buyer_is_maker != 0
            llt_desk_take(self.raw[at], &self.event, self.parser.scratch, &stamps, now_ns)
        return at << 2 | LLT_DESK_DONE

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

    def take_sbe(self, payload, int64_t now_ns):
        """The same for a message in SBE. FOREIGN also for one that holds the best levels of a book, and no changes."""
        cdef Py_buffer view
        cdef int found
        PyObject_GetBuffer(payload, &view, PyBUF_SIMPLE)
        with nogil:
            found = self._take_sbe(<const unsigned char *>view.buf, <size_t>view.len, now_ns)
        PyBuffer_Release(&view)
        return self.desks[found >> 2], Outcome(found & 3)

    cdef void _tend(self, int64_t now_ns, int64_t life_ns) noexcept nogil:
        # What a run does a few times a second beside its messages: reports, silence, loss, orders that rest too long.
        cdef llt_desk *desk
        cdef llt_order *order
        cdef size_t at
        cdef uint64_t place
        for at in range(self.count):
            desk = self.raw[at]
            llt_desk_look(desk, now_ns)
            llt_router_watch(desk.orders.router, now_ns, INT64_MAX, INT64_MAX)
            for place in range(desk.orders.router.orders.mask + 1):
                order = &desk.orders.router.orders.slots[place]
                if order.state != LLT_ORDER_OPEN and order.state != LLT_ORDER_PARTIAL:
                    continue
                if now_ns - order.since_ns >= life_ns:
                    llt_manager_on(&desk.orders, order.id, LLT_ORDER_ON_CANCEL_SENT, now_ns)
                    llt_paper_send(desk.paper, LLT_PAPER_CANCEL, order.id, 0, 0, 0, now_ns)

    cdef void _follow(
            self, const uint8_t *which, const llt_binance_event *events, const llt_binance_level *levels,
            const int64_t *times_ns, size_t begin, size_t end, int64_t life_ns) noexcept nogil:
        cdef size_t at
        cdef llt_desk_stamps stamps
        for at in range(begin, end):
            if times_ns[at] - self.tended_ns >= TEND_NS:
                self._tend(times_ns[at], life_ns)
                self.tended_ns = times_ns[at]
            stamps.called = stamps.last = llt_ticks()
            llt_desk_take(self.raw[which[at]], &events[at], levels + events[at].first_level, &stamps, times_ns[at])

    def follow(self, which, events, levels, times_ns, size_t begin, size_t end, int64_t life_ns):
        """Trade on ``events[begin:end]`` (arrays as of ``sync.follow``) at their times, without the GIL.

        Event ``i`` goes to ``desks[which[i]]`` at ``times_ns[i]``; nothing else tells the time, so that equal events
        give equal orders and fills. Orders that rest for ``life_ns`` are cancelled. Every desk has a paper exchange.

        Raises ValueError for a desk without one, and for arrays of other types or lengths.
        """
        cdef Py_buffer[4] views
        cdef size_t held = 0, at
        if any(desk.paper is None for desk in self.desks):
            raise ValueError("a desk without a paper exchange cannot follow a recording")
        arrays = (which, events, levels, times_ns)
        check_arrays(
            arrays, ("uint8", binance_json.EVENT, binance_json.LEVEL, "int64"), self.count, begin, end)
        try:
            for at in range(4):
                PyObject_GetBuffer(arrays[at], &views[at], PyBUF_SIMPLE)
                held += 1
            with nogil:
                self._follow(
                    <const uint8_t *>views[0].buf, <const llt_binance_event *>views[1].buf,
                    <const llt_binance_level *>views[2].buf, <const int64_t *>views[3].buf, begin, end, life_ns)
        finally:
            for at in range(held):
                PyBuffer_Release(&views[at])

    def cancel_all(self, int64_t now_ns):
        """Have the paper exchanges take every order off; the answers come with the next ``look``."""
        cdef Desk desk
        for desk in self.desks:
            for order in desk.router.live_orders():
                desk.on(order.id, OrderEvent.CANCEL_SENT, now_ns)
            if desk.paper is not None:
                desk.paper.cancel_all(now_ns)

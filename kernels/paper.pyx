"""Paper exchange: own orders of one instrument against the market as it was, with queue position, fees and latency.

The model and what it leaves out (these orders do not move the market): ``include/llt_paper.h``.
"""

from collections import namedtuple
from enum import IntEnum

cimport cython

from lltool.kernels.int128 cimport from_int128, to_int128
from lltool.kernels.l2_book cimport L2Book
from lltool.kernels.router cimport Router, account_of, llt_router, llt_router_fill, llt_router_on
from lltool.kernels.sync cimport BookSync


class ReportKind(IntEnum):
    """What the exchange says about an order."""

    ACCEPTED = LLT_PAPER_ACCEPTED
    REJECTED = LLT_PAPER_REJECTED
    FILL = LLT_PAPER_FILL
    CANCELED = LLT_PAPER_CANCELED
    CANCEL_REJECTED = LLT_PAPER_CANCEL_REJECTED
    EXPIRED = LLT_PAPER_EXPIRED
    NOT_FOUND = LLT_PAPER_NOT_FOUND


class Reason(IntEnum):
    """Why the exchange refused an order: the names of its filters."""

    NONE = LLT_PAPER_NO_REASON
    PRICE_FILTER = LLT_PAPER_PRICE_FILTER
    LOT_SIZE = LLT_PAPER_LOT_SIZE
    NOTIONAL = LLT_PAPER_NOTIONAL
    PERCENT_PRICE = LLT_PAPER_PERCENT_PRICE
    MAX_NUM_ORDERS = LLT_PAPER_MAX_ORDERS
    MAX_POSITION = LLT_PAPER_MAX_POSITION
    DUPLICATE_ID = LLT_PAPER_DUPLICATE_ID
    SIDE = LLT_PAPER_SIDE


Report = namedtuple("Report", "due_ns id execution_id kind reason side price quantity cumulative fee maker again")
Report.__doc__ = (
    "What the exchange says, and when it arrives. Of a fill ``price``, ``quantity`` and ``fee`` (x 10^16) are its own, "
    "else the order's; ``cumulative`` is filled so far; ``again``: the answer to a query."
)


@cython.final
cdef class PaperExchange:
    """Matches against ``book`` (an L2Book or a BookSync), which its owner updates.

    Calls come in the order of time, ``now_ns`` of one clock: :meth:`advance` before each change of the book,
    :meth:`on_book` after it, :meth:`on_trade` for each trade, then :meth:`reports`. Filters are those of the venue,
    ``price_up`` and ``price_down`` multipliers of the last price x 10^8 (0: not checked); rates are fractions of the
    notional x 10^8. At most ``room`` (a power of two) orders.

    Raises ValueError for a tick or lot below 1, negative latencies, a room that is no power of two, MemoryError.
    """

    def __cinit__(self, book, *, int64_t min_price, int64_t max_price, int64_t tick,
                  int64_t min_quantity, int64_t max_quantity, int64_t lot, min_notional, int64_t price_up,
                  int64_t price_down, int64_t max_orders, int64_t max_position, int64_t maker_rate, int64_t taker_rate,
                  int64_t entry_ns, int64_t response_ns, int64_t jitter_ns, uint64_t seed, room=1024):
        if tick < 1 or lot < 1:
            raise ValueError(f"tick {tick}, lot {lot}: both are at least 1")
        if entry_ns < 0 or response_ns < 0 or jitter_ns < 0:
            raise ValueError(f"entry_ns {entry_ns}, response_ns {response_ns}, jitter_ns {jitter_ns}: none is below 0")
        if not (0 < room < 1 << 24 and room & (room - 1) == 0):
            raise ValueError(f"room {room}: a power of two below 2^24 is wanted")
        cdef llt_paper_filters filters = llt_paper_filters(
            min_price, max_price, tick, min_quantity, max_quantity, lot, to_int128(min_notional), price_up, price_down,
            max_orders, max_position)
        cdef llt_paper_model model = llt_paper_model(maker_rate, taker_rate, entry_ns, response_ns, jitter_ns, seed)
        cdef const llt_l2_book *raw_book
        if isinstance(book, BookSync):
            raw_book = &(<BookSync>book).raw.book
        else:
            raw_book = &(<L2Book?>book).raw
        self.book = book
        if llt_paper_init(&self.raw, raw_book, &filters, &model, room) != 0:
            raise MemoryError(f"no memory for {room} orders")

    def __dealloc__(self):
        llt_paper_destroy(&self.raw)

    def new(self, uint64_t id, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns, bint ioc=False):
        """Send a limit order, good till cancelled or ``ioc``. False when too many requests are under way."""
        return llt_paper_send(&self.raw, LLT_PAPER_NEW_IOC if ioc else LLT_PAPER_NEW, id, side, price, quantity, now_ns)

    def cancel(self, uint64_t id, int64_t now_ns):
        """Send a cancel; answered by CANCELED, CANCEL_REJECTED or NOT_FOUND. False as :meth:`new`."""
        return llt_paper_send(&self.raw, LLT_PAPER_CANCEL, id, 0, 0, 0, now_ns)

    def cancel_all(self, int64_t now_ns):
        """Send a cancel of every open order; CANCELED answers for each. False as :meth:`new`."""
        return llt_paper_send(&self.raw, LLT_PAPER_CANCEL_ALL, 0, 0, 0, 0, now_ns)

    def query(self, uint64_t id, int64_t now_ns):
        """Ask about an order; answered by its fills and its state, or NOT_FOUND. False as :meth:`new`."""
        return llt_paper_send(&self.raw, LLT_PAPER_QUERY, id, 0, 0, 0, now_ns)

    def advance(self, int64_t now_ns):
        """Let the requests arrive that are due."""
        llt_paper_advance(&self.raw, now_ns)

    def on_book(self, int64_t now_ns):
        """The book has changed."""
        llt_paper_on_book(&self.raw, now_ns)

    def on_trade(self, int64_t price, int64_t quantity, bint sold, int64_t now_ns):
        """A trade printed; ``sold`` when the seller was the aggressor (Binance: the buyer is the maker)."""
        llt_paper_on_trade(&self.raw, price, quantity, sold, now_ns)

    def reports(self, int64_t now_ns):
        """List of :class:`Report` that have arrived; each is given once."""
        cdef const llt_paper_report *report
        found = []
        while True:
            report = llt_paper_next(&self.raw, now_ns)
            if report is NULL:
                return found
            found.append(Report(
                report.due_ns, report.id, report.execution_id, ReportKind(report.kind), Reason(report.reason),
                report.side, report.price, report.quantity, report.cumulative, from_int128(report.fee),
                bool(report.maker), bool(report.again)))
            llt_paper_taken(&self.raw)

    def deliver(self, Router router not None, int64_t now_ns):
        """Book the reports that have arrived with ``router``; the number of them."""
        return _deliver(&self.raw, &router.raw, now_ns)

    def ahead(self, uint64_t id):
        """Quantity that is filled before an open order; None when there is no such order."""
        cdef size_t at = llt_paper_find(&self.raw, id)
        return self.raw.orders[at].ahead if at < self.raw.open else None

    @property
    def open_orders(self):
        """Ids of the orders on the book, in the order of their arrival."""
        cdef size_t at
        return [self.raw.orders[at].id for at in range(self.raw.open)]

    @property
    def account(self):
        """The exchange's own books of what it filled: an ``Account`` of ``kernels.router``."""
        return account_of(&self.raw.account)

    @property
    def lost_reports(self):
        """Reports that found no memory."""
        return self.raw.lost_reports


cdef size_t _deliver(llt_paper *paper, llt_router *router, int64_t now_ns) noexcept nogil:
    cdef const llt_paper_report *report
    cdef size_t count = 0
    while True:
        report = llt_paper_next(paper, now_ns)
        if report is NULL:
            return count
        if report.kind == LLT_PAPER_FILL:
            llt_router_fill(
                router, report.id, report.execution_id, report.price, report.quantity, report.cumulative, report.fee,
                now_ns)
        else:
            llt_router_on(router, report.id, llt_paper_event_of(report.kind), now_ns)
        llt_paper_taken(paper)
        count += 1

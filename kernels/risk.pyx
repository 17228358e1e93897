"""Pre-trade risk check: sixteen checks of an order, all of them named in the answer.

Arithmetic: ``include/llt_risk.h``. Chapter 5.1.2 (the component) and 5.8.1 (its error).
"""

from enum import IntFlag

cimport cython

from lltool.kernels.int128 cimport llt_int128, to_int128

BUY = 0
SELL = 1


class Breach(IntFlag):
    """What an order violates; the bits of ``llt_risk.h``."""

    HALTED = LLT_RISK_HALTED
    SIDE = LLT_RISK_SIDE
    QUANTITY = LLT_RISK_QUANTITY
    MAX_QUANTITY = LLT_RISK_MAX_QUANTITY
    LOT = LLT_RISK_LOT
    PRICE = LLT_RISK_PRICE
    TICK = LLT_RISK_TICK
    BAND = LLT_RISK_BAND
    NOTIONAL = LLT_RISK_NOTIONAL
    LONG = LLT_RISK_LONG
    SHORT = LLT_RISK_SHORT
    OPEN_ORDERS = LLT_RISK_OPEN_ORDERS
    GROSS = LLT_RISK_GROSS
    RATE = LLT_RISK_RATE
    ORDER_ID = LLT_RISK_ORDER_ID
    STALE = LLT_RISK_STALE


@cython.final
cdef class RiskCheck:
    """Limits and state of one instrument, owned by one thread. All prices and quantities are fixed-point integers.

    ``max_orders`` within ``rate_window_ns`` is the rate; ``band`` the largest distance from the reference price, which
    is stale after ``max_age_ns``; there is none at first, so the first orders are stale or outside the band. The two
    notional limits are price times quantity and may have 127 bits.

    Raises ValueError for a lot, tick or ``max_orders`` below 1, MemoryError.
    """

    def __cinit__(self, *, int64_t max_quantity, int64_t lot, int64_t tick, int64_t band, max_notional,
                  int64_t max_long, int64_t max_short, int64_t max_open_orders, max_gross_notional,
                  int64_t max_orders, int64_t rate_window_ns, int64_t max_age_ns):
        if lot < 1 or tick < 1 or max_orders < 1:
            raise ValueError(f"lot {lot}, tick {tick}, max_orders {max_orders}: each is at least 1")
        cdef llt_risk_limits limits = llt_risk_limits(
            max_quantity, lot, tick, band, to_int128(max_notional), max_long, max_short, max_open_orders,
            to_int128(max_gross_notional), rate_window_ns, max_age_ns)
        if max_orders > 1 << 40 or llt_risk_init(&self.raw, &limits, <size_t>max_orders) != 0:
            raise MemoryError(f"no memory to remember {max_orders} orders")

    def __dealloc__(self):
        llt_risk_destroy(&self.raw)

    def set_limits(self, *, int64_t max_quantity, int64_t band, max_notional, int64_t max_long, int64_t max_short,
                   int64_t max_open_orders, max_gross_notional, int64_t rate_window_ns, int64_t max_age_ns):
        """Other limits from the next order on; lot, tick and ``max_orders`` stay. The owning thread only."""
        cdef llt_int128 notional = to_int128(max_notional), gross = to_int128(max_gross_notional)
        self.raw.limits = llt_risk_limits(
            max_quantity, self.raw.limits.lot, self.raw.limits.tick, band, notional, max_long, max_short,
            max_open_orders, gross, rate_window_ns, max_age_ns)

    def check(self, uint64_t order_id, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns):
        """0 for an order that may be sent, else the bits of :class:`Breach` that say why not."""
        cdef llt_risk_order order = llt_risk_order(order_id, price, quantity, side)
        return llt_risk_check(&self.raw, &order, now_ns)

    def accept(self, uint64_t order_id, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns):
        """Book an order that was sent. ValueError for another side than BUY or SELL."""
        if side > 1:
            raise ValueError(f"side {side} is neither BUY ({BUY}) nor SELL ({SELL})")
        cdef llt_risk_order order = llt_risk_order(order_id, price, quantity, side)
        llt_risk_accept(&self.raw, &order, now_ns)

    def fill(self, uint32_t side, int64_t price, int64_t quantity, bint complete):
        """Book a fill of an order at that limit ``price``; ``complete`` when the order is no longer open."""
        self._reduce(side, price, quantity, True, complete)

    def cancel(self, uint32_t side, int64_t price, int64_t quantity):
        """Book the end of an order with ``quantity`` still open."""
        self._reduce(side, price, quantity, False, True)

    cdef _reduce(self, uint32_t side, int64_t price, int64_t quantity, bint filled, bint complete):
        if side > 1:
            raise ValueError(f"side {side} is neither BUY ({BUY}) nor SELL ({SELL})")
        llt_risk_reduce(&self.raw, side, price, quantity, filled)
        if complete:
            llt_risk_close(&self.raw)

    def set_reference(self, int64_t price, int64_t now_ns):
        """The market's price, around which the band lies, and when it was so."""
        llt_risk_set_reference(&self.raw, price, now_ns)

    def halt(self, bint halted=True):
        """Switch trading off, or on again."""
        self.raw.halted = halted

    @property
    def position(self):
        """Bought minus sold."""
        return self.raw.position

    @property
    def open_orders(self):
        """Orders accepted and not ended."""
        return self.raw.open_orders

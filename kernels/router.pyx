"""Order router: the one way by which an order of an instrument leaves, and what has become of each.

Checks and their order: ``include/llt_router.h``; states of an order: ``include/llt_orders.h``; money:
``include/llt_account.h``. Chapter 5.1.1 (the component).
"""

from collections import namedtuple
from enum import IntEnum, IntFlag

cimport cython

from lltool.kernels.int128 cimport from_int128, to_int128

from lltool.kernels.risk import Breach


class OrderState(IntEnum):
    """Where an order is; from FILLED on it has ended."""

    PENDING_NEW = LLT_ORDER_PENDING_NEW
    OPEN = LLT_ORDER_OPEN
    PARTIAL = LLT_ORDER_PARTIAL
    PENDING_CANCEL = LLT_ORDER_PENDING_CANCEL
    UNKNOWN = LLT_ORDER_UNKNOWN
    FILLED = LLT_ORDER_FILLED
    CANCELED = LLT_ORDER_CANCELED
    REJECTED = LLT_ORDER_REJECTED
    EXPIRED = LLT_ORDER_EXPIRED


class OrderEvent(IntEnum):
    """What happens to an order, but for fills."""

    ACCEPTED = LLT_ORDER_ON_ACCEPTED
    REJECTED = LLT_ORDER_ON_REJECTED
    CANCEL_SENT = LLT_ORDER_ON_CANCEL_SENT
    CANCELED = LLT_ORDER_ON_CANCELED
    CANCEL_REJECTED = LLT_ORDER_ON_CANCEL_REJECTED
    EXPIRED = LLT_ORDER_ON_EXPIRED
    LOST = LLT_ORDER_ON_LOST
    NOT_FOUND = LLT_ORDER_ON_NOT_FOUND


class Denial(IntFlag):
    """Why an order does not leave, beside the risk check's reasons (``risk.Breach``), whose bits are below these."""

    KILLED = LLT_DENIED_KILLED
    BOOK = LLT_DENIED_BOOK
    RESTRICTED = LLT_DENIED_RESTRICTED
    MIN_QUANTITY = LLT_DENIED_MIN_QUANTITY
    MIN_NOTIONAL = LLT_DENIED_MIN_NOTIONAL
    BURST = LLT_DENIED_BURST
    CANCELS = LLT_DENIED_CANCELS
    DUPLICATE = LLT_DENIED_DUPLICATE
    SELF_CROSS = LLT_DENIED_SELF_CROSS
    LOSS = LLT_DENIED_LOSS
    FAT_FINGER = LLT_DENIED_FAT_FINGER
    UNKNOWN = LLT_DENIED_UNKNOWN
    TABLE = LLT_DENIED_TABLE


Order = namedtuple("Order", "id side price quantity filled state")
Order.__doc__ = "An own order: prices and quantities x 10^8, ``side`` of risk.BUY or SELL, ``state`` of OrderState."

Account = namedtuple("Account", "position cash fees turnover fills")
Account.__doc__ = "``position`` x 10^8; ``cash`` (fees taken off), ``fees`` and ``turnover`` x 10^16; number of fills."


@cython.final
cdef class Router:
    """Orders of one instrument behind ``risk`` and ``kill``, on one thread. Fixed point x 10^8, money x 10^16.

    ``capacity`` (a power of two) orders are known at a time. ``epoch`` is larger at each start: ids never repeat.
    ``max_burst`` orders within ``burst_window_ns``; an order is at most ``max_size_multiple`` times the average one and
    there are at most ``max_cancels_percent`` cancels for 100 orders, once enough were sent. The book is not live at
    first.

    Raises ValueError for a capacity that is no power of two or a ``max_burst`` below 1, OverflowError, MemoryError.
    """

    def __cinit__(self, RiskCheck risk not None, KillSwitch kill not None, *, capacity, uint32_t epoch,
                  int64_t min_quantity, min_notional, max_loss, max_drawdown, int64_t duplicate_window_ns,
                  max_burst, int64_t burst_window_ns, int64_t max_size_multiple, int64_t max_cancels_percent):
        if not (0 < capacity < 1 << 24 and capacity & (capacity - 1) == 0):
            raise ValueError(f"capacity {capacity}: a power of two below 2^24 is wanted")
        if not 1 <= max_burst < 1 << 24:
            raise ValueError(f"max_burst {max_burst} is not between 1 and 2^24")
        cdef llt_router_limits limits = llt_router_limits(
            min_quantity, to_int128(min_notional), to_int128(max_loss), to_int128(max_drawdown), duplicate_window_ns,
            burst_window_ns, max_size_multiple, max_cancels_percent)
        self.risk = risk
        self.kill = kill
        if llt_router_init(&self.raw, &risk.raw, kill.raw, &limits, capacity, max_burst, epoch) != 0:
            raise MemoryError(f"no memory for {capacity} orders")

    def __dealloc__(self):
        if self.raw.risk is not NULL:
            llt_router_destroy(&self.raw)

    def set_limits(self, *, int64_t min_quantity, min_notional, max_loss, max_drawdown, int64_t duplicate_window_ns,
                   int64_t burst_window_ns, int64_t max_size_multiple, int64_t max_cancels_percent):
        """Other limits from the next order on; capacity and ``max_burst`` stay. The owning thread only."""
        self.raw.limits = llt_router_limits(
            min_quantity, to_int128(min_notional), to_int128(max_loss), to_int128(max_drawdown), duplicate_window_ns,
            burst_window_ns, max_size_multiple, max_cancels_percent)

    def submit(self, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns):
        """``(id, 0)`` of an order that must be sent now, :meth:`sent` after it; ``(0, reasons)`` when it must not.

        The reasons are bits of ``risk.Breach`` and :class:`Denial`; each is counted.
        """
        cdef uint32_t denied
        cdef llt_order *order = llt_router_submit(&self.raw, side, price, quantity, now_ns, &denied)
        if order is NULL:
            return 0, denied
        return order.id, 0

    def sent(self):
        """The order that :meth:`submit` let pass has left. If it failed to, :meth:`on` LOST follows."""
        llt_router_sent(&self.raw)

    def on(self, uint64_t id, event, int64_t now_ns):
        """Book an :class:`OrderEvent`. False, and counted, when the state does not allow it or there is no order."""
        return llt_router_on(&self.raw, id, <llt_order_event><int>OrderEvent(event), now_ns)

    def fill(self, uint64_t id, uint64_t execution_id, int64_t price, int64_t quantity, int64_t cumulative, fee,
             int64_t now_ns):
        """Book a fill once, however often it is reported. False for an order that is not here.

        ``cumulative`` is the filled quantity of the order with this fill; ``fee`` is x 10^16. ValueError for a quantity
        below 1.
        """
        if quantity < 1:
            raise ValueError(f"a fill of {quantity}: it is above 0")
        return llt_router_fill(&self.raw, id, execution_id, price, quantity, cumulative, to_int128(fee), now_ns)

    def watch(self, int64_t now_ns, int64_t stale_ns, int64_t silence_ns):
        """Trip the switch for a loss, data older than ``stale_ns``, or a supervisor silent for ``silence_ns``."""
        return llt_router_watch(&self.raw, now_ns, stale_ns, silence_ns)

    def find(self, uint64_t id):
        """The :class:`Order` of this id, live or ended; None when it is not here (any more)."""
        cdef llt_order *order = llt_orders_find(&self.raw.orders, id)
        return None if order is NULL else _order(order)

    def live_orders(self):
        """List of :class:`Order` that have not ended."""
        cdef uint64_t at
        return [
            _order(&self.raw.orders.slots[at]) for at in range(self.raw.orders.mask + 1)
            if llt_order_is_live(&self.raw.orders.slots[at])
        ]

    def overdue(self, int64_t now_ns, int64_t limit_ns):
        """List of :class:`Order` that wait for an answer, or are unknown, for ``limit_ns``: ask, never send again."""
        cdef uint64_t at = 0
        cdef llt_order *order
        found = []
        while True:
            order = llt_orders_overdue(&self.raw.orders, &at, now_ns, limit_ns)
            if order is NULL:
                return found
            found.append(_order(order))

    def resting(self, int64_t now_ns, int64_t age_ns):
        """List of :class:`Order` that are on the exchange's book, and were sent at least ``age_ns`` ago."""
        cdef uint64_t at
        cdef const llt_order *order
        found = []
        for at in range(self.raw.orders.mask + 1):
            order = &self.raw.orders.slots[at]
            if order.state != LLT_ORDER_OPEN and order.state != LLT_ORDER_PARTIAL:
                continue
            if now_ns - order.since_ns >= age_ns:
                found.append(_order(order))
        return found

    @property
    def live(self):
        """Whether the book is, without which no order leaves."""
        return self.raw.live != 0

    @live.setter
    def live(self, bint live):
        self.raw.live = live

    @property
    def restricted(self):
        """Whether the symbol must not be traded."""
        return self.raw.restricted != 0

    @restricted.setter
    def restricted(self, bint restricted):
        self.raw.restricted = restricted

    @property
    def account(self):
        """What the fills add up to: an :class:`Account`."""
        return account_of(&self.raw.account)

    def worth(self, int64_t price):
        """Cash and position at ``price``, x 10^16; 0 before the first fill."""
        return from_int128(llt_account_worth(&self.raw.account, price))

    def denials(self):
        """How often each reason kept an order back: {name: count}, without zeros."""
        return denials_of(self.raw.denied)

    def counters(self):
        """{name: count} of orders, cancels, fills seen twice, late or beyond an order, and events not allowed."""
        return {
            "orders": self.raw.accepted, "cancels": self.raw.cancels, "duplicate_fills": self.raw.orders.duplicates,
            "late_fills": self.raw.orders.late, "overfills": self.raw.overfills,
            "illegal_events": self.raw.orders.illegal, "live": self.raw.orders.live,
            "unknown": self.raw.orders.unknown,
        }


cdef object _order(const llt_order *order):
    return Order(order.id, order.side, order.price, order.quantity, order.filled, OrderState(order.state))


cdef object account_of(const llt_account *account):
    return Account(account.position, from_int128(account.cash), from_int128(account.fees),
                   from_int128(account.turnover), account.fills)


cdef dict denials_of(const uint64_t *denied):
    cdef size_t bit
    return {(Breach if bit < 16 else Denial)(1 << bit).name: denied[bit] for bit in range(29) if denied[bit]}

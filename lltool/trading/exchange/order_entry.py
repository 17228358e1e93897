"""What order entry of every form has in common: who owns an order, and what he is told of it.

An order is known to its owner by his own id, to the paper exchange by a number that is given here. Reports go to the
owner as they arrive; those of an order whose execution is "unknown" are kept back until he asks about it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lltool.trading.exchange.market import Instrument, Market, monotonic_ns

if TYPE_CHECKING:
    from lltool.kernels.paper import Report
    from lltool.trading.exchange.faults import FaultScript

KEPT = 16_384
"""Orders that can be asked about; older ones that are on no book are forgotten."""

PUMP_SECONDS = 0.001
"""How often requests and reports that are under way are looked after while the market is quiet."""


class Owner(Protocol):
    """A session that sends orders."""

    def on_report(self, order: OwnOrder, report: Report) -> None:
        """The exchange says something of an order; ``report.id`` is the exchange's number."""

    def on_unknown(self, order: OwnOrder) -> None:
        """The exchange cannot say what became of an order: it must be asked."""


@dataclass(slots=True)
class OwnOrder:
    """An order, its owner and his id for it. ``key`` names the session, also over a reconnect.

    ``cancel_id`` is his id of the last cancel, ``paid`` the sum of price times quantity of the fills.
    """

    number: int
    key: bytes
    client_id: bytes
    instrument: Instrument
    side: int
    price: int
    quantity: int
    cancel_id: bytes = b""
    paid: int = 0


class OrderEntry:
    """Orders of all sessions on the paper exchanges of the market."""

    def __init__(self, market: Market, script: FaultScript) -> None:
        self.market = market
        self.script = script
        self.orders_received = 0
        self.undeliverable = 0
        self.said = 0
        self._orders: dict[int, OwnOrder] = {}
        self._numbers: dict[tuple[bytes, bytes], int] = {}
        self._owners: dict[bytes, Owner] = {}
        self._withheld: set[int] = set()

    def join(self, key: bytes, owner: Owner) -> None:
        """From now on ``owner`` is told of the orders of ``key``."""
        self._owners[key] = owner

    def leave(self, key: bytes) -> None:
        """Nobody is told of the orders of ``key`` any more."""
        self._owners.pop(key, None)

    def new(
        self, key: bytes, client_id: bytes, instrument: Instrument, *, side: int, price: int, quantity: int, ioc: bool
    ) -> bool:
        """Take a limit order; False for an id that this session has used."""
        if (key, client_id) in self._numbers:
            return False
        self.orders_received += 1
        number = self.orders_received
        order = OwnOrder(number, key, client_id, instrument, side, price, quantity)
        self._orders[number] = order
        self._numbers[key, client_id] = number
        self._forget(number - KEPT)
        withheld = self.script.at_order(number)
        if withheld:
            self._withheld.add(number)
        instrument.paper.new(number, side, price, quantity, monotonic_ns(), ioc=ioc)
        self.deliver(instrument)
        if withheld and (owner := self._owners.get(key)) is not None:
            owner.on_unknown(order)
        return True

    def _forget(self, number: int) -> None:
        old = self._orders.get(number)
        if old is not None and number not in old.instrument.paper.open_orders:
            del self._orders[number]
            del self._numbers[old.key, old.client_id]
            self._withheld.discard(number)

    def find(self, key: bytes, client_id: bytes) -> OwnOrder | None:
        """The order of this session with this id."""
        return self._orders.get(self._numbers.get((key, client_id), 0))

    def cancel(self, order: OwnOrder, cancel_id: bytes = b"") -> None:
        """Take a cancel, which its owner names ``cancel_id``; one of all orders has no name for each."""
        order.cancel_id = cancel_id or order.cancel_id
        order.instrument.paper.cancel(order.number, monotonic_ns())
        self.deliver(order.instrument)

    def cancel_all(self, key: bytes) -> int:
        """Cancel every order of a session that is on a book; how many."""
        numbers = [
            number
            for instrument in self.market.instruments.values()
            for number in instrument.paper.open_orders
            if self._orders[number].key == key
        ]
        for number in numbers:
            self.cancel(self._orders[number])
        return len(numbers)

    def query(self, order: OwnOrder) -> None:
        """Say again what became of an order."""
        self._withheld.discard(order.number)
        order.instrument.paper.query(order.number, monotonic_ns())
        self.deliver(order.instrument)

    def deliver(self, instrument: Instrument) -> None:
        """Let requests arrive and hand the reports out that have."""
        from lltool.kernels.paper import ReportKind

        now_ns = monotonic_ns()
        instrument.paper.advance(now_ns)
        for report in instrument.paper.reports(now_ns):
            order = self._orders.get(report.id)
            if order is not None and report.kind is ReportKind.FILL and not report.again:
                order.paid += report.price * report.quantity
            if report.id in self._withheld:
                continue
            owner = self._owners.get(order.key) if order is not None else None
            if owner is None or order is None:
                self.undeliverable += 1
            else:
                owner.on_report(order, report)

    async def pump(self) -> None:
        """Deliver what is under way, for ever."""
        while True:
            await asyncio.sleep(PUMP_SECONDS)
            for instrument in self.market.instruments.values():
                self.deliver(instrument)

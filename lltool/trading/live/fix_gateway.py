"""Order entry at a simulated exchange by FIX 4.4: paper orders that travel over a real session, on loopback only.

Orders and cancels are written in the kernel, from templates (``lltool.kernels.order_wire``): an order is bytes before
Python sees it. The sequence number of the next message therefore stands there, for the whole session.
"""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from lltool.trading.fix_session import FixSession, FixState, timestamp
from lltool.trading.live.backoff import Backoff

if TYPE_CHECKING:
    from lltool.kernels.desk import Desk
    from lltool.kernels.fix import Message
    from lltool.kernels.order_wire import FixOrderWire

HOST = "127.0.0.1"
PEER = b"EXCHANGE"
CLOSE_SECONDS = 1.0
MONEY_PLACES = 16
MONEY_UNIT = 10_000_000_000_000_000

_UNKNOWN_ORDER = b"5"
_ENDED = frozenset({b"2", b"4", b"8", b"C"})
"""OrdStatus of orders that are on no book."""


_GOOD_TILL_CANCELLED = b"1"


class _WireState(FixState):
    """The state of a session whose next sequence number stands where orders are written."""

    def __init__(self, wire: FixOrderWire) -> None:
        self._wire = wire
        super().__init__()

    @property
    def next_out(self) -> int:
        return self._wire.next_number

    @next_out.setter
    def next_out(self, number: int) -> None:
        self._wire.next_number = number


class FixGateway:
    """One session for all desks, kept up with back-off. A ClOrdID is the order's id; desk n has those of ``epoch`` + n.

    What is not answered is the watcher's business (``run``): it becomes unknown and is asked about.
    """

    def __init__(self, desks: list[Desk], port: int, sender: bytes, epoch: int) -> None:
        from lltool.kernels.order_wire import FixOrderWire

        self._desks, self._epoch = desks, epoch
        self._port, self._sender = port, sender
        self._wire = FixOrderWire(
            sender=sender,
            target=PEER,
            symbols=[desk.symbol.encode() for desk in desks],
            in_force=_GOOD_TILL_CANCELLED,
        )
        for desk in desks:
            desk.write_orders_with(self._wire)
        self._state = _WireState(self._wire)
        self._session: FixSession | None = None
        self._backoff = Backoff()
        self._stopped = asyncio.Event()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._fresh = True
        self._requests = 0
        self.unexplained = 0
        self.unsent = 0
        self.missing = 0

    @property
    def connected(self) -> bool:
        return self._session is not None and self._session.logged_on

    async def start(self) -> None:
        self._task = asyncio.ensure_future(self._keep_up())

    async def stop(self) -> None:
        self._stopped.set()
        if self._session is not None:
            self._session.close("the session has ended")
        if self._task is not None:
            # A peer that does not read keeps the session from closing: it is not waited for.
            await asyncio.wait({self._task}, timeout=CLOSE_SECONDS)
            self._task.cancel()

    async def _keep_up(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopped.is_set():
            try:
                await asyncio.wait_for(self._stopped.wait(), self._backoff.next_delay())
            except TimeoutError:
                pass
            else:
                return
            self._ended.clear()
            connected_at = loop.time()
            try:
                await loop.create_connection(self._new_session, HOST, self._port)
            except OSError:
                continue
            await self._ended.wait()
            self._backoff.live_for(loop.time() - connected_at)

    def _new_session(self) -> FixSession:
        self._session = FixSession(
            self, own=self._sender, peer=PEER, state=self._state, initiator=True, reset=self._fresh, resend=False
        )
        return self._session

    # --- the session tells ----------------------------------------------------------------------------------------

    def on_logon(self, session: FixSession) -> None:
        self._fresh = False

    def on_end(self, session: FixSession, reason: str) -> None:
        """Whatever was on its way has an unknown fate."""
        from lltool.kernels.router import OrderEvent, OrderState
        from lltool.trading.exchange.market import monotonic_ns

        self._ended.set()
        for desk in self._desks:
            for order in desk.router.live_orders():
                if order.state in {OrderState.PENDING_NEW, OrderState.PENDING_CANCEL}:
                    desk.on(order.id, OrderEvent.LOST, monotonic_ns())

    def on_message(self, session: FixSession, message: Message) -> None:
        from lltool.trading.exchange.market import monotonic_ns

        now_ns = monotonic_ns()
        kind = message[35]
        if kind == b"8":
            self._on_execution(message, now_ns)
        elif kind == b"9":
            self._on_cancel_rejected(message, now_ns)
        elif kind == b"j" and 379 in message:
            self._on_unknown(message, now_ns)
        elif kind != b"r":
            self.unexplained += 1

    def _find(self, name: bytes) -> tuple[int, Desk] | None:
        """The order of this ClOrdID."""
        order_id = int(name) if name.isdigit() else 0
        number = (order_id >> 32) - self._epoch
        if not 0 <= number < len(self._desks):
            self.unexplained += 1
            return None
        return order_id, self._desks[number]

    def _on_execution(self, message: Message, now_ns: int) -> None:
        from lltool.kernels.router import OrderEvent

        # A cancel's report repeats the order's own id in 41.
        found = self._find(message[41] if 41 in message else message[11])
        if found is None:
            return
        order_id, desk = found
        kind, status = message[150], message[39]
        if kind == b"F":
            execution = message[17]
            desk.fill(
                order_id,
                int(execution) if execution.isdigit() else zlib.crc32(execution) + 1,
                message.decimal(31),
                message.decimal(32),
                message.decimal(14),
                _money(message[12]) if 12 in message else 0,
                now_ns,
            )
            return
        unknown = status == b"8" and 103 in message and message[103] == _UNKNOWN_ORDER
        event = (
            OrderEvent.NOT_FOUND
            if unknown
            else {
                b"0": OrderEvent.ACCEPTED,
                b"1": OrderEvent.ACCEPTED,
                b"4": OrderEvent.CANCELED,
                b"8": OrderEvent.REJECTED,
                b"C": OrderEvent.EXPIRED,
            }.get(status)
        )
        if event is not None and desk.on(order_id, event, now_ns):
            self.missing += event is OrderEvent.NOT_FOUND

    def _on_cancel_rejected(self, message: Message, now_ns: int) -> None:
        from lltool.kernels.router import OrderEvent, OrderState

        found = self._find(message[41])
        if found is None:
            return
        order_id, desk = found
        if message[102] == b"1":
            desk.on(order_id, OrderEvent.NOT_FOUND, now_ns)
            return
        order = desk.router.find(order_id)
        if order is not None and order.state < OrderState.FILLED and message[39] in _ENDED:
            # It has ended, and how was not heard.
            desk.on(order_id, OrderEvent.LOST, now_ns)
            self.query(desk, order_id, now_ns)
        else:
            desk.on(order_id, OrderEvent.CANCEL_REJECTED, now_ns)

    def _on_unknown(self, message: Message, now_ns: int) -> None:
        """The exchange itself does not know: the order is asked about, never sent again."""
        from lltool.kernels.router import OrderEvent

        found = self._find(message[379])
        if found is not None:
            order_id, desk = found
            desk.on(order_id, OrderEvent.LOST, now_ns)
            self.query(desk, order_id, now_ns)

    # --- the run asks ---------------------------------------------------------------------------------------------

    def send(self, desk: Desk, now_ns: int) -> None:
        from lltool.kernels.router import OrderEvent

        order_id, message = desk.out[0], desk.message
        if self._session is None or not self._session.logged_on or message is None:
            self._wire.next_number -= 1  # the number that the order took was not used
            self.unsent += 1
            desk.router.sent()
            desk.on(order_id, OrderEvent.REJECTED, now_ns)
            return
        self._session.send_written(message)
        desk.sent()

    def cancel(self, desk: Desk, order_id: int, now_ns: int) -> None:
        order = desk.router.find(order_id)
        if order is not None and self._session is not None and self._session.logged_on:
            number = self._desks.index(desk) + 1
            self._session.send_written(self._wire.cancel(number, order_id, order.side, order.quantity))

    def query(self, desk: Desk, order_id: int, now_ns: int) -> None:
        order = desk.router.find(order_id)
        if order is not None and self._session is not None and self._session.logged_on:
            symbol = desk.symbol.encode()
            self._session.send(b"H", [(11, b"%d" % order_id), (55, symbol), (54, b"2" if order.side else b"1")])

    def cancel_all(self, now_ns: int) -> None:
        if self._session is not None and self._session.logged_on:
            self._requests += 1
            self._session.send(b"q", [(11, b"R%d" % self._requests), (530, b"7"), (60, timestamp())])


def _money(text: bytes) -> int:
    """A decimal in units of 1e-16, exact."""
    sign = -1 if text.startswith(b"-") else 1
    whole, _, places = text.lstrip(b"-").partition(b".")
    return sign * (int(whole or b"0") * MONEY_UNIT + int(places.ljust(MONEY_PLACES, b"0")[:MONEY_PLACES]))

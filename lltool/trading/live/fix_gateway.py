"""Order entry at a simulated exchange by FIX 4.4: paper orders that travel over a real session, on loopback only."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING

from lltool.trading.fix_session import FixSession, FixState, timestamp
from lltool.trading.live.backoff import Backoff

if TYPE_CHECKING:
    from lltool.kernels.desk import Desk
    from lltool.kernels.fix import Message

HOST = "127.0.0.1"
PEER = b"EXCHANGE"
MONEY_PLACES = 16
MONEY_UNIT = 10_000_000_000_000_000

_UNKNOWN_ORDER = b"5"
_ENDED = frozenset({b"2", b"4", b"8", b"C"})
"""OrdStatus of orders that are on no book."""


class FixGateway:
    """One session for all desks, kept up with back-off. A ClOrdID is the desk's number and the id in its router.

    What is not answered is the watcher's business (``run``): it becomes unknown and is asked about.
    """

    def __init__(self, desks: list[Desk], port: int, sender: bytes) -> None:
        self._desks = desks
        self._port, self._sender = port, sender
        self._state = FixState()
        self._session: FixSession | None = None
        self._backoff = Backoff()
        self._stopped = asyncio.Event()
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._fresh = True
        self._requests = 0
        self.unexplained = 0
        self.unsent = 0

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
            await self._task

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
            self, own=self._sender, peer=PEER, state=self._state, initiator=True, reset=self._fresh
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

    def _name(self, desk: Desk, order_id: int) -> bytes:
        return b"%d.%d" % (self._desks.index(desk), order_id)

    def _find(self, name: bytes) -> tuple[int, Desk] | None:
        """The order of this ClOrdID."""
        number, dot, order_id = name.partition(b".")
        if not (dot and number.isdigit() and order_id.isdigit() and int(number) < len(self._desks)):
            self.unexplained += 1
            return None
        return int(order_id), self._desks[int(number)]

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
        if event is not None:
            desk.on(order_id, event, now_ns)

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
        from lltool.kernels.fix import decimal
        from lltool.kernels.router import OrderEvent

        order_id, side, price, quantity = desk.out
        if self._session is None or not self._session.logged_on:
            self.unsent += 1
            desk.router.sent()
            desk.on(order_id, OrderEvent.REJECTED, now_ns)
            return
        self._session.send(
            b"D",
            [
                (11, self._name(desk, order_id)), (55, desk.symbol.encode()), (54, _side(side)), (60, timestamp()),
                (38, decimal(quantity)), (40, b"2"), (44, decimal(price)), (59, b"1"),
            ],
        )  # fmt: skip
        desk.sent()

    def cancel(self, desk: Desk, order_id: int, now_ns: int) -> None:
        self._ask(b"F", desk, order_id, [(41, self._name(desk, order_id)), (11, self._request_id())])

    def query(self, desk: Desk, order_id: int, now_ns: int) -> None:
        self._ask(b"H", desk, order_id, [(11, self._name(desk, order_id))])

    def cancel_all(self, now_ns: int) -> None:
        if self._session is not None and self._session.logged_on:
            self._session.send(b"q", [(11, self._request_id()), (530, b"7"), (60, timestamp())])

    def _ask(self, kind: bytes, desk: Desk, order_id: int, fields: list[tuple[int, bytes]]) -> None:
        order = desk.router.find(order_id)
        if order is not None and self._session is not None and self._session.logged_on:
            more = [(60, timestamp())] if kind == b"F" else []
            self._session.send(kind, [*fields, (55, desk.symbol.encode()), (54, _side(order.side)), *more])

    def _request_id(self) -> bytes:
        self._requests += 1
        return b"R%d" % self._requests


def _side(side: int) -> bytes:
    return b"2" if side else b"1"


def _money(text: bytes) -> int:
    """A decimal in units of 1e-16, exact."""
    sign = -1 if text.startswith(b"-") else 1
    whole, _, places = text.lstrip(b"-").partition(b".")
    return sign * (int(whole or b"0") * MONEY_UNIT + int(places.ljust(MONEY_PLACES, b"0")[:MONEY_PLACES]))

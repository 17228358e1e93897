"""Order entry by FIX 4.4: NewOrderSingle, OrderCancelRequest, OrderStatusRequest, OrderMassCancelRequest.

Prices and quantities are decimals, side 1 buys and 2 sells, time in force 1 (good till cancelled) or 3 (immediate or
cancel). A status request is answered by the order's fills again (PossResend) and its state. Sessions outlive their
connection: what could not be sent is resent when the peer asks for it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lltool.trading.exchange.order_entry import OrderEntry, OwnOrder
from lltool.trading.fix_session import FixSession, FixState

if TYPE_CHECKING:
    from lltool.kernels.fix import Message
    from lltool.kernels.paper import Report

COMP_ID = b"EXCHANGE"

_UNKNOWN_ORDER = b"5"  # OrdRejReason
_OTHER = b"99"


class FixEntry:
    """All FIX sessions, by their SenderCompID."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.states: dict[bytes, FixState] = {}

    async def start(self, host: str, port: int) -> tuple[asyncio.Server, int]:
        """Listen; the server and its port."""
        server = await asyncio.get_running_loop().create_server(
            lambda: _Acceptor(self, _Owner(self.entry), own=COMP_ID, peer=None), host, port
        )
        return server, server.sockets[0].getsockname()[1]


class _Acceptor(FixSession):
    """A session whose state is found by the peer's name in its logon."""

    def __init__(self, sessions: FixEntry, owner: _Owner, *, own: bytes, peer: bytes | None) -> None:
        super().__init__(owner, own=own, peer=peer)
        self._sessions = sessions

    def _take(self, message: Message) -> None:
        if self.peer is None and 49 in message:
            self.state = self._sessions.states.setdefault(message[49], FixState())
        super()._take(message)


class _Owner:
    """One connection's session as an owner of orders."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.session: FixSession | None = None
        self.key = b""

    def on_logon(self, session: FixSession) -> None:
        self.session = session
        self.key = b"fix:" + (session.peer or b"")
        self.entry.join(self.key, self)

    def on_end(self, session: FixSession, reason: str) -> None:
        """He stays the owner of his orders: what is said meanwhile is numbered, kept, and resent when asked for."""

    def on_message(self, session: FixSession, message: Message) -> None:
        take = {b"D": self._new, b"F": self._cancel, b"H": self._status, b"q": self._cancel_all}.get(message[35])
        if take is None:
            _business_reject(session, message, b"3", "this message is not supported")
            return
        try:
            take(session, message)
        except KeyError as missing:
            _business_reject(session, message, b"5", f"field {missing} is missing")
        except ValueError as wrong:
            _business_reject(session, message, b"0", str(wrong))

    def _new(self, session: FixSession, message: Message) -> None:
        client_id = message[11]
        instrument = self.entry.market.instruments.get(message[55].decode("latin-1"))
        side = {b"1": 0, b"2": 1}.get(message[54])
        in_force = _value(message, 59) or b"1"
        price, quantity = message.decimal(44), message.decimal(38)
        refusal = (
            "unknown symbol" if instrument is None
            else "side is neither 1 nor 2" if side is None
            else "only limit orders" if message[40] != b"2"
            else "time in force is neither 1 nor 3" if in_force not in {b"1", b"3"}
            else ""
        )  # fmt: skip
        if not refusal and instrument is not None and side is not None:
            if self.entry.new(
                self.key, client_id, instrument, side=side, price=price, quantity=quantity, ioc=in_force == b"3"
            ):
                return
            refusal = "DUPLICATE_ID"
        session.send(
            b"8",
            [
                (37, b"NONE"), (11, client_id), (17, b"0"), (150, b"8"), (39, b"8"), (55, message[55]),
                (54, message[54]), (38, message[38]), (151, b"0"), (14, b"0"), (6, b"0"), (103, _OTHER),
                (58, refusal.encode()),
            ],
        )  # fmt: skip

    def _cancel(self, session: FixSession, message: Message) -> None:
        order = self.entry.find(self.key, message[41])
        if order is not None:
            self.entry.cancel(order, message[11])
            return
        session.send(b"9", [(37, b"NONE"), (11, message[11]), (41, message[41]), (39, b"8"), (434, b"1"), (102, b"1")])

    def _status(self, session: FixSession, message: Message) -> None:
        order = self.entry.find(self.key, message[11])
        if order is not None:
            self.entry.query(order)
            return
        session.send(
            b"8",
            [
                (37, b"NONE"), (11, message[11]), (17, b"0"), (150, b"I"), (39, b"8"), (55, message[55]),
                (54, message[54]), (151, b"0"), (14, b"0"), (6, b"0"), (103, _UNKNOWN_ORDER), (58, b"unknown order"),
            ],
        )  # fmt: skip

    def _cancel_all(self, session: FixSession, message: Message) -> None:
        count = self.entry.cancel_all(self.key)
        session.send(
            b"r", [(37, b"0"), (11, message[11]), (530, message[530]), (531, message[530]), (533, b"%d" % count)]
        )

    def on_unknown(self, order: OwnOrder) -> None:
        if self.session is not None:
            self.session.send(
                b"j",
                [
                    (372, b"D"), (379, order.client_id), (380, b"0"),
                    (58, b"execution status unknown (-1007): ask with OrderStatusRequest"),
                ],
            )  # fmt: skip

    def on_report(self, order: OwnOrder, report: Report) -> None:
        from lltool.kernels.paper import ReportKind

        if self.session is None:
            return
        if report.kind is ReportKind.CANCEL_REJECTED:
            status = b"2" if report.cumulative == order.quantity else b"4"
            self.session.send(
                b"9",
                [
                    (37, b"%d" % order.number), (11, order.cancel_id or order.client_id), (41, order.client_id),
                    (39, status), (434, b"1"), (102, b"0"),
                ],
            )  # fmt: skip
            return
        self.entry.said += 1
        self.session.send(b"8", _execution(order, report, self.entry.said), possible_resend=report.again)


def _execution(order: OwnOrder, report: Report, number: int) -> list[tuple[int, bytes]]:
    from lltool.kernels.fix import decimal
    from lltool.kernels.paper import ReportKind

    open_status = b"1" if 0 < report.cumulative < order.quantity else b"0"
    kind, status = {
        ReportKind.ACCEPTED: (b"0", open_status),
        ReportKind.REJECTED: (b"8", b"8"),
        ReportKind.FILL: (b"F", b"2" if report.cumulative == order.quantity else b"1"),
        ReportKind.CANCELED: (b"4", b"4"),
        ReportKind.EXPIRED: (b"C", b"C"),
        ReportKind.NOT_FOUND: (b"I", b"8"),
    }[report.kind]
    if report.again and report.kind is not ReportKind.FILL:
        kind = b"I"
    ends = report.kind is ReportKind.CANCELED and order.cancel_id != b"" and not report.again
    named: list[tuple[int, bytes]] = [(11, order.cancel_id), (41, order.client_id)] if ends else [(11, order.client_id)]
    execution_id = b"%d" % report.execution_id if report.execution_id else b"S%d" % number
    average = order.paid // report.cumulative if report.cumulative else 0
    left = order.quantity - report.cumulative if status in {b"0", b"1"} else 0
    fields = [
        (37, b"%d" % order.number), *named, (17, execution_id), (150, kind), (39, status),
        (55, order.instrument.symbol.encode()), (54, b"2" if order.side else b"1"),
        (38, decimal(order.quantity)), (44, decimal(order.price)), (151, decimal(left)),
        (14, decimal(report.cumulative)), (6, decimal(average)),
    ]  # fmt: skip
    if report.kind is ReportKind.FILL:
        fields += [
            (32, decimal(report.quantity)), (31, decimal(report.price)),
            (851, b"1" if report.maker else b"2"), (12, _money(report.fee)), (13, b"3"),
        ]  # fmt: skip
    if report.kind is ReportKind.REJECTED:
        fields += [(103, _OTHER), (58, report.reason.name.encode())]
    if report.kind is ReportKind.NOT_FOUND:
        fields += [(103, _UNKNOWN_ORDER), (58, b"unknown order")]
    return fields


def _money(value: int) -> bytes:
    """Units of 1e-16, exact."""
    sign, digits = ("-" if value < 0 else ""), f"{abs(value):017d}"
    return f"{sign}{digits[:-16]}.{digits[-16:]}".rstrip("0").rstrip(".").encode()


def _value(message: Message, tag: int) -> bytes:
    """Value of a field that may be missing: then nothing."""
    return message[tag] if tag in message else b""  # noqa: SIM401 - a message is no dictionary


def _business_reject(session: FixSession, message: Message, reason: bytes, text: str) -> None:
    session.send(b"j", [(45, message[34]), (372, message[35]), (380, reason), (58, text.encode())])

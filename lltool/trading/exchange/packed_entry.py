"""Order entry by packed messages over TCP: 32-byte orders in (``kernels/include/llt_order_message.h``), reports out.

An order is type (u8: 1 new, 2 cancel, 3 query, 4 logon), side (u8: 0 buys, 1 sells), two bytes 0, symbol_id (u32, from
1), order_id (u64), price (i64 x 10^8), quantity (u64 x 10^8); little endian. A query asks about an order, whose fills
are then told again. The price and quantity of a cancel and of a query say nothing. A logon comes first or not at all:
its order_id is a number of the client's, and whoever logs on with it later owns the same orders.

A report has 48 bytes: kind (u8, ``kernels.paper.ReportKind``; 255: the execution's status is unknown, ask), reason (u8,
``kernels.paper.Reason``), again (u8: the answer to a query), maker (u8), symbol_id (u32), order_id (u64),
execution_id (u64), price (i64), quantity (u64), cumulative (u64). A connection without logon is an owner of its own.
Its orders stay when it ends, and nobody is told of them until their owner is back. Bytes that are no order end the
connection.
"""

from __future__ import annotations

import asyncio
import struct
from itertools import count
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from lltool.kernels.paper import Report
    from lltool.trading.exchange.market import Instrument
    from lltool.trading.exchange.order_entry import OrderEntry, OwnOrder

ORDER = struct.Struct("<BBHIQqQ")
REPORT = struct.Struct("<BBBBIQQqQQ")
NEW, CANCEL, QUERY, LOGON = 1, 2, 3, 4
STATUS_UNKNOWN = 255

_connections = count(1)


class PackedEntry:
    """All connections that send packed orders."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.by_id = {instrument.symbol_id: instrument for instrument in entry.market.instruments.values()}
        self.garbled = 0

    async def start(self, host: str, port: int) -> tuple[asyncio.Server, int]:
        """Listen; the server and its port."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), host, port)
        return server, server.sockets[0].getsockname()[1]


class _Connection(asyncio.Protocol):
    def __init__(self, packed: PackedEntry) -> None:
        self._packed = packed
        self._key = b"packed:%d" % next(_connections)
        self._pending = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._packed.entry.join(self._key, self)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._packed.entry.leave(self._key)

    def data_received(self, data: bytes) -> None:
        data = self._pending + data
        whole = len(data) - len(data) % ORDER.size
        self._pending = data[whole:]
        for kind, side, reserved, symbol_id, order_id, price, quantity in ORDER.iter_unpack(data[:whole]):
            if kind == LOGON:
                self._log_on(order_id)
                continue
            instrument = self._packed.by_id.get(symbol_id)
            if kind not in {NEW, CANCEL, QUERY} or reserved or instrument is None or quantity >= 1 << 63:
                self._packed.garbled += 1
                if self._transport is not None:
                    self._transport.close()
                return
            self._take(kind, instrument, order_id, (side, price, quantity))

    def _log_on(self, number: int) -> None:
        self._packed.entry.leave(self._key)
        self._key = b"packed-owner:%d" % number
        self._packed.entry.join(self._key, self)

    def _take(self, kind: int, instrument: Instrument, order_id: int, wanted: tuple[int, int, int]) -> None:
        from lltool.kernels.paper import Reason, ReportKind

        entry, client_id = self._packed.entry, b"%d" % order_id
        side, price, quantity = wanted
        if kind == NEW:
            if not entry.new(self._key, client_id, instrument, side=side, price=price, quantity=quantity, ioc=False):
                self._write(ReportKind.REJECTED, Reason.DUPLICATE_ID, instrument, order_id)
            return
        order = entry.find(self._key, client_id)
        if order is None:
            self._write(ReportKind.NOT_FOUND, Reason.NONE, instrument, order_id, again=kind == QUERY)
        elif kind == CANCEL:
            entry.cancel(order)
        else:
            entry.query(order)

    def _write(
        self, kind: int, reason: int, instrument: Instrument, order_id: int, *, again: bool = False,
        maker: bool = False, execution_id: int = 0, price: int = 0, quantity: int = 0, cumulative: int = 0,
    ) -> None:  # fmt: skip
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(
                REPORT.pack(
                    kind,
                    reason,
                    again,
                    maker,
                    instrument.symbol_id,
                    order_id,
                    execution_id,
                    price,
                    quantity,
                    cumulative,
                )
            )

    def on_report(self, order: OwnOrder, report: Report) -> None:
        self._write(
            report.kind,
            report.reason,
            order.instrument,
            int(order.client_id),
            again=report.again,
            maker=report.maker,
            execution_id=report.execution_id,
            price=report.price,
            quantity=max(report.quantity, 0),
            cumulative=report.cumulative,
        )

    def on_unknown(self, order: OwnOrder) -> None:
        self._write(STATUS_UNKNOWN, 0, order.instrument, int(order.client_id))

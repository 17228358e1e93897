"""The market as packed 29-byte messages (``kernels/include/llt_message.h``), over TCP and UDP.

A quote sets the whole quantity at a price, 0 takes the level away. The top bit of ``symbol_id`` is the side: 0 the
bids, 1 the asks; of a trade the side that was resting: 0 when the seller came to it. ``timestamp_ns`` is CLOCK_REALTIME
when it was sent. A TCP client gets the book first, then every change. A datagram holds whole messages and has no
number: who needs to know what is missing uses TCP.

Of the faults, drop, duplicate, reorder, silence, half-frame (half a message) and close happen here too.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from lltool.trading.exchange.streams import SLOW_BYTES

if TYPE_CHECKING:
    from lltool.trading.exchange.market import Instrument, Market, Published

ASK_BIT = 1 << 31
MESSAGES_A_DATAGRAM = 48
"""Below the 1500 bytes of an Ethernet frame."""


class Feed:
    """Sends what is published to TCP clients and, with ``udp_port``, to that port of ``host``."""

    def __init__(self, market: Market, host: str, udp_port: int | None) -> None:
        import numpy as np

        self._type = np.dtype(
            [("type", "u1"), ("symbol_id", "<u4"), ("price", "<i8"), ("quantity", "<u8"), ("timestamp_ns", "<u8")]
        )
        self.market = market
        self.messages = 0
        self.slow_clients = 0
        self.joined = asyncio.Event()
        self._host, self._udp_port = host, udp_port
        self._clients: set[asyncio.Transport] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._held = b""

    async def start(self, host: str, port: int) -> tuple[asyncio.Server, int]:
        """Listen; the server and its port."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Client(self), host, port)
        if self._udp_port is not None:
            self._udp, _ = await loop.create_datagram_endpoint(
                asyncio.DatagramProtocol, remote_addr=(self._host, self._udp_port)
            )
        return server, server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close every connection."""
        for client in list(self._clients):
            client.close()
        if self._udp is not None:
            self._udp.close()

    def join(self, client: asyncio.Transport) -> None:
        """A client: it gets the books as they are, and from then on every change."""
        for instrument in self.market.instruments.values():
            bids, asks, _ = instrument.book.snapshot()
            client.write(self._quotes(instrument, bids, asks))
        self._clients.add(client)
        self.joined.set()

    def leave(self, client: asyncio.Transport) -> None:
        """A client is gone."""
        self._clients.discard(client)

    def publish(self, published: Published, faults: set[str]) -> None:
        """Send a message, unless its faults keep it back."""
        from lltool.kernels.binance_json import DEPTH, TRADE

        event = published.event
        if event.kind == DEPTH:
            packed = self._quotes(published.instrument, event.bids, event.asks)
        elif event.kind == TRADE:
            packed = self._trade(published.instrument, event)
        else:
            return
        if "drop" in faults:
            return
        if "reorder" in faults:
            self._held += packed
            return
        packed = packed * (2 if "duplicate" in faults else 1) + self._held
        self._held = b""
        if "half-frame" in faults or "close" in faults:
            for client in list(self._clients):
                client.write(packed[: self._type.itemsize // 2] if "half-frame" in faults else b"")
                client.close()
            return
        self._send(packed)

    def _send(self, packed: bytes) -> None:
        self.messages += len(packed) // self._type.itemsize
        for client in list(self._clients):
            if client.get_write_buffer_size() > SLOW_BYTES:
                self.slow_clients += 1
                client.abort()
            elif not client.is_closing():
                client.write(packed)
        if self._udp is not None:
            size = MESSAGES_A_DATAGRAM * self._type.itemsize
            for at in range(0, len(packed), size):
                self._udp.sendto(packed[at : at + size])

    def _quotes(self, instrument: Instrument, bids: Any, asks: Any) -> bytes:
        import numpy as np

        from lltool.kernels.message import QUOTE

        messages = np.zeros(len(bids) + len(asks), self._type)
        messages["type"] = QUOTE
        messages["symbol_id"] = instrument.symbol_id
        messages["symbol_id"][len(bids) :] |= ASK_BIT
        for name in ("price", "quantity"):
            messages[name][: len(bids)] = bids[name]
            messages[name][len(bids) :] = asks[name]
        messages["timestamp_ns"] = time.time_ns()
        packed: bytes = messages.tobytes()
        return packed

    def _trade(self, instrument: Instrument, event: Any) -> bytes:
        from lltool.kernels.message import TRADE, pack

        side = 0 if event.buyer_is_maker else ASK_BIT
        return pack(TRADE, instrument.symbol_id | side, event.price, event.quantity, time.time_ns())


class _Client(asyncio.Protocol):
    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._feed.join(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._feed.leave(self._transport)

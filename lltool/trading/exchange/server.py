"""The whole exchange on one event loop: plays the market at its pace, streams it, takes orders."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lltool.errors import LltoolError
from lltool.trading.exchange.fix_entry import FixEntry
from lltool.trading.exchange.market import Market, monotonic_ns
from lltool.trading.exchange.order_entry import OrderEntry
from lltool.trading.exchange.packed_entry import PackedEntry

BURST = 16
"""Messages that are played without letting the connections have a turn."""


LINGER_SECONDS = 1.0
"""After the last message, so that the clients have it before the connections close."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the exchange listens; 0 has the kernel choose."""

    streams: int = 0
    fix: int = 0
    feed: int = 0
    orders: int = 0


@dataclass(slots=True)
class Exchange:
    """A market and its doors. ``speed`` multiplies the pace of the recording; 0 plays as fast as it can."""

    market: Market
    lines: Iterable[tuple[int, bytes]]
    script: Any
    speed: float = 1.0
    host: str = "127.0.0.1"
    ping_seconds: float = 20.0
    udp_port: int | None = None
    played: int = 0
    refused_lines: int = 0
    ports: Ports = field(default_factory=Ports)
    streams: Any = None
    entry: OrderEntry = field(init=False)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.entry = OrderEntry(self.market, self.script)

    async def start(self, ports: Ports) -> Ports:
        """Open every door; the ports. Raises LltoolError for one that is taken."""
        from lltool.trading.exchange.feed import Feed
        from lltool.trading.exchange.streams import Streams

        self.streams = Streams(self.market, self.script, ping_seconds=self.ping_seconds)
        opened: list[int] = []
        self.streams.feed = Feed(self.market, self.host, self.udp_port)
        doors = (
            (self.streams, ports.streams),
            (FixEntry(self.entry), ports.fix),
            (self.streams.feed, ports.feed),
            (PackedEntry(self.entry), ports.orders),
        )
        for door, port in doors:
            try:
                server, number = await door.start(self.host, port)
            except OSError as error:
                await self.stop()
                raise LltoolError(
                    f"{self.host}:{port} cannot be listened on",
                    cause=os.strerror(error.errno) if error.errno else str(error),
                    next_step="choose another port; 0 has the kernel choose",
                ) from error
            self._servers.append(server)
            opened.append(number)
        self.ports = Ports(*opened)
        self._tasks.append(asyncio.ensure_future(self.entry.pump()))
        return self.ports

    async def play(self) -> None:
        """Play the market to its end."""
        loop = asyncio.get_running_loop()
        started, first_ns = loop.time(), None
        for at_ns, message in self.lines:
            first_ns = at_ns if first_ns is None else first_ns
            if self.speed > 0:
                early = started + (at_ns - first_ns) / 1e9 / self.speed - loop.time()
                if early > 0:
                    await asyncio.sleep(early)
            self.step(message)
            if self.played % BURST == 0:
                await asyncio.sleep(0)

    def step(self, message: bytes) -> None:
        """Let the market say its next message."""
        self.played += 1
        try:
            published = self.market.take(message, monotonic_ns())
        except ValueError:
            self.refused_lines += 1
            return
        if published is not None:
            self.entry.deliver(published.instrument)
            self.streams.publish(published)

    async def stop(self) -> None:
        """Close every door."""
        if self.streams is not None:
            self.streams.stop()
            if self.streams.feed is not None:
                self.streams.feed.stop()
        for task in self._tasks:
            task.cancel()
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)

    def statistics(self) -> dict[str, Any]:
        """What happened, for the report at the end."""
        return {
            "played": self.played,
            "refused_lines": self.refused_lines,
            "depth_events": self.streams.depth_events,
            "snapshots": self.streams.snapshots,
            "refused_snapshots": self.streams.refused,
            "packed_messages": self.streams.feed.messages,
            "slow_clients": self.streams.slow_clients + self.streams.feed.slow_clients,
            "orders": self.entry.orders_received,
            "undeliverable_reports": self.entry.undeliverable,
            "faults": dict(self.script.happened),
            "accounts": {
                symbol: instrument.paper.account._asdict() for symbol, instrument in self.market.instruments.items()
            },
        }


async def serve(exchange: Exchange, ports: Ports, *, wait: bool, tell: Callable[[str], None]) -> None:
    """Run ``exchange`` until its market has ended or SIGINT or SIGTERM comes; a second signal ends the process.

    With ``wait`` the market starts when the first client has subscribed. ``tell`` is told the addresses.
    """
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop(number: signal.Signals) -> None:
        stopped.set()
        loop.remove_signal_handler(number)

    opened = await exchange.start(ports)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop, number)
    tell(f"streams ws://{exchange.host}:{opened.streams}/ws, snapshots http://{exchange.host}:{opened.streams}")
    tell(f"streams in SBE ws://{exchange.host}:{opened.streams}/sbe/ws")
    tell(f"FIX {exchange.host}:{opened.fix}")
    tell(f"packed feed {exchange.host}:{opened.feed}, packed orders {exchange.host}:{opened.orders}")
    played = asyncio.ensure_future(_play(exchange, wait=wait))
    ending = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({played, ending}, return_when=asyncio.FIRST_COMPLETED)
        if played.done():
            played.result()
    finally:
        for task in (played, ending):
            task.cancel()
        await asyncio.gather(played, ending, return_exceptions=True)
        await exchange.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _play(exchange: Exchange, *, wait: bool) -> None:
    if wait:
        clients = [asyncio.ensure_future(e.wait()) for e in (exchange.streams.subscribed, exchange.streams.feed.joined)]
        await asyncio.wait(clients, return_when=asyncio.FIRST_COMPLETED)
        for client in clients:
            client.cancel()
    await exchange.play()
    await asyncio.sleep(LINGER_SECONDS)

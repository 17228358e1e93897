"""The sockets of a run on the packed feed: the market's, and that of orders and what is said of them."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lltool.trading.exchange.packed_entry import LOGON, ORDER
from lltool.trading.kernel_stamps import RECEIVE, TRANSMIT, stamp
from lltool.trading.live.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from lltool.kernels.trading_pipeline import TradingPipeline
    from lltool.trading.configuration import Packed

TIMEOUT_SECONDS = 5.0


@dataclass(slots=True)
class End:
    """One connection that is made again when it is lost, with back-off and full jitter."""

    name: str
    address: tuple[str, int]
    backoff: Backoff = field(default_factory=Backoff)
    connections: int = 0
    failures: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    open: socket.socket | None = None

    async def connect(self) -> socket.socket | None:
        """A connection, after the delay of this attempt; None when there is none to be had."""
        await asyncio.sleep(self.backoff.next_delay())
        fresh = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        fresh.setblocking(False)
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(fresh, self.address), TIMEOUT_SECONDS)
        except (OSError, TimeoutError) as error:
            fresh.close()
            self.lose(str(error) or type(error).__name__)
            return None
        self.connections += 1
        self.open = fresh
        return fresh

    def lose(self, reason: str) -> None:
        """It is gone, or could not be had."""
        self.failures += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.close()

    def close(self) -> None:
        """Close it."""
        if self.open is not None:
            self.open.close()
            self.open = None


class Ends:
    """Both, as ``pipeline`` uses them. ``owner`` is the number under which its orders are known to the exchange."""

    def __init__(self, settings: Packed, pipeline: TradingPipeline, owner: int, tell: Callable[[str], None]) -> None:
        self.feed = End("packed feed", (settings.host, settings.feed_port))
        self.orders = End("packed order entry", (settings.host, settings.order_port))
        self._pipeline, self._owner, self._tell = pipeline, owner, tell

    async def open_orders(self) -> bool:
        """Connect the way of orders, unless it is there: orders of an earlier connection belong to this one too."""
        fresh = await self._fresh(self.orders)
        if fresh is not None:
            self._pipeline.open_orders(fresh.fileno(), stamped=stamp(fresh, TRANSMIT) is None)
            self._pipeline.open_reports(fresh.fileno())
            self._pipeline.log_on(ORDER.pack(LOGON, 0, 0, 0, self._owner, 0, 0))
        return self.orders.open is not None

    async def open_feed(self) -> bool:
        """Connect the market, unless it is there: it tells of its books first."""
        fresh = await self._fresh(self.feed)
        if fresh is not None:
            self._pipeline.open_feed(fresh.fileno(), stream=True, stamped=stamp(fresh, RECEIVE) is None)
        return self.feed.open is not None

    async def _fresh(self, end: End) -> socket.socket | None:
        """A new connection; None where one is open, and where none is to be had."""
        if end.open is not None:
            return None
        fresh = await end.connect()
        if fresh is None and end.failures == 1:
            self._tell(f"no {end.name} at {end.address[0]}:{end.address[1]}: {next(iter(end.reasons))}; tried again")
        return fresh

    def close_orders(self, reason: str) -> None:
        """The way of orders is lost."""
        self._pipeline.open_reports(-1)
        self.orders.lose(reason)

    def close_feed(self, reason: str) -> None:
        """The market is lost."""
        self.feed.lose(reason)

    def close(self) -> None:
        """Close both: the run is over."""
        self._pipeline.open_reports(-1)
        self.orders.close()
        self.feed.close()

"""What the exchange's markets differ in: addresses, snapshots, limits, pings.

Sources: binance-spot-api-docs (rest-api.md, web-socket-streams.md, sbe-market-data-streams.md); the API documentation
of USD-M and COIN-M futures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Venue:
    """One market. A snapshot of up to ``limit`` levels weighs ``weight``, by ``weights``, ascending."""

    is_futures: bool
    stream_url: str
    rest_url: str
    depth_path: str
    weights: Sequence[tuple[int, int]]
    weight_a_minute: int
    ping_silence_ms: int
    """Three of the exchange's pings, and a reserve."""

    sbe_stream_url: str | None = None

    @property
    def largest_snapshot(self) -> int:
        """Levels of a snapshot, at most."""
        return self.weights[-1][0]

    def weight_of(self, limit: int) -> int:
        """What a snapshot of so many levels weighs; ValueError for more than there are."""
        for most, weight in self.weights:
            if limit <= most:
                return weight
        raise ValueError(f"{limit} levels: at most {self.largest_snapshot}")


_FUTURES_WEIGHTS = ((50, 2), (100, 5), (500, 10), (1000, 20))

VENUES = {
    "binance-spot": Venue(
        is_futures=False,
        stream_url="wss://data-stream.binance.vision/ws",
        rest_url="https://data-api.binance.vision",
        depth_path="/api/v3/depth",
        weights=((100, 5), (500, 25), (1000, 50), (5000, 250)),
        weight_a_minute=6000,
        ping_silence_ms=70_000,
        sbe_stream_url="wss://stream-sbe.binance.com/ws",
    ),
    "binance-usdm": Venue(
        is_futures=True,
        stream_url="wss://fstream.binance.com/ws",
        rest_url="https://fapi.binance.com",
        depth_path="/fapi/v1/depth",
        weights=_FUTURES_WEIGHTS,
        weight_a_minute=2400,
        ping_silence_ms=600_000,
    ),
    "binance-coinm": Venue(
        is_futures=True,
        stream_url="wss://dstream.binance.com/ws",
        rest_url="https://dapi.binance.com",
        depth_path="/dapi/v1/depth",
        weights=_FUTURES_WEIGHTS,
        weight_a_minute=2400,
        ping_silence_ms=600_000,
    ),
}
"""By the names that the configuration uses."""

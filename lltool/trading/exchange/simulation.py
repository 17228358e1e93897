"""A random market in Binance's spot messages: depth, trades, best prices. Equal seeds give equal markets.

Best prices come before the depth event that they belong to, as from the exchange, which sends depth at intervals.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

SCALE = 100_000_000
LEVELS = 20
"""A side: enough that an update has somewhere to go."""

UPDATES = 4
"""Of levels in a depth event, at most."""


def simulated_market(
    symbol: str, *, seed: int, tick: int, lot: int, price: int, rate_hz: float
) -> Iterator[tuple[int, bytes]]:
    """``(nanoseconds from the start, message)`` without end: a snapshot, then depth events, trades and best prices.

    ``tick``, ``lot`` and ``price`` (where it starts) are x 10^8. ``rate_hz`` is the mean number of depth events a
    second; their distances are exponential, as those of independent events.
    """
    market = _Market(symbol, random.Random(seed), tick, lot, price // tick * tick)  # noqa: S311 - a market, no secret
    now_ns = 0
    yield now_ns, market.snapshot()
    while True:
        now_ns += int(market.random.expovariate(rate_hz) * 1e9)
        for message in market.step(now_ns):
            yield now_ns, message


class _Market:
    def __init__(self, symbol: str, source: random.Random, tick: int, lot: int, price: int) -> None:
        self.symbol, self.random, self.tick, self.lot = symbol, source, tick, lot
        self.update_id = 1_000
        self.trade_id = 1
        self.bids = {price - tick * step: self.quantity() for step in range(1, LEVELS + 1)}
        self.asks = {price + tick * step: self.quantity() for step in range(1, LEVELS + 1)}

    def quantity(self) -> int:
        return self.lot * self.random.randint(1, 100_000)

    def snapshot(self) -> bytes:
        bids = sorted(self.bids.items(), reverse=True)
        asks = sorted(self.asks.items())
        return b'{"lastUpdateId":%d,"bids":%b,"asks":%b}' % (self.update_id, _levels(bids), _levels(asks))

    def step(self, now_ns: int) -> Iterator[bytes]:
        if self.random.random() < 0.5:
            yield self.trade(now_ns)
        first = self.update_id + 1
        changes = [self.change() for _ in range(self.random.randint(1, UPDATES))]
        self.update_id += len(changes)
        bids = [(price, quantity) for is_bid, price, quantity in changes if is_bid]
        asks = [(price, quantity) for is_bid, price, quantity in changes if not is_bid]
        bid, ask = max(self.bids), min(self.asks)
        yield b'{"u":%d,"s":"%b","b":"%b","B":"%b","a":"%b","A":"%b"}' % (
            self.update_id, self.symbol.encode(), _decimal(bid), _decimal(self.bids[bid]), _decimal(ask),
            _decimal(self.asks[ask]),
        )  # fmt: skip
        yield b'{"e":"depthUpdate","E":%d,"s":"%b","U":%d,"u":%d,"b":%b,"a":%b}' % (
            now_ns // 1_000_000, self.symbol.encode(), first, self.update_id, _levels(bids), _levels(asks)
        )  # fmt: skip

    def change(self) -> tuple[bool, int, int]:
        """One level set, taken away or added; the best bid stays below the best ask, and no side runs empty."""
        is_bid = self.random.random() < 0.5
        side, other = (self.bids, self.asks) if is_bid else (self.asks, self.bids)
        direction = -1 if is_bid else 1
        best = max(side) if is_bid else min(side)
        opposite = min(other) if is_bid else max(other)
        if len(side) > LEVELS and self.random.random() < 0.6:
            price = best if self.random.random() < 0.5 else self.random.choice(list(side))
            del side[price]
            return is_bid, price, 0
        price = best - direction * self.tick * self.random.randint(-LEVELS, 2)
        if direction * (price - opposite) <= 0:
            price = best
        side[price] = self.quantity()
        return is_bid, price, side[price]

    def trade(self, now_ns: int) -> bytes:
        sold = self.random.random() < 0.5
        price = max(self.bids) if sold else min(self.asks)
        self.trade_id += 1
        millis = now_ns // 1_000_000
        return b'{"e":"trade","E":%d,"s":"%b","t":%d,"p":"%b","q":"%b","T":%d,"m":%b,"M":true}' % (
            millis, self.symbol.encode(), self.trade_id, _decimal(price),
            _decimal(self.lot * self.random.randint(1, 20_000)), millis, b"true" if sold else b"false",
        )  # fmt: skip


def _decimal(value: int) -> bytes:
    return f"{Decimal(value) / SCALE:.8f}".encode()


def _levels(levels: list[tuple[int, int]]) -> bytes:
    return b"[" + b",".join(b'["%b","%b"]' % (_decimal(price), _decimal(quantity)) for price, quantity in levels) + b"]"

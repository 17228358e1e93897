"""A random market in Binance's messages: depth, trades, best prices. Equal seeds give equal markets.

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
    symbol: str, *, seed: int, tick: int, lot: int, price: int, rate_hz: float, venue: str = "binance-spot"
) -> Iterator[tuple[int, bytes]]:
    """``(nanoseconds from the start, message)`` without end: a snapshot, then depth events, trades and best prices.

    ``tick``, ``lot`` and ``price`` (where it starts) are x 10^8. ``rate_hz`` is the mean number of depth events a
    second; their distances are exponential, as those of independent events. ``venue`` gives the messages their form.
    """
    source = random.Random(seed)  # noqa: S311 - a market, no secret
    market = _Market(_FORMS[venue](symbol.encode()), source, tick, lot, price // tick * tick)
    now_ns = 0
    yield now_ns, market.snapshot()
    while True:
        now_ns += int(market.random.expovariate(rate_hz) * 1e9)
        for message in market.step(now_ns):
            yield now_ns, message


class _Spot:
    """Spot's form of each message; times are milliseconds, sides lists of levels already written."""

    def __init__(self, symbol: bytes) -> None:
        self.symbol = symbol

    def snapshot(self, update_id: int, bids: bytes, asks: bytes) -> bytes:
        return b'{"lastUpdateId":%d,"bids":%b,"asks":%b}' % (update_id, bids, asks)

    def best(self, millis: int, update_id: int, quote: tuple[bytes, bytes, bytes, bytes]) -> bytes:
        return b'{"u":%d,"s":"%b","b":"%b","B":"%b","a":"%b","A":"%b"}' % (update_id, self.symbol, *quote)

    def depth(self, millis: int, ids: tuple[int, int, int], bids: bytes, asks: bytes) -> bytes:
        """``ids`` are those of the first, the last and the previous event's last update."""
        return b'{"e":"depthUpdate","E":%d,"s":"%b","U":%d,"u":%d,"b":%b,"a":%b}' % (
            millis, self.symbol, *ids[:2], bids, asks
        )  # fmt: skip

    def trade(self, millis: int, trade_id: int, price: bytes, quantity: bytes, sold: bytes) -> bytes:
        return b'{"e":"trade","E":%d,"s":"%b","t":%d,"p":"%b","q":"%b","T":%d,"m":%b,"M":true}' % (
            millis, self.symbol, trade_id, price, quantity, millis, sold
        )  # fmt: skip


class _Futures(_Spot):
    """The same of USD-M futures."""

    @property
    def pair(self) -> bytes:
        """What stands behind the symbol."""
        return b""

    def snapshot(self, update_id: int, bids: bytes, asks: bytes) -> bytes:
        return b'{"lastUpdateId":%d,"E":0,"T":0,"bids":%b,"asks":%b}' % (update_id, bids, asks)

    def best(self, millis: int, update_id: int, quote: tuple[bytes, bytes, bytes, bytes]) -> bytes:
        return b'{"e":"bookTicker","u":%d,"s":"%b"%b,"b":"%b","B":"%b","a":"%b","A":"%b","T":%d,"E":%d}' % (
            update_id, self.symbol, self.pair, *quote, millis, millis
        )  # fmt: skip

    def depth(self, millis: int, ids: tuple[int, int, int], bids: bytes, asks: bytes) -> bytes:
        return b'{"e":"depthUpdate","E":%d,"T":%d,"s":"%b"%b,"U":%d,"u":%d,"pu":%d,"b":%b,"a":%b}' % (
            millis, millis, self.symbol, self.pair, *ids, bids, asks
        )  # fmt: skip

    def trade(self, millis: int, trade_id: int, price: bytes, quantity: bytes, sold: bytes) -> bytes:
        return b'{"e":"trade","E":%d,"T":%d,"s":"%b","t":%d,"p":"%b","q":"%b","X":"MARKET","m":%b}' % (
            millis, millis, self.symbol, trade_id, price, quantity, sold
        )  # fmt: skip


class _CoinFutures(_Futures):
    """The same of COIN-M futures, which name the pair beside the symbol."""

    @property
    def pair(self) -> bytes:
        return b',"ps":"%b"' % self.symbol.partition(b"_")[0]

    def snapshot(self, update_id: int, bids: bytes, asks: bytes) -> bytes:
        return b'{"lastUpdateId":%d,"symbol":"%b","pair":"%b","E":0,"T":0,"bids":%b,"asks":%b}' % (
            update_id, self.symbol, self.symbol.partition(b"_")[0], bids, asks
        )  # fmt: skip


_FORMS = {"binance-spot": _Spot, "binance-usdm": _Futures, "binance-coinm": _CoinFutures}


class _Market:
    def __init__(self, form: _Spot, source: random.Random, tick: int, lot: int, price: int) -> None:
        self.form, self.random, self.tick, self.lot = form, source, tick, lot
        self.update_id = 1_000
        self.trade_id = 1
        self.bids = {price - tick * step: self.quantity() for step in range(1, LEVELS + 1)}
        self.asks = {price + tick * step: self.quantity() for step in range(1, LEVELS + 1)}

    def quantity(self) -> int:
        return self.lot * self.random.randint(1, 100_000)

    def snapshot(self) -> bytes:
        bids = sorted(self.bids.items(), reverse=True)
        asks = sorted(self.asks.items())
        return self.form.snapshot(self.update_id, _levels(bids), _levels(asks))

    def step(self, now_ns: int) -> Iterator[bytes]:
        if self.random.random() < 0.5:
            yield self.trade(now_ns)
        previous, millis = self.update_id, now_ns // 1_000_000
        changes = [self.change() for _ in range(self.random.randint(1, UPDATES))]
        self.update_id += len(changes)
        bids = [(price, quantity) for is_bid, price, quantity in changes if is_bid]
        asks = [(price, quantity) for is_bid, price, quantity in changes if not is_bid]
        bid, ask = max(self.bids), min(self.asks)
        quote = _decimal(bid), _decimal(self.bids[bid]), _decimal(ask), _decimal(self.asks[ask])
        yield self.form.best(millis, self.update_id, quote)
        yield self.form.depth(millis, (previous + 1, self.update_id, previous), _levels(bids), _levels(asks))

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
        quantity = _decimal(self.lot * self.random.randint(1, 20_000))
        return self.form.trade(
            now_ns // 1_000_000, self.trade_id, _decimal(price), quantity, b"true" if sold else b"false"
        )


def _decimal(value: int) -> bytes:
    return f"{Decimal(value) / SCALE:.8f}".encode()


def _levels(levels: list[tuple[int, int]]) -> bytes:
    return b"[" + b",".join(b'["%b","%b"]' % (_decimal(price), _decimal(quantity)) for price, quantity in levels) + b"]"

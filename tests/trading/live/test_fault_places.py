"""Every kind of fault at random places, through sockets: exchange, session, snapshots, books, orders.

While a book is live its best prices are the market's own at that update, at every message, so nothing is traded on a
wrong one; each fault is noticed before the next one happens, and at the end the book is the undisturbed one, level for
level.
``LLTOOL_FAULT_PLACES=200`` (or any number) has each kind happen at so many places.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")
pytest.importorskip("picows", reason="needs picows")

from lltool.kernels.binance_json import FUTURES, SPOT, Parser
from lltool.kernels.sync import BookSync, State
from lltool.trading.exchange.faults import parse_faults
from lltool.trading.exchange.simulation import simulated_market
from lltool.trading.live.backoff import Backoff

PLACES = int(os.environ.get("LLTOOL_FAULT_PLACES", "1"))
FARTHEST = 40
"""Depth events, or orders, from one place to the next, at most."""

QUIET = 10
"""Depth events that follow a fault before the next one, and the end."""

SECONDS_A_PLACE = 10.0
PING_SECONDS = 0.3
"""Of five messages a second that a client may send, pongs included."""

KINDS: dict[str, tuple[str, ...]] = {
    "drop": ("drop@{}",),
    "duplicate": ("duplicate@{}",),
    "reorder": ("reorder@{}",),
    "half-frame": ("half-frame@{}",),
    "silence": ("silence@{}:0.5",),
    "ping-silence": ("ping-silence@{}:1.2",),
    "close": ("close@{}",),
    "server-shutdown": ("server-shutdown@{}:2",),
    "too-many-requests": ("too-many-requests@{}:0.2", "drop@{}"),
    "unknown-execution": ("unknown-execution@{}",),
}

NOTICED: dict[str, Callable[[Any], int]] = {
    "drop": lambda run: _book(run)["gaps"],
    "duplicate": lambda run: _book(run)["old"],
    "reorder": lambda run: _book(run)["gaps"],
    "half-frame": lambda run: _book(run)["disconnected"],
    "silence": lambda run: _book(run)["stale"],
    "ping-silence": lambda run: int(run.market_data.counters.ping_silences),
    "close": lambda run: _book(run)["disconnected"],
    "server-shutdown": lambda run: int(run.market_data.counters.shutdowns),
    "too-many-requests": lambda run: int(run.snapshots.refused),
}
"""How often each was, by who must notice it. An unknown execution leaves an unknown order, until it is asked about."""

COSTS_NO_GAP = {"duplicate", "ping-silence", "server-shutdown", "unknown-execution"}

FORMS = {
    "spot": ("binance-spot", "json", "/ws"),
    "sbe": ("binance-spot", "sbe", "/sbe/ws"),
    "futures": ("binance-usdm", "json", "/ws"),
}


def _book(run: Any) -> dict[str, int]:
    counts: dict[str, int] = run.floor.desks[0].sync.counts
    return counts


def best_of(book: BookSync) -> list[Any]:
    return [side[0].tolist() for side in book.levels()]


class Truth:
    """The undisturbed book, at most one message ahead of the exchange, and its best levels after each update."""

    def __init__(self, market: int) -> None:
        self.is_over = False
        self.book = BookSync(market)
        self.book.connect(0)
        self.best: dict[int, list[Any]] = {}
        self._parser = Parser()

    def before(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
        for at_ns, message in lines:
            if self.is_over:
                return
            if b"depthUpdate" in message or b"lastUpdateId" in message:
                self.book.take(self._parser.parse(message), 0)
                self.best[self.book.update_id] = best_of(self.book)
            yield at_ns, message


class Places:
    """Has ``kind`` happen at random places, one after the other, each when the one before it is over."""

    def __init__(self, kind: str, exchange: Any, run: Any, truth: Truth, source: random.Random) -> None:
        self.kind, self.exchange, self.run, self.truth, self.source = kind, exchange, run, truth, source
        self.begun = 0
        self.next_at = 0

    def count(self) -> int:
        if self.kind == "unknown-execution":
            return int(self.exchange.entry.orders_received)
        return int(self.exchange.streams.depth_events)

    def is_calm(self) -> bool:
        """The fault has happened and was noticed, the book is live, the connection there, and no order unknown."""
        desk, session = self.run.floor.desks[0], self.run.market_data
        return (
            self.exchange.script.happened.get(self.kind, 0) == self.begun
            and (self.kind not in NOTICED or NOTICED[self.kind](self.run) >= self.begun)
            and not self.exchange.streams.pings_are_silent
            and time.monotonic() > self.exchange.streams._silent_until
            and session.connected
            and (self.kind != "ping-silence" or session._current.pinged_at is not None)
            and self.run.gateway.connected
            and desk.sync.state is State.LIVE
            and desk.router.counters()["unknown"] == 0
            and self.count() > self.next_at + QUIET
        )

    def all_happened(self) -> bool:
        """Whether they have, the market has ended then, and the book is at its last update."""
        if self.truth.is_over:
            return bool(self.run.floor.desks[0].sync.update_id == self.truth.book.update_id)
        if not self.is_calm():
            return False
        if self.begun == PLACES:
            self.truth.is_over = True
            return False
        self.begun += 1
        self.next_at = self.count() + self.source.randint(1, FARTHEST)
        for fault in parse_faults([text.format(self.next_at) for text in KINDS[self.kind]]):
            key = (fault.kind == "unknown-execution", fault.at)
            self.exchange.script._due.setdefault(key, []).append(fault)
        return False


@pytest.mark.timeout(60 + PLACES * 12)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_noticed_nothing_is_traded_on_a_wrong_book_and_it_heals(
    exchanges: Any, live: Any, kind: str, form: str
) -> None:
    venue, encoding, path = FORMS[form]
    source = random.Random(f"{kind} {form} {PLACES}")  # noqa: S311 - a test, not a secret
    truth = Truth(FUTURES if form == "futures" else SPOT)
    market = simulated_market(
        "BTCUSDT", seed=source.randrange(1 << 30), tick=exchanges.tick, lot=exchanges.lot,
        price=60_000 * exchanges.unit, rate_hz=250, venue=venue,
    )  # fmt: skip

    async def go() -> None:
        async with exchanges.opened(truth.before(market), ping_seconds=PING_SECONDS) as exchange:
            configuration = live.configured(
                exchange.ports,
                market={"venue": venue},
                live={
                    "stream_url": f"ws://127.0.0.1:{exchange.ports.streams}{path}", "encoding": encoding,
                    "order_entry": "fix" if kind == "unknown-execution" else "paper",
                    "snapshot_limit": 500, "ping_silence_ms": 800,
                    "stale_stop_ms": 200 if kind == "silence" else 2000,
                },
                breaker={"failures": 64, "recovery_ms": 10},
                kill={"breaker_openings": 1_000_000},
                risk={"max_loss": 1_000_000_000, "max_drawdown": 1_000_000_000},
            )  # fmt: skip
            trading = live.new_run(exchange, configuration)
            trading.market_data.backoff = Backoff(0.01, 0.05)
            trading.symbols[0].backoff = Backoff(0.01, 0.05)
            follow_up, desk, wrong = trading._follow_up, trading.floor.desks[0], []

            def checked(taken: Any, now_ns: int) -> None:
                follow_up(taken, now_ns)
                if desk.router.live and best_of(desk.sync) != truth.best[desk.sync.update_id]:
                    wrong.append(desk.sync.update_id)

            trading._follow_up = checked
            places = Places(kind, exchange, trading, truth, source)
            report = await live.traded(exchange, trading, places.all_happened, PLACES * SECONDS_A_PLACE)
            assert (places.begun, exchange.script.happened[kind]) == (PLACES, PLACES), trading.said[-5:]
            assert wrong == []
            assert report["orders_confirmed"]
            assert report["symbols"]["BTCUSDT"]["orders"]["orders"] > 0
            if kind in COSTS_NO_GAP:
                assert (_book(trading)["gaps"], _book(trading)["disconnected"]) == (0, 0)
            assert [side.tolist() for side in desk.sync.levels()] == [side.tolist() for side in truth.book.levels()]

    asyncio.run(go())

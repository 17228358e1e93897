"""Snapshots: fetched, refused with Retry-After, failed; one budget for all."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

pytest.importorskip("picows", reason="needs picows")
from lltool.trading.live.backoff import Backoff
from lltool.trading.live.snapshots import SnapshotFailed, Snapshots
from lltool.trading.venues import VENUES

SPOT = replace(VENUES["binance-spot"], weights=((5000, 250), (6000, 300)))
"""With a limit that the exchange refuses."""


def snapshots(exchange: Any, limit: int = 100) -> Snapshots:
    return Snapshots(f"http://127.0.0.1:{exchange.ports.streams}", SPOT, limit)


def test_a_snapshot_is_what_the_exchange_sent(exchanges: Any, run: Any) -> None:
    async def go() -> bytes:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            return await snapshots(exchange).fetch("BTCUSDT", Backoff())

    assert run(go()).startswith(b'{"lastUpdateId":1000,"bids":[["59999.99000000"')


def test_after_a_refusal_nothing_is_asked_before_the_time_that_was_said(exchanges: Any, run: Any) -> None:
    async def go() -> tuple[float, int, int]:
        async with exchanges.opened(exchanges.random_market(5), "too-many-requests@1:0.4") as exchange:
            await exchange.play()
            fetcher = snapshots(exchange)
            started = time.monotonic()
            with pytest.raises(SnapshotFailed, match="429, to come back in 1 s"):
                await fetcher.fetch("BTCUSDT", Backoff())
            await fetcher.fetch("BTCUSDT", Backoff())
            return time.monotonic() - started, fetcher.refused, exchange.streams.refused

    assert run(go()) == (pytest.approx(1.0, abs=0.5), 1, 1)


@pytest.mark.parametrize(("symbol", "limit", "words"), [("NONE", 100, "Invalid symbol"), ("BTCUSDT", 6000, "limit")])
def test_what_the_exchange_does_not_answer_is_told_with_its_words(
    exchanges: Any, run: Any, symbol: str, limit: int, words: str
) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            await snapshots(exchange, limit).fetch(symbol, Backoff())

    with pytest.raises(SnapshotFailed, match=words):
        run(go())


def test_an_exchange_that_is_not_there_is_a_failure_with_its_address(run: Any) -> None:
    fetcher = Snapshots("http://127.0.0.1:1", VENUES["binance-spot"], 100)
    with pytest.raises(SnapshotFailed, match=r"127\.0\.0\.1:1"):
        run(fetcher.fetch("BTCUSDT", Backoff()))
    assert fetcher.failed == 1

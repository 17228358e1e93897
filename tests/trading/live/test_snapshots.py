"""Snapshots: fetched, refused with Retry-After, failed; one budget for all."""

from __future__ import annotations

import time
from dataclasses import replace
from http import HTTPStatus
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


def test_what_others_used_at_the_same_address_is_taken_off_the_budget(exchanges: Any, run: Any) -> None:
    async def go() -> float:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            other, own = snapshots(exchange, 5000), snapshots(exchange)
            for _ in range(3):
                await other.fetch("BTCUSDT", Backoff())
            await own.fetch("BTCUSDT", Backoff())
            return own.budget.wait_seconds(SPOT.weight_a_minute - 3 * 250)

    assert run(go()) == pytest.approx(60.0, abs=5.0)


@pytest.mark.parametrize("status", [HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.IM_A_TEAPOT])
def test_a_foreign_exchange_that_says_stop_is_not_asked_before_its_time(run: Any, status: HTTPStatus) -> None:
    websockets = pytest.importorskip("websockets", reason="needs websockets")
    asked: list[float] = []

    def answer(_connection: Any, _request: Any) -> Any:
        asked.append(time.monotonic())
        headers = websockets.Headers({"Retry-After": "1", "Connection": "close"})
        return websockets.Response(status, "no", headers, b"no")

    async def serve(_connection: Any) -> None:
        raise AssertionError("a snapshot is no WebSocket")

    async def go() -> None:
        async with websockets.serve(serve, "127.0.0.1", 0, process_request=answer) as server:
            fetcher = Snapshots(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", SPOT, 100)
            for _ in range(2):
                with pytest.raises(SnapshotFailed, match=f"{status:d}, to come back in 1 s"):
                    await fetcher.fetch("BTCUSDT", Backoff())

    run(go())
    assert asked[1] - asked[0] >= 1.0


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

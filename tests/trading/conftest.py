"""An exchange with a random market on loopback, and loops to run both sides on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import pytest

UNIT = 100_000_000
TICK = UNIT // 100
LOT = 1000

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def run() -> Run:
    """Run a coroutine on a loop of its own, for at most a minute."""

    def run_one(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run(asyncio.wait_for(work, 60))

    return run_one


def random_market(count: int, *, seed: int = 1, rate_hz: float = 1000.0) -> list[tuple[int, bytes]]:
    from lltool.trading.exchange.simulation import simulated_market

    lines = simulated_market("BTCUSDT", seed=seed, tick=TICK, lot=LOT, price=60_000 * UNIT, rate_hz=rate_hz)
    return list(islice(lines, count))


@asynccontextmanager
async def opened(
    lines: Iterable[tuple[int, bytes]],
    *faults: str,
    speed: float = 1.0,
    ping_seconds: float = 20.0,
    udp_port: int | None = None,
    symbols: Sequence[str] = ("BTCUSDT",),
    **paper: int,
) -> AsyncIterator[Any]:
    """An exchange of BTCUSDT that listens on ports of the kernel's choice and does not play yet."""
    pytest.importorskip("picows", reason="needs picows")
    from lltool.trading.exchange.faults import FaultScript, parse_faults
    from lltool.trading.exchange.market import Market, paper_arguments
    from lltool.trading.exchange.server import Exchange, Ports

    market = Market(symbols, paper_arguments(**paper))
    exchange = Exchange(
        market, lines, FaultScript(parse_faults(faults)), speed=speed, ping_seconds=ping_seconds, udp_port=udp_port
    )
    await exchange.start(Ports())
    try:
        yield exchange
    finally:
        await exchange.stop()


class Exchanges:
    """The makers above, for tests to use through one fixture."""

    opened = staticmethod(opened)
    random_market = staticmethod(random_market)
    unit, tick, lot = UNIT, TICK, LOT


@pytest.fixture
def exchanges() -> Exchanges:
    return Exchanges()

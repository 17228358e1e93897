"""What a run on the packed feed tells once a second is what its pipeline counts."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.trading_pipeline", reason="needs the compiled kernels")

from lltool.kernels.strategy import SpreadStrategy
from lltool.kernels.trading_pipeline import TradingPipeline
from lltool.trading.live.packed_report import counters_of_pipeline
from tests.kernels.test_pipeline import OPENING, TICK, make_router, quote

AN_HOUR_NS = 3_600_000_000_000


def test_orders_that_were_not_sent_and_messages_of_other_instruments_are_told() -> None:
    line = TradingPipeline(
        [make_router()], SpreadStrategy(threshold=TICK, quantity=5, tick=TICK),
        every_ns=1, stale_ns=AN_HOUR_NS, kill_stale_ns=AN_HOUR_NS, supervisor_ns=AN_HOUR_NS, answer_ns=AN_HOUR_NS,
        life_ns=AN_HOUR_NS, maker_rate=0, taker_rate=0,
    )  # fmt: skip
    market, inside = socket.socketpair()
    way_out, exchange = socket.socketpair()
    with market, inside, way_out:
        exchange.close()
        line.open_feed(inside.fileno(), stream=True)
        line.open_orders(way_out.fileno())
        market.sendall(quote(0, 100, 1, symbol=7) + OPENING)
        with pytest.raises(OSError, match="Broken pipe"):
            line.run(limit=3)
    line.publish()
    run: Any = SimpleNamespace(
        pipeline=line,
        statuses=lambda: [line.status(1)],
        log=SimpleNamespace(dropped=0),
        resyncs=0,
        configuration=SimpleNamespace(market=SimpleNamespace(symbols=("BTCUSDT",))),
    )
    found = counters_of_pipeline(run, AN_HOUR_NS)
    assert found["unsent_orders"] == 1
    assert found["messages"] == {"taken": 2, "refused": 0, "foreign": 1}

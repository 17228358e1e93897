"""Ticks on a fixed schedule over loopback TCP, run to completion on one core; the market sends from the other.

The samples are response times: from the tick's intended time to the call that sends its order. Service times stand in
the notes, stage by stage: what the pipeline itself took from the read on.
"""

from __future__ import annotations

import os
import socket
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lltool.bench.model import Histogram
from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.tcp import connected_pair
from lltool.kernels.clock import calibrate, ticks
from lltool.kernels.loops.feed import send_scheduled

if TYPE_CHECKING:
    from lltool.kernels.histogram import LatencyHistogram
    from lltool.kernels.pipeline import Pipeline
    from lltool.trading.feed import PackedFeed

RECORDING = "LLTOOL_RECORDING"
WINDOW_NS = 5_000_000_000
SYNTHETIC_HZ = 20_000
FIXED_HZ = 100_000
HEAD_START_SECONDS = 0.02
"""Until the first tick is due: the market's thread must be there."""

STAGES = ("waited", "parse", "book", "strategy", "risk", "serialise")
SUMS = (
    "send",
    "tick_to_update",
    "tick_to_trade",
    "kernel_to_read",
    "send_to_kernel",
    "update_response",
    "trade_response",
)


def tick_to_trade_1x(cores: Sequence[int], effort: Effort) -> Measurement:
    """The recorded rate."""
    return _paced(cores, effort, 1)


def tick_to_trade_2x(cores: Sequence[int], effort: Effort) -> Measurement:
    """Twice that."""
    return _paced(cores, effort, 2)


def tick_to_trade_4x(cores: Sequence[int], effort: Effort) -> Measurement:
    """Four times that."""
    return _paced(cores, effort, 4)


def tick_to_trade_8x(cores: Sequence[int], effort: Effort) -> Measurement:
    """Eight times that."""
    return _paced(cores, effort, 8)


def tick_to_trade_fixed(cores: Sequence[int], effort: Effort) -> Measurement:
    """One tick after the other at FIXED_HZ."""
    from lltool.trading.feed import synthetic_feed

    return _measure(cores, synthetic_feed(round(FIXED_HZ * effort.seconds), FIXED_HZ), 1)


def _paced(cores: Sequence[int], effort: Effort, factor: int) -> Measurement:
    from lltool.bench.workload import QUICK
    from lltool.trading.feed import recorded_feed, synthetic_feed

    path = os.environ.get(RECORDING)
    if path is None or effort == QUICK:
        feed = synthetic_feed(round(SYNTHETIC_HZ * effort.seconds * factor), SYNTHETIC_HZ)
    else:
        feed = recorded_feed(path, WINDOW_NS)
    return _measure(cores, feed, factor)


def new_pipeline() -> Pipeline:
    """One instrument, the chapter's strategy, limits so wide that every order passes all checks."""
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.kernels.pipeline import Pipeline
    from lltool.kernels.risk import RiskCheck
    from lltool.kernels.router import Router
    from lltool.kernels.strategy import SpreadStrategy

    wide = 2**60
    risk = RiskCheck(
        max_quantity=wide, lot=1000, tick=1_000_000, band=wide, max_notional=2**120, max_long=wide, max_short=wide,
        max_open_orders=10, max_gross_notional=2**120, max_orders=50, rate_window_ns=0, max_age_ns=10**12,
    )  # fmt: skip
    router = Router(
        risk, KillSwitch(), capacity=64, epoch=1, min_quantity=1, min_notional=0, max_loss=2**120,
        max_drawdown=2**120, duplicate_window_ns=0, max_burst=50, burst_window_ns=0, max_size_multiple=100,
        max_cancels_percent=100,
    )  # fmt: skip
    strategy = SpreadStrategy(threshold=100_000, quantity=100_000, tick=1_000_000)
    return Pipeline([router], strategy, unanswered=True)


def _measure(cores: Sequence[int], feed: PackedFeed, factor: int) -> Measurement:
    if len(cores) < 2:
        raise NotApplicable("the market spins until each tick is due: it needs a core of its own")
    hz, _ = calibrate(0.005)
    pipeline = new_pipeline()
    pipeline.take(feed.opening)
    market, inside, _ = connected_pair(())
    orders, exchange, _ = connected_pair(())
    with market, inside, orders, exchange:
        for end in (market, orders):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pipeline.open(inside.fileno(), stream=True)
        offsets = [round(offset * hz / 1e9 / factor) for offset in feed.offsets_ns]
        begin = ticks() + round(HEAD_START_SECONDS * hz)
        intended = array("Q", (begin + offset for offset in offsets))
        pipeline.expect(intended)

        def send() -> None:
            send_scheduled(market.fileno(), exchange.fileno(), feed.messages, intended)

        def stop() -> None:
            with suppress(OSError):
                market.shutdown(socket.SHUT_RDWR)

        with peer_thread(cores[1], send, stop):
            pipeline.run(orders.fileno(), limit=len(intended))
        took = ticks() - intended[0]
    counts = pipeline.counts
    wanted_hz = len(intended) * hz / max(intended[-1] - intended[0], 1)
    spans = pipeline.spans
    notes: dict[str, Any] = {
        "feed": feed.source,
        "messages": len(intended),
        "orders": counts["orders"],
        "reads": counts["reads"],
        "wanted_rate_hz": round(wanted_hz),
        "achieved_rate_hz": round(len(intended) * hz / took),
        "stamps": "user space: from the read on; the kernel's part is in the response",
        "layout": "run to completion",
    }
    for note, percentile in (("stages_ns", 50), ("stages_p99_ns", 99)):
        notes[note] = {
            name: round(spans[name].percentiles(percentile)[0] / hz * 1e9)
            for name in (*STAGES, *SUMS)
            if len(spans[name])
        }
    return Measurement(samples=_histogram(spans["trade_response"]), notes=notes)


def _histogram(recorded: LatencyHistogram) -> Histogram:
    values, counts = recorded.buckets()
    return Histogram(tuple(values), tuple(counts), recorded.minimum, recorded.maximum, recorded.total)

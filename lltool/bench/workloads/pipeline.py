"""Ticks on a fixed schedule over loopback sockets, in each layout of the pipeline; the market sends from another core.

The samples are response times: from the tick's intended time to the call that sends its order. Service times stand in
the notes, stage by stage: what the pipeline itself took from the read on.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lltool.bench.model import Histogram
from lltool.bench.workload import QUICK, Effort, Measurement, Workload
from lltool.bench.workloads.pipeline_rig import Layout, Rig, place

if TYPE_CHECKING:
    from lltool.kernels.histogram import LatencyHistogram
    from lltool.kernels.order_wire import OrderWire
    from lltool.trading.feed import PackedFeed

RECORDING = "LLTOOL_RECORDING"
WINDOW_NS = 5_000_000_000
SYNTHETIC_HZ = 20_000
FIXED_HZ = 100_000


def _feed(effort: Effort, factor: int) -> PackedFeed:
    from lltool.trading.feed import recorded_feed, synthetic_feed

    path = os.environ.get(RECORDING)
    if path is None or effort.name.startswith(QUICK.name):
        return synthetic_feed(round(SYNTHETIC_HZ * effort.seconds * factor), SYNTHETIC_HZ)
    return recorded_feed(path, WINDOW_NS)


def _fixed_feed(effort: Effort) -> PackedFeed:
    from lltool.trading.feed import synthetic_feed

    return synthetic_feed(round(FIXED_HZ * effort.seconds), FIXED_HZ)


def _paced(layout: Layout, factor: int) -> Workload:
    """``factor`` times the recorded rate."""

    def workload(cores: Sequence[int], effort: Effort) -> Measurement:
        return _measure(layout, cores, _feed(effort, factor), factor)

    return workload


def _fixed(layout: Layout, *, datagrams: bool = False) -> Workload:
    """One tick after the other at FIXED_HZ."""

    def workload(cores: Sequence[int], effort: Effort) -> Measurement:
        return _measure(layout, cores, _fixed_feed(effort), 1, datagrams=datagrams)

    return workload


def tick_to_trade_fix(cores: Sequence[int], effort: Effort) -> Measurement:
    """At FIXED_HZ, orders as FIX messages."""
    from lltool.kernels.order_wire import FixOrderWire

    wire = FixOrderWire(sender=b"LLTOOL", target=b"EXCHANGE", symbols=[b"BTCUSDT"], next_number=2)
    return _measure(Layout.ONE, cores, _fixed_feed(effort), 1, wire=wire)


tick_to_trade_1x = _paced(Layout.ONE, 1)
tick_to_trade_2x = _paced(Layout.ONE, 2)
tick_to_trade_4x = _paced(Layout.ONE, 4)
tick_to_trade_8x = _paced(Layout.ONE, 8)
tick_to_trade_fixed = _fixed(Layout.ONE)
tick_to_trade_udp = _fixed(Layout.ONE, datagrams=True)
two_cores_1x = _paced(Layout.TWO, 1)
two_cores_2x = _paced(Layout.TWO, 2)
two_cores_4x = _paced(Layout.TWO, 4)
two_cores_8x = _paced(Layout.TWO, 8)
two_cores_fixed = _fixed(Layout.TWO)
three_cores_1x = _paced(Layout.THREE, 1)
three_cores_2x = _paced(Layout.THREE, 2)
three_cores_4x = _paced(Layout.THREE, 4)
three_cores_8x = _paced(Layout.THREE, 8)
three_cores_fixed = _fixed(Layout.THREE)


def _measure(
    layout: Layout,
    cores: Sequence[int],
    feed: PackedFeed,
    factor: int,
    *,
    wire: OrderWire | None = None,
    datagrams: bool = False,
) -> Measurement:
    with Rig(place(layout, cores), feed.opening, wire=wire, datagrams=datagrams) as rig:
        achieved_hz = rig.play(feed.messages, feed.offsets_ns, factor)
        count = len(feed.offsets_ns)
        seconds = (feed.offsets_ns[-1] - feed.offsets_ns[0]) / 1e9 / factor
        notes = {
            "feed": feed.source,
            "messages": count,
            "lost_messages": count - rig.pipeline.counts["messages"],
            "wanted_rate_hz": round(count / max(seconds, 1e-9)),
            "achieved_rate_hz": round(achieved_hz),
            **rig.notes(),
        }
        return Measurement(samples=response(rig.pipeline.spans["trade_response"]), notes=notes)


def response(recorded: LatencyHistogram) -> Histogram:
    """What was recorded, as the samples of a run."""
    values, counts = recorded.buckets()
    return Histogram(tuple(values), tuple(counts), recorded.minimum, recorded.maximum, recorded.total)

"""The benchmarks of the whole pipeline: from a tick on the wire to an order on the wire, on a fixed schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lltool.bench.benchmark import SINGLE, Benchmark, entry

_RATES = {
    "1x": "at the rate of the feed: the busiest 5 s of the recording that LLTOOL_RECORDING names, else 20,000 ticks/s",
    "2x": "at twice the rate of the feed",
    "4x": "at four times the rate of the feed",
    "8x": "at eight times the rate of the feed",
    "fixed": "at 100,000 ticks/s, one by one",
}
_IN_ALL = frozenset({"tick_to_trade_1x", "tick_to_trade_8x"})
"""The sweep over rates and layouts is `bench run 'pipeline.*'`."""

_TICK = "packed tick over loopback TCP to the call that sends its order, from the tick's intended time"
_KNEE = "the highest rate at which the response has not departed from the service, and the response at it"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which stages share a core. ``suffix`` is that of the names; of ``cores_of_use`` the market has one."""

    suffix: str
    title: str
    workload: str
    knee: str
    words: str
    cores: Literal[1, 2, 3]
    cores_of_use: int


_ONE = _Layout("", "", "tick_to_trade", "one_core", "all stages on one core", 2, 2)
_TWO = _Layout(
    "_two_cores", ", two cores", "two_cores", "two_cores",
    "trade on one core, receive and transmit on another", 2, 3,
)  # fmt: skip
_THREE = _Layout(
    "_three_cores", ", three cores", "three_cores", "three_cores", "receive, trade and transmit on a core each", 3, 4
)


def _pipeline(name: str, title: str, workload: str, summary: str, layout: _Layout = _ONE) -> Benchmark:
    return entry(
        f"pipeline.{name}", title, "5.1.2", workload, f"{summary}; {layout.words}",
        metrics=SINGLE, loop="open", headline="p99", cores=layout.cores, cores_of_use=layout.cores_of_use,
        in_all=name in _IN_ALL,
    )  # fmt: skip


def _of_layout(layout: _Layout) -> tuple[Benchmark, ...]:
    paced = tuple(
        _pipeline(
            f"tick_to_trade{layout.suffix}_{rate}", f"Tick to trade{layout.title}, {rate}",
            f"pipeline:{layout.workload}_{rate}", f"{_TICK}, {summary}", layout,
        )
        for rate, summary in _RATES.items()
    )  # fmt: skip
    knee = _pipeline(f"knee{layout.suffix}", f"Knee{layout.title}", f"pipeline_knee:{layout.knee}", _KNEE, layout)
    return (*paced, knee)


PIPELINES = (
    *_of_layout(_ONE),
    _pipeline(
        "tick_to_trade_udp", "Tick to trade, UDP", "pipeline:tick_to_trade_udp",
        "as tick_to_trade_fixed, a datagram a tick: each has the kernel's receive stamp",
    ),
    _pipeline(
        "tick_to_trade_fix", "Tick to trade, FIX orders", "pipeline:tick_to_trade_fix",
        "as tick_to_trade_fixed, orders leave as FIX 4.4 messages",
    ),
    *_of_layout(_TWO),
    *_of_layout(_THREE),
)  # fmt: skip

"""The benchmarks of the whole pipeline: from a tick on the wire to an order on the wire, on a fixed schedule."""

from __future__ import annotations

from lltool.bench.benchmark import SINGLE, Benchmark, entry

_RATES = {
    "1x": "at the rate of the feed: the busiest 5 s of the recording that LLTOOL_RECORDING names, else 20,000 ticks/s",
    "2x": "at twice the rate of the feed",
    "4x": "at four times the rate of the feed",
    "8x": "at eight times the rate of the feed",
    "fixed": "at 100,000 ticks/s, one by one",
}


def _pipeline(rate: str, summary: str) -> Benchmark:
    return entry(
        f"pipeline.tick_to_trade_{rate}",
        f"Tick to trade, {rate}",
        "5.1.2",
        f"pipeline:tick_to_trade_{rate}",
        f"packed tick over loopback TCP to the call that sends its order, from the tick's intended time, {summary}",
        metrics=SINGLE,
        loop="open",
        headline="p99",
        cores=2,
    )


PIPELINES = tuple(_pipeline(rate, summary) for rate, summary in _RATES.items())

"""The rate at which the pipeline's response departs from its service: offered rates rise until it does.

At a low rate a response is the service time and the way of a tick over the loopback. That way is the same at any rate,
until ticks begin to wait for each other: then it grows without the service doing so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.model import Histogram
from lltool.bench.workload import Effort, Measurement, Workload
from lltool.bench.workloads.pipeline import response
from lltool.bench.workloads.pipeline_rig import Layout, Rig, place

LOWEST_HZ = 12_500
HIGHEST_HZ = 3_200_000
BISECTIONS = 3
"""Behind the doubling that passes the knee: it is known to the eighth root of 2 then, 9 %."""
STEP_SHARE = 0.1
"""Of a run's seconds, for each rate."""
FEWEST_TICKS = 500

DEPARTED = 2.0
ACHIEVED = 0.95
RULE = (
    f"the highest rate at which the median response exceeds the median service by less than {DEPARTED:g} times as much "
    f"as at {LOWEST_HZ} ticks/s, and {ACHIEVED:.0%} of the rate is achieved"
)


def _knee(layout: Layout) -> Workload:
    def workload(cores: Sequence[int], effort: Effort) -> Measurement:
        return _search(layout, cores, effort)

    return workload


one_core = _knee(Layout.ONE)
two_cores = _knee(Layout.TWO)
three_cores = _knee(Layout.THREE)


def _search(layout: Layout, cores: Sequence[int], effort: Effort) -> Measurement:
    from lltool.trading.feed import synthetic_feed

    samples: dict[int, Histogram] = {}
    notes: dict[int, dict[str, Any]] = {}
    steps: list[dict[str, int]] = []
    placement = place(layout, cores)

    def holds(rate_hz: int) -> bool:
        feed = synthetic_feed(max(FEWEST_TICKS, round(rate_hz * STEP_SHARE * effort.seconds)), rate_hz)
        with Rig(placement, feed.opening) as rig:
            achieved_hz = rig.play(feed.messages, feed.offsets_ns)
            median, p99 = rig.percentiles(50), rig.percentiles(99)
            samples[rate_hz] = response(rig.pipeline.spans["trade_response"])
            notes[rate_hz] = rig.notes()
        steps.append(
            {
                "offered_hz": rate_hz,
                "achieved_hz": round(achieved_hz),
                "response_p50_ns": median["trade_response"],
                "service_p50_ns": median["tick_to_trade"],
                "response_p99_ns": p99["trade_response"],
                "service_p99_ns": p99["tick_to_trade"],
            }
        )
        return has_not_departed(steps[0], steps[-1])

    below, above = LOWEST_HZ, None
    rate_hz = LOWEST_HZ
    while above is None and rate_hz <= HIGHEST_HZ:
        if holds(rate_hz):
            below = rate_hz
        else:
            above = rate_hz
        rate_hz *= 2
    for _ in range(BISECTIONS if above is not None and above > LOWEST_HZ else 0):
        middle = round((below * (above or below)) ** 0.5)
        if holds(middle):
            below = middle
        else:
            above = middle
    return Measurement(
        samples=samples[below],
        notes={
            "feed": "synthetic",
            "knee_hz": None if above == LOWEST_HZ else below,
            "knee_found": above is not None,
            "knee_rule": RULE,
            "rates": sorted(steps, key=lambda step: step["offered_hz"]),
            **notes[below],
        },
    )


def has_not_departed(lowest: dict[str, int], step: dict[str, int]) -> bool:
    """Whether the response at a rate is still the service and about the way that it was at the lowest rate."""
    way = lowest["response_p50_ns"] - lowest["service_p50_ns"]
    return (
        step["response_p50_ns"] - step["service_p50_ns"] < DEPARTED * way
        and step["achieved_hz"] >= ACHIEVED * step["offered_hz"]
    )

"""Time stamps, system clocks, and how late a sleeping thread wakes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.kernels.loops import timer
from lltool.kernels.loops import wakeup as wakeup_loop
from lltool.kernels.placement import set_timer_slack, timer_slack
from lltool.kernels.recorder import Recorder

PAIRS_PER_BLOCK = 1000

CLOCKS = {
    "CLOCK_MONOTONIC": time.CLOCK_MONOTONIC,
    "CLOCK_MONOTONIC_RAW": time.CLOCK_MONOTONIC_RAW,
    "CLOCK_REALTIME": time.CLOCK_REALTIME,
}

WAKEUP_PERIOD_NS = 200_000
"""The period of the reference's cyclictest runs: long enough for a tickless core to go to sleep in between."""

WAKEUP_WARM_PERIODS = 50


def cost(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A fenced stamp pair: block mode for its cost, single pairs for the floor under every per-operation figure."""
    blocks = Recorder(effort.blocks)
    single = Recorder(effort.samples)
    scratch = Recorder(1)

    def block() -> int:
        scratch.reset()
        timer.pair_block(scratch, PAIRS_PER_BLOCK)
        return scratch.ticks()[0]

    steady = warm_up(block, effort)
    for _ in range(effort.blocks):
        timer.pair_block(blocks, PAIRS_PER_BLOCK)
    timer.pair_each(single, effort.samples)
    return Measurement(
        samples=histogram(single),
        block_ops=PAIRS_PER_BLOCK,
        block_ticks=tuple(blocks.ticks()),
        notes={"steady": steady, "clock_call_ticks": {name: _clock_call_ticks(CLOCKS[name]) for name in CLOCKS}},
    )


def _clock_call_ticks(clock_id: int) -> float:
    """The cost of one call: the best of 11 blocks."""
    recorder = Recorder(11)
    for _ in range(11):
        timer.clock_block(recorder, PAIRS_PER_BLOCK, clock_id)
    return min(recorder.ticks()) / PAIRS_PER_BLOCK


def wakeup(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Lateness of a thread that sleeps until fixed times.

    The kernel delays the timers of an ordinary thread by up to 50 us to save wake-ups; a latency-sensitive thread
    asks for 1 ns, and so does this one, or the default would hide the host.
    """
    set_timer_slack(1)
    periods = round(effort.seconds * 1e9 / WAKEUP_PERIOD_NS)
    recorder = Recorder(periods)
    wakeup_loop.wake(Recorder(WAKEUP_WARM_PERIODS), WAKEUP_WARM_PERIODS, WAKEUP_PERIOD_NS)
    missed, early, elapsed_ns = wakeup_loop.wake(recorder, periods, WAKEUP_PERIOD_NS)
    return Measurement(
        samples=histogram(recorder),
        notes={
            "period_ns": WAKEUP_PERIOD_NS,
            "timer_slack_ns": timer_slack(),
            "missed_periods": missed,
            "early_wakeups": early,
            "target_rate_hz": 1e9 / WAKEUP_PERIOD_NS,
            "achieved_rate_hz": periods * 1e9 / elapsed_ns,
        },
    )

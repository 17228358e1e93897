"""Time stamps, system clocks, and how late a sleeping thread wakes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import Recording, measure_both
from lltool.kernels.clock import calibrate
from lltool.kernels.loops import timer
from lltool.kernels.loops import wakeup as wakeup_loop
from lltool.kernels.placement import set_timer_slack, timer_slack
from lltool.kernels.recorder import Recorder

PAIRS_PER_BLOCK = 1000
CALLS_PER_BLOCK = 1000

MONOTONIC_COARSE = 6
"""linux/time.h; Python's time module does not name it."""

WAKEUP_PERIOD_NS = 200_000
"""The period of the reference's cyclictest runs: long enough for a tickless core to go to sleep in between."""

WAKEUP_WARM_PERIODS = 50

SPIN_PERIOD_NS = 20_000

CALIBRATION_SECONDS = 0.005


def cost(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A fenced stamp pair: block mode for its cost, single pairs for the floor under every per-operation figure."""
    return measure_both(effort, Recording(timer.pair_block, timer.pair_each), PAIRS_PER_BLOCK, {})


def clock_monotonic(_cores: Sequence[int], effort: Effort) -> Measurement:
    """CLOCK_MONOTONIC."""
    return _clock(time.CLOCK_MONOTONIC, effort)


def clock_monotonic_raw(_cores: Sequence[int], effort: Effort) -> Measurement:
    """CLOCK_MONOTONIC_RAW."""
    return _clock(time.CLOCK_MONOTONIC_RAW, effort)


def clock_monotonic_coarse(_cores: Sequence[int], effort: Effort) -> Measurement:
    """CLOCK_MONOTONIC_COARSE."""
    return _clock(MONOTONIC_COARSE, effort)


def clock_realtime(_cores: Sequence[int], effort: Effort) -> Measurement:
    """CLOCK_REALTIME."""
    return _clock(time.CLOCK_REALTIME, effort)


def clock_thread_cputime(_cores: Sequence[int], effort: Effort) -> Measurement:
    """CLOCK_THREAD_CPUTIME_ID, which no vDSO answers."""
    return _clock(time.CLOCK_THREAD_CPUTIME_ID, effort)


def _clock(clock_id: int, effort: Effort) -> Measurement:
    calls = Recording(
        lambda recorder, count: timer.clock_block(recorder, count, clock_id),
        lambda recorder, count: timer.clock_each(recorder, count, clock_id),
    )
    return measure_both(effort, calls, CALLS_PER_BLOCK, {})


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


def wakeup_spin(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Lateness of a thread that spins until fixed times: what is left of it when the core never sleeps."""
    hz, _ = calibrate(CALIBRATION_SECONDS)
    period_ticks = round(SPIN_PERIOD_NS * hz / 1e9)
    periods = min(effort.samples, round(effort.seconds * 1e9 / SPIN_PERIOD_NS))
    recorder = Recorder(periods)
    wakeup_loop.spin(Recorder(WAKEUP_WARM_PERIODS), WAKEUP_WARM_PERIODS, period_ticks)
    missed = wakeup_loop.spin(recorder, periods, period_ticks)
    return Measurement(
        samples=histogram(recorder),
        notes={"period_ns": SPIN_PERIOD_NS, "missed_periods": missed, "target_rate_hz": 1e9 / SPIN_PERIOD_NS},
    )

"""The loops that watch time: every gap, every period, every trip is counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("lltool.kernels.loops.gaps", reason="needs the compiled kernels")
from lltool.bench.peer import peer_thread
from lltool.kernels.clock import calibrate
from lltool.kernels.loops import gaps, timer, wakeup
from lltool.kernels.loops.probe import Line
from lltool.kernels.placement import pin
from lltool.kernels.recorder import Recorder

PAUSE_SECONDS = 0.05


def run_stopped_for_a_while(script: str) -> list[int]:
    """Run ``script`` in a process that is stopped for 50 ms soon after it says "begin"; the numbers it prints."""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(PAUSE_SECONDS)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        os.kill(process.pid, signal.SIGCONT)
        return [int(word) for word in process.stdout.read().split()]


GAPS = """
from lltool.kernels.clock import calibrate
from lltool.kernels.loops.gaps import watch
from lltool.kernels.recorder import Recorder
hz, _ = calibrate(0.01)
recorder = Recorder(1_000_000)
print("begin", flush=True)
watched = watch(recorder, round(hz * 0.3), round(hz * 1e-6))
print(round(max(recorder.ticks()) / hz * 1e9), round(watched / hz * 1e9), round(sum(recorder.ticks()) / hz * 1e9))
"""


def test_a_gap_is_found_with_its_length() -> None:
    longest_ns, watched_ns, lost_ns = run_stopped_for_a_while(GAPS)
    assert longest_ns >= 0.95e9 * PAUSE_SECONDS
    assert watched_ns >= 0.3e9
    assert longest_ns <= lost_ns <= watched_ns


def test_without_a_threshold_the_gaps_fill_the_time_watched() -> None:
    recorder = Recorder(100_000)
    watched = gaps.watch(recorder, 10_000, 0)
    assert sum(recorder.ticks()) == watched >= 10_000


WAKEUPS = """
from lltool.kernels.clock import calibrate
from lltool.kernels.loops.wakeup import wake
from lltool.kernels.recorder import Recorder
hz, _ = calibrate(0.01)
recorder = Recorder(200)
print("begin", flush=True)
missed, early, elapsed = wake(recorder, 200, 1_000_000)
print(recorder.count, missed, early, round(max(recorder.ticks()) / hz * 1e9), elapsed)
"""


def test_periods_that_pass_meanwhile_are_counted_and_not_skipped() -> None:
    samples, missed, early, latest_ns, elapsed_ns = run_stopped_for_a_while(WAKEUPS)
    assert samples == 200
    assert missed >= 0.9 * PAUSE_SECONDS / 1e-3
    assert early == 0
    assert latest_ns >= 0.95e9 * PAUSE_SECONDS
    assert elapsed_ns >= 200e6


def test_a_period_too_short_for_any_host_is_missed_almost_always() -> None:
    recorder = Recorder(5000)
    missed, _, _ = wakeup.wake(recorder, 5000, 1)
    assert recorder.count == 5000
    assert missed > 4900
    # The schedule runs away: lateness grows all the time, as it does for events that queue up.
    ticks = recorder.ticks()
    assert ticks[-1] > ticks[len(ticks) // 2] > ticks[0]


def test_wakeups_append_to_what_is_recorded() -> None:
    recorder = Recorder(4)
    recorder.record(123)
    wakeup.wake(recorder, 3, 100_000)
    assert recorder.ticks()[0] == 123
    hz, _ = calibrate(0.01)
    assert max(recorder.ticks()[1:]) < hz  # late, but not by as much as a raw stamp would read


@pytest.mark.parametrize(("n", "period_ns"), [(2, 0), (2, -5), (5, 1000)])
def test_a_schedule_that_cannot_be_kept_is_refused(n: int, period_ns: int) -> None:
    with pytest.raises(ValueError, match=r"not positive|no room"):
        wakeup.wake(Recorder(4), n, period_ns)


def test_a_block_of_stamps_costs_more_than_a_short_one() -> None:
    recorder = Recorder(100)
    for _ in range(50):
        timer.pair_block(recorder, 10)
    for _ in range(50):
        timer.pair_block(recorder, 1000)
    ticks = recorder.ticks()
    assert min(ticks[50:]) > 20 * min(ticks[:50])


def test_single_stamps_and_clock_calls_are_recorded() -> None:
    recorder = Recorder(101)
    timer.pair_each(recorder, 100)
    timer.clock_block(recorder, 10, time.CLOCK_MONOTONIC)
    assert recorder.count == 101
    assert min(recorder.ticks()) > 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_a_line_goes_to_and_fro_between_two_cores() -> None:
    here, there = sorted(os.sched_getaffinity(0))[:2]
    before = os.sched_getaffinity(0)
    line, recorder = Line(), Recorder(10)
    try:
        pin(here)
        with peer_thread(there, line.answer, line.stop):
            line.ask(recorder, 10, 20)
    finally:
        os.sched_setaffinity(0, before)
    assert recorder.count == 10
    assert min(recorder.ticks()) > 0

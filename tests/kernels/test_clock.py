"""The clock's rate agrees with the system's, and its grain and cost are those of its readings."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("lltool.kernels.clock", reason="needs the compiled kernels")
from lltool.kernels import clock


def test_ticks_only_grow() -> None:
    readings = [clock.ticks() for _ in range(1000)]
    assert readings == sorted(readings)


def test_a_bracket_lies_between_the_readings_around_it() -> None:
    before = clock.ticks(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    ticks, nanoseconds, width = clock.bracket(time.CLOCK_MONOTONIC)
    after = clock.ticks(), time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    assert before[0] < ticks < after[0]
    assert before[1] <= nanoseconds <= after[1]
    assert 0 < width < after[0] - before[0]


def test_rate_is_ticks_over_time_and_its_uncertainty_that_of_the_brackets() -> None:
    hz, uncertainty_ppm = clock.rate((1000, 5_000_000, 40), (1000 + 2_600_000, 6_000_000, 60))
    assert hz == pytest.approx(2.6e9)
    assert uncertainty_ppm == pytest.approx(50 / 2_600_000 * 1e6)


@pytest.mark.parametrize("second", [(1000, 6, 1), (2000, 5, 1), (900, 4, 1)])
def test_rate_refuses_readings_that_are_not_in_order(second: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="not in order"):
        clock.rate((1000, 5, 1), second)


def test_two_calibrations_agree_within_what_they_claim() -> None:
    # Four times the claim: a bracket bounds the error of one reading, a preempted middle of it does not.
    (first, first_ppm), (second, second_ppm) = clock.calibrate(0.02), clock.calibrate(0.02)
    assert abs(first / second - 1) * 1e6 <= 4 * (first_ppm + second_ppm)


@pytest.mark.parametrize("window", [0.0, -1.0, 61.0, float("nan")])
def test_a_window_that_cannot_be_is_refused(window: float) -> None:
    with pytest.raises(ValueError, match="is not between"):
        clock.calibrate(window)


def test_the_floor_is_a_multiple_of_the_quantum() -> None:
    quantum = clock.quantum(20_000)
    assert quantum >= 1
    assert clock.floor_ticks(20_000) % quantum == 0


@pytest.mark.parametrize("measure", [clock.quantum, clock.floor_ticks, clock.read_costs])
def test_nothing_is_measured_of_nothing(measure: object) -> None:
    with pytest.raises(ValueError, match="0"):
        measure(0)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("deltas", "quantum"), [([52, 78, 104], 26), ([52, 78, 105], 1), ([0, 40, 60], 20), ([7], 7), ([0, 0], 0)]
)
def test_quantum_is_the_greatest_common_divisor(deltas: list[int], quantum: int) -> None:
    assert clock.common_divisor(deltas) == quantum


def test_a_fenced_stamp_costs_at_least_a_bare_read() -> None:
    raw, start, stop = clock.read_costs()
    assert 0 < raw <= start * 1.5
    assert stop > 0


def test_the_canary_counts_ticks_of_a_chain_that_cannot_run_in_parallel() -> None:
    hz, _ = clock.calibrate(0.02)
    fastest = min(clock.canary() for _ in range(50))
    # 3 cycles a link: no core runs below 0.3 or above 10 GHz. A chain that ran in parallel would read three times that.
    assert 0.3e9 < 3 * hz / fastest < 10e9

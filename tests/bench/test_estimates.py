"""One figure from many runs."""

from __future__ import annotations

from typing import Any

import pytest

from lltool.bench.estimates import estimate, merged
from lltool.bench.resolution import format_number, format_value, quantum_ns, readable_unit, resolution


def test_a_percentile_is_of_the_merged_samples_not_a_mean_of_percentiles(synthetic: Any) -> None:
    runs = [synthetic.run(ticks=[26] * 990 + [2600] * 10), synthetic.run(ticks=[26] * 1000)]
    found = estimate(runs, "p99.5")
    assert found is not None
    assert found.value == pytest.approx(10.0)
    assert (found.samples, found.runs, found.beyond) == (2000, 2, 10)
    assert found.settled
    tail = estimate(runs, "p99.6")
    assert tail is not None
    assert tail.value == pytest.approx(1000.0)
    assert not tail.settled


def test_the_centre_is_the_mean_of_the_medians_of_the_blocks(synthetic: Any) -> None:
    runs = [
        synthetic.run(block_ops=100, block_ticks=(2600, 2600, 99_999)),
        synthetic.run(block_ops=100, block_ticks=(5200, 5200, 5200)),
    ]
    found = estimate(runs, "centre")
    assert found is not None
    assert found.value == pytest.approx(15.0)
    assert (found.runs, found.samples, found.beyond) == (2, 6, None)


def test_lost_is_a_ratio_of_sums(synthetic: Any) -> None:
    runs = [
        synthetic.run(ticks=[100, 200], duration_ticks=1_000_000),
        synthetic.run(ticks=[], duration_ticks=2_000_000),
    ]
    found = estimate(runs, "lost")
    assert found is not None
    assert found.value == pytest.approx(100.0)
    assert found.runs == 2


def test_mean_and_max_are_exact(synthetic: Any) -> None:
    runs = [synthetic.run(ticks=[2_600_001]), synthetic.run(ticks=[26, 53])]
    mean, longest = estimate(runs, "mean"), estimate(runs, "max")
    assert mean is not None
    assert longest is not None
    assert mean.value == pytest.approx((2_600_001 + 79) / 3 / 2.6)
    assert longest.value == pytest.approx(2_600_001 / 2.6)


def test_rates_that_agree_share_their_buckets_and_others_do_not(synthetic: Any) -> None:
    close = [synthetic.run(ticks=[2600], tick_hz=2.6e9 * (1 + ppm * 1e-6)) for ppm in (-3, 0, 2)]
    assert merged(close) == ([pytest.approx(1000.0)], [3])
    apart = [synthetic.run(ticks=[2600], tick_hz=hertz) for hertz in (2.6e9, 2.6e9, 1.3e9)]
    assert merged(apart) == ([pytest.approx(1000.0), pytest.approx(2000.0)], [2, 1])


@pytest.mark.parametrize("metric", ["centre", "p99", "lost", "mean", "max", "unheard-of"])
def test_nothing_measured_gives_no_figure(synthetic: Any, metric: str) -> None:
    assert estimate([], metric) is None
    assert estimate([synthetic.run(not_applicable="one core", ticks=[1], duration_ticks=5)], metric) is None
    assert estimate([synthetic.run(failed="killed", block_ops=1, block_ticks=(1,))], metric) is None


def test_resolution_follows_the_mode(synthetic: Any) -> None:
    runs = synthetic.arm("tcp.rtt", "before", 26_000, runs=2)
    quantum = synthetic.quantum_ns
    assert resolution(runs, "p99", quantum) == pytest.approx(10.0)
    assert resolution(runs, "centre", quantum) == pytest.approx(0.01)
    assert resolution(runs, "p99", None) == pytest.approx(1 / 2.6)
    watched = [synthetic.run(ticks=[], duration_ticks=2_600_000)] * 10
    assert resolution(watched, "lost", quantum) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (20.03, 10.0148, "20"),
        (24.9, 10.0, "20"),
        (41_234.0, 10.0, "41230"),
        (41_234.0, 0.01, "41230"),
        (0.8134, 0.01, "0.81"),
        (9.997, 0.01, "10.00"),
        (123.456, 1.0, "123"),
        (0.0, 10.0, "0"),
        (3.0, 10.0, "0"),
        (1.0, 0.0, "1.000"),
        (0.0, 0.0, "0"),
    ],
)
def test_no_more_digits_than_the_clock_resolves(value: float, step: float, text: str) -> None:
    assert format_number(value, step) == text


def test_the_unit_grows_with_the_value() -> None:
    assert readable_unit("ns", 9_999.0) == ("ns", 1.0)
    assert readable_unit("ns", 5.0, 12_000.0) == ("us", 1e-3)
    assert readable_unit("ns", 2e7) == ("ms", 1e-6)
    assert readable_unit("ppm", 9_999.0) == ("ppm", 1.0)
    assert readable_unit("ppm", 20_000.0) == ("%", 1e-4)
    assert format_value(41_234.0, "ns", 10.0) == "41.23 us"


@pytest.mark.parametrize(
    "passport", [{}, {"quantum_ticks": 26}, {"quantum_ticks": "x", "tick_hz": 1e9}, {"tick_hz": 0}]
)
def test_a_passport_without_quantum_says_nothing(passport: dict[str, object]) -> None:
    assert quantum_ns(passport) is None

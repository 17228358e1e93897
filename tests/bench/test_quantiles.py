"""Percentiles by nearest rank, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.bench.quantiles import percentile_of, quantiles, rank

METRICS = ["p0", "p50", "p90", "p99", "p99.9", "p99.99", "p99.999", "p100"]


@given(samples=st.lists(st.integers(0, 50), min_size=1, max_size=300), metric=st.sampled_from(METRICS))
def test_a_percentile_is_the_sample_at_its_rank(samples: list[int], metric: str) -> None:
    q = Fraction(metric[1:]) / 100
    ordered = sorted(samples)
    values = sorted(set(samples))
    (found,) = quantiles(values, [samples.count(value) for value in values], [q])
    position = max(1, math.ceil(q * len(samples)))
    assert found.value == ordered[position - 1]
    assert (found.n, found.beyond) == (len(samples), len(samples) - position)


@pytest.mark.parametrize(
    ("metric", "n", "expected"),
    [
        ("p99.9", 1000, 999),  # 0.999 * 1000 is 999.0000000000001 in floats of 99.9 / 100 * 1000
        ("p99.9", 10**15, 999 * 10**12),
        ("p99", 100, 99),
        ("p51", 4, 3),
        ("p50", 1, 1),
        ("p50", 2, 1),
        ("p100", 7, 7),
        ("p0", 7, 1),
    ],
)
def test_a_rank_is_exact(metric: str, n: int, expected: int) -> None:
    q = percentile_of(metric)
    assert q is not None
    assert rank(q, n) == expected


@given(n=st.integers(1, 10**18), metric=st.sampled_from(METRICS[1:]))
def test_a_rank_never_depends_on_floats(n: int, metric: str) -> None:
    q = Fraction(metric[1:]) / 100
    found = rank(q, n)
    assert Fraction(found - 1, n) < q <= Fraction(found, n)


def test_no_samples_have_no_percentile() -> None:
    assert quantiles([], [], [Fraction(1, 2)]) == []
    assert quantiles([5], [0], [Fraction(1, 2)]) == []


@pytest.mark.parametrize("metric", ["centre", "lost", "p", "p101", "pp", "p-1", "p9.9.9", "max"])
def test_other_metrics_name_no_percentile(metric: str) -> None:
    assert percentile_of(metric) is None

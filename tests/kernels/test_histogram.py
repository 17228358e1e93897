"""Histogram and profiler against sorted lists, and what the chapter's profiler gets wrong."""

from __future__ import annotations

from array import array
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("lltool.kernels.histogram", reason="needs the compiled kernels")
from lltool.kernels import histogram
from lltool.kernels.profiler import LatencyProfiler
from lltool.kernels.recorder import Recorder


def filled(values: list[int]) -> histogram.LatencyHistogram:
    made = histogram.LatencyHistogram()
    made.record_array(array("Q", values))
    return made


@settings(deadline=None)
@given(
    values=st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5000), min_size=1, max_size=200),
    wanted=st.lists(st.sampled_from([0.1, 1, 25, 50, 90, 99, 99.9, 99.99, 100]), min_size=1),
)
def test_percentiles_are_nearest_rank_to_a_bucket(values: list[int], wanted: list[float]) -> None:
    made = filled(values)
    for percentile, got in zip(wanted, made.percentiles(*wanted), strict=True):
        true = sorted(values)[ceil(Fraction(str(percentile)) * len(values) / 100) - 1]
        assert true * 1023 // 1024 <= got <= true
    assert (len(made), made.minimum, made.maximum) == (len(values), min(values), max(values))
    assert made.total == sum(values) % 2**64
    assert made.percentiles(100) == (max(values),)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=100))
def test_buckets_are_those_of_the_recorder(values: list[int]) -> None:
    recorder = Recorder(max(len(values), 1))
    for value in values:
        recorder.record(value)
    assert filled(values).buckets() == recorder.fold()[:2]


def test_the_ranks_of_one_to_a_hundred() -> None:
    """The chapter's index n * 50 / 100 gives 51 and 91."""
    assert filled(list(range(1, 101))).percentiles(50, 90, 99, 99.9, 100) == (50, 90, 99, 100, 100)


def test_nothing_is_lost_after_any_number_of_values() -> None:
    """The chapter keeps the first values only, and calls 10 ns the maximum of a run that stalls for a millisecond."""
    made = filled([10] * 1000)
    made.record_array(np.full(100_000, 1_000_000, np.uint64))
    assert (len(made), made.maximum) == (101_000, 1_000_000)
    assert made.percentiles(50)[0] == pytest.approx(1_000_000, rel=0.001)


def test_an_empty_histogram_has_no_figures() -> None:
    made = histogram.LatencyHistogram()
    assert (len(made), made.minimum, made.maximum, made.percentiles(50, 100)) == (0, 0, 0, (0, 0))


def test_reset_forgets() -> None:
    made = filled([1, 2**64 - 1])
    made.reset()
    assert (len(made), made.buckets()) == (0, ([], []))
    made.record(7)
    assert (made.minimum, made.maximum, made.percentiles(50)) == (7, 7, (7,))


@pytest.mark.parametrize("percentile", [0, -1, 100.1])
def test_a_percentile_outside_the_range_is_refused(percentile: float) -> None:
    with pytest.raises(ValueError, match="is not in"):
        filled([1]).percentiles(percentile)


@pytest.mark.parametrize("values", [array("q", [1]), array("L", [1])[:0].tobytes() or b"12345678", array("I", [1, 2])])
def test_arrays_of_other_items_are_refused(values: object) -> None:
    with pytest.raises(ValueError, match="unsigned 64-bit"):
        histogram.LatencyHistogram().record_array(values)


def test_the_profiler_measures_calls_and_blocks_and_keeps_their_results() -> None:
    profiler = LatencyProfiler()
    assert profiler.stats().count == 0
    assert profiler.measure(sorted, [3, 1], reverse=True) == [3, 1]
    with profiler, profiler:
        sum(range(1000))
    with pytest.raises(ZeroDivisionError):
        profiler.measure(lambda: 1 / 0)
    stats = profiler.stats()
    assert stats.count == 4
    assert 0 < stats.min <= stats.p50 <= stats.p90 <= stats.p99 <= stats.p999 <= stats.max
    assert stats.min <= stats.mean <= stats.max
    assert stats.overhead > 0
    profiler.reset()
    assert profiler.stats().count == 0


def test_ticks_become_nanoseconds() -> None:
    profiler = LatencyProfiler(tick_hz=2e9)
    for ticks in range(2, 202, 2):
        profiler.record(ticks)
    assert profiler.stats()[:8] == (100, 1, 100, 50.5, 50, 90, 99, 100)
    assert profiler.ticks_to_ns(3) == 1.5


@pytest.mark.parametrize("rate", [0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="not above 0"):
        LatencyProfiler(tick_hz=rate)

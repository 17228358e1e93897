"""Values and their places on an axis."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.reports.charts.axes import PercentileAxis, decades, digits, log_axis, quantity

_latency = st.floats(min_value=1e-3, max_value=1e9)


def test_each_tenfold_rarer_tail_takes_the_same_width() -> None:
    axis = PercentileAxis(left=0.0, right=400.0, end=4.0)
    places = [axis.position(q) for q in (0.0, 0.9, 0.99, 0.999, 0.9999)]
    assert places == pytest.approx([0, 100, 200, 300, 400])


def test_percentile_ticks_are_the_usual_ones_and_end_where_the_axis_ends() -> None:
    labels = [tick.label for tick in PercentileAxis(0.0, 400.0, 4.0).ticks()]
    assert labels == ["0", "50", "90", "99", "99.9", "99.99"]


@pytest.mark.parametrize("q", [1.0, -0.1, math.nan])
def test_what_is_no_percentile_of_samples_has_no_place(q: float) -> None:
    with pytest.raises(ValueError, match="lies in"):
        decades(q)


@given(_latency, _latency)
def test_a_log_axis_holds_its_values_between_round_ends(one: float, other: float) -> None:
    smallest, largest = sorted((one, other))
    axis = log_axis(smallest, largest, top=10.0, bottom=200.0)
    assert axis.low <= smallest * (1 + 1e-6)
    assert axis.high >= largest * (1 - 1e-6)
    assert axis.high >= 1.99 * axis.low
    assert all(10 - 1e-3 <= axis.position(value) <= 200 + 1e-3 for value in (smallest, largest))


@given(_latency, _latency)
def test_a_log_axis_has_a_few_distinct_marks_inside(one: float, other: float) -> None:
    axis = log_axis(min(one, other), max(one, other), top=10.0, bottom=200.0)
    assert 2 <= len(axis.marks) <= 7
    assert all(lower < upper for lower, upper in itertools.pairwise(axis.marks))
    assert all(axis.low <= mark <= axis.high for mark in axis.marks)
    labels = [tick.label for tick in axis.ticks("ns")]
    assert len(set(labels)) == len(labels)


def test_a_difference_of_one_per_cent_does_not_fill_the_picture() -> None:
    axis = log_axis(100.0, 101.0, top=0.0, bottom=100.0)
    assert axis.position(100.0) - axis.position(101.0) < 2


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (21.4, "ns", "21.4 ns"),
        (1500, "ns", "1.5 us"),
        (999.9999999999, "ns", "1 us"),
        (2_000_000, "us", "2 s"),
        (0.0208, "us", "20.8 ns"),
        (0.25, "ns", "0.25 ns"),
        (0, "ns", "0 ns"),
        (1234567, "ops/s", "1,230,000 ops/s"),
    ],
)
def test_a_quantity_is_told_in_its_fitting_unit(value: float, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


@given(_latency)
def test_shown_digits_are_the_value_to_three_digits(value: float) -> None:
    assert float(digits(value).replace(",", "")) == pytest.approx(value, rel=0.5001e-2)

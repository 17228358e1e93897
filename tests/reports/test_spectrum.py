"""The percentile spectrum as a picture and as the table behind it."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.reports.charts.axes import digits
from lltool.reports.charts.points import tabulate
from lltool.reports.charts.spectrum import BOTTOM, LEFT, RIGHT, TOP, Drawing, beyond, draw
from lltool.reports.page import Chart, Page, Spectrum

_STYLES = {"untuned": 0, "tuned": 1}


@st.composite
def _charts(draw_from: st.DrawFn) -> Chart:
    def arm(name: str) -> Spectrum:
        qs = draw_from(st.lists(st.floats(0, 0.9999999), min_size=1, max_size=30, unique=True))
        values = draw_from(st.lists(st.floats(0.1, 1e9), min_size=len(qs), max_size=len(qs)))
        return Spectrum(name, tuple(zip(sorted(qs), sorted(values), strict=True)), draw_from(st.integers(1, 10**7)), 10)

    return Chart("b", "B", "ns", draw_from(st.none() | st.floats(0.1, 1e6)), (arm("untuned"), arm("tuned")))


def _places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([-\d.]+) ([-\d.]+)", path)]


def _drawn(chart: Chart) -> Drawing:
    drawing = draw(chart, _STYLES)
    assert drawing is not None
    return drawing


@given(_charts())
def test_every_point_lies_inside_the_plot_and_runs_to_the_right(chart: Chart) -> None:
    drawing = _drawn(chart)
    for line in drawing.lines:
        for path in (line.settled, line.unsettled):
            places = _places(path)
            assert all(LEFT - 0.1 <= x <= RIGHT + 0.1 and TOP - 0.1 <= y <= BOTTOM + 0.1 for x, y in places)
            assert all(left[0] <= right[0] for left, right in itertools.pairwise(places))
            assert all(left[1] >= right[1] for left, right in itertools.pairwise(places)), "a percentile never falls"
    assert drawing.floor_y is None or TOP - 0.1 <= drawing.floor_y <= BOTTOM + 0.1
    assert all(LEFT <= tick.position <= RIGHT + 0.1 for tick in drawing.x_ticks)
    assert all(TOP - 0.1 <= tick.position <= BOTTOM + 0.1 for tick in drawing.y_ticks)


@given(_charts())
def test_the_two_parts_of_a_line_hold_every_point_once(chart: Chart) -> None:
    for line, spectrum in zip(_drawn(chart).lines, chart.spectra, strict=True):
        settled, unsettled = _places(line.settled), _places(line.unsettled)
        shared = 1 if settled and unsettled else 0
        assert len(settled) + len(unsettled) - shared == len(spectrum.points)
        assert len(settled) == sum(beyond(q, spectrum.samples) >= 10 for q, _ in spectrum.points)


def test_a_line_ends_where_its_samples_end() -> None:
    short = Spectrum("untuned", ((0.5, 10.0), (0.9, 20.0)), 100, 1)
    long = Spectrum("tuned", ((0.5, 10.0), (0.999, 20.0)), 10_000, 1)
    before, after = _drawn(Chart("b", "B", "ns", None, (short, long))).lines
    assert _places(before.settled)[-1][0] == pytest.approx(LEFT + (RIGHT - LEFT) / 3, abs=0.1)
    assert _places(after.settled)[-1][0] == pytest.approx(RIGHT, abs=0.1)


def test_samples_beyond_follow_the_nearest_rank() -> None:
    assert beyond(0.999, 10_000) == 10
    assert beyond(0.5, 3) == 1
    assert beyond(0.55, 100) == 45, "0.55 * 100 is a little more than 55 in binary"
    assert beyond(0.0, 5) == 5


def test_a_clock_floor_far_below_the_figures_does_not_squeeze_them() -> None:
    chart = Chart("b", "B", "us", 0.02, (Spectrum("untuned", ((0.0, 20.0), (0.9, 90.0)), 100, 1),))
    drawing = _drawn(chart)
    assert drawing.floor_y is None
    assert min(y for _, y in _places(drawing.lines[0].settled)) < TOP + 40


def test_values_without_a_place_on_a_logarithmic_axis_are_left_out_of_the_picture_only() -> None:
    chart = Chart("b", "B", "ns", None, (Spectrum("untuned", ((0.0, 0.0), (0.5, 10.0), (0.9, 20.0)), 100, 1),))
    assert len(_places(_drawn(chart).lines[0].settled)) == 2
    assert len(tabulate(chart).rows) == 3


def test_a_chart_without_samples_is_no_picture() -> None:
    assert draw(Chart("b", "B", "ns", 20.0, (Spectrum("untuned", (), 0, 0),)), _STYLES) is None
    assert draw(Chart("b", "B", "ns", 20.0, ()), _STYLES) is None


@given(_charts())
def test_the_table_holds_the_points_of_the_chart(chart: Chart) -> None:
    table = tabulate(chart)
    for column, spectrum in enumerate(chart.spectra):
        cells = [cells[column] for _, cells in table.rows]
        points = [cell for cell in cells if cell is not None]
        assert [cell.text for cell in points] == [digits(value) for _, value in spectrum.points]


def test_the_picture_is_told_in_words(page: Page) -> None:
    description = _drawn(page.charts[0]).description
    assert description.startswith("untuned: p50 ")
    assert "tuned: p50 " in description
    assert "p99.9 " in description
    assert "1,000,000 samples in 10 runs" in description

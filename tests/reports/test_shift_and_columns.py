"""Where the marks of a shift and the cells of the runs are placed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lltool.reports.charts import columns, shift
from lltool.reports.page import Page, RunColumn, Runs, Shift


def test_no_change_lies_on_the_line_and_slower_above_it() -> None:
    drawing = shift.draw([Shift(0.5, -0.1, 0.0, 0.1), Shift(0.9, 0.05, 0.2, 0.3), Shift(0.99, -0.3, -0.2, -0.1)])
    assert drawing is not None
    still, slower, faster = drawing.whiskers
    assert still.y == drawing.zero_y
    assert slower.y < drawing.zero_y < faster.y
    for whisker in drawing.whiskers:
        assert whisker.high_y < whisker.y < whisker.low_y
    assert [tick.label for tick in drawing.x_ticks] == ["50", "90", "99"]
    assert "0 %" in [tick.label for tick in drawing.y_ticks]


def test_a_long_interval_is_cut_at_the_frame_and_does_not_squeeze_the_points() -> None:
    drawing = shift.draw([Shift(0.5, -0.05, 0.01, 0.05), Shift(0.99, -0.9, 0.02, 400.0)])
    assert drawing is not None
    assert drawing.whiskers[1].high_y == shift.TOP
    assert drawing.whiskers[1].low_y <= shift.BOTTOM
    assert abs(drawing.whiskers[0].low_y - drawing.whiskers[0].high_y) > 20


@pytest.mark.parametrize("change", [0.0, 1e-9, -1e-9, 1e-3, -0.99, 5.0, 1e6])
def test_any_change_can_be_placed(change: float) -> None:
    drawing = shift.draw([Shift(0.5, change, change, change)])
    assert drawing is not None
    assert shift.TOP <= drawing.whiskers[0].y <= shift.BOTTOM
    assert 2 <= len(drawing.y_ticks) <= 8


def test_there_is_no_picture_of_nothing() -> None:
    assert shift.draw([]) is None
    assert columns.draw(None, "ns", {}) is None


def test_the_cells_of_a_run_stand_in_its_column_and_neighbours_of_one_shade_are_one(page: Page) -> None:
    runs = page.charts[0].runs
    assert runs is not None
    shares = ((0, 0.2), (1, 0.5), (2, 0.02), (4, 0.02))
    drawn = columns.draw(replace(runs, columns=(replace(runs.columns[0], shares=shares),)), "ns", {"untuned": 0})
    assert drawn is not None
    cells = {shade.level: re.findall(r"M([\d.]+) (\d+)V(\d+)", shade.path) for shade in drawn.shades}
    assert {level: len(found) for level, found in cells.items()} == {0: 1, 1: 2}
    ((centre, top, bottom),) = [tuple(map(float, cell)) for cell in cells[0]]
    assert centre - drawn.column_width / 2 == columns.LEFT
    assert centre + drawn.column_width / 2 == columns.RIGHT - 1
    assert bottom - top == pytest.approx(2 * (int(cells[1][0][2]) - int(cells[1][0][1])), abs=2)


@pytest.mark.parametrize(("share", "level"), [(1.0, 0), (0.1, 0), (0.0999, 1), (0.001, 2), (0.0001, 3), (1e-9, 4)])
def test_rarer_is_paler(share: float, level: int) -> None:
    assert columns.level_of(share) == level


def test_a_figure_outside_the_axis_is_marked_at_its_edge() -> None:
    column = RunColumn("a", "", 1, 0.0, 0.0, ((0, 1.0),))
    drawn = columns.draw(Runs("p50", "blocks", (10.0, 20.0), (column,)), "ns", {"a": 0})
    assert drawn is not None
    assert drawn.marks[0].places[0][1] == columns.BOTTOM

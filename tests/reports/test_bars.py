"""Bars of access times, of shares of a budget, and of lost time: as long as what they stand for."""

from __future__ import annotations

import pytest

from lltool.reports import ArmFigure, Level, Noise, NoiseCore, Stage
from lltool.reports.charts import bars, noise

STYLES = {"before": 0, "after": 1}


def _level(title: str, chapter_ns: float, *values: float) -> Level:
    figures = tuple(ArmFigure(arm, value, f"{value} ns") for arm, value in zip(STYLES, values, strict=False))
    return Level(title, title, "centre", chapter_ns, figures)


def test_each_tenfold_access_time_takes_the_same_length() -> None:
    drawing = bars.draw_levels([_level("L1", 1.0, 1.0), _level("L3", 10.0, 10.0), _level("RAM", 100.0, 100.0)], STYLES)
    assert drawing is not None
    first, second, third = (row.bars[0].width for row in drawing.rows)
    assert second - first == pytest.approx(third - second)
    for row in drawing.rows:
        assert row.mark_x == pytest.approx(bars.LEFT + row.bars[0].width), "measured as the chapter says"
    assert [tick.label for tick in drawing.x_ticks][-3:] == ["10 ns", "100 ns", "1 us"]


def test_arms_lie_below_each_other_and_are_told() -> None:
    drawing = bars.draw_levels([_level("RAM", 100.0, 90.0, 80.0)], STYLES)
    assert drawing is not None
    ((before, after),) = (row.bars for row in drawing.rows)
    assert (before.style, after.style, after.y - before.y) == (0, 1, bars.BAR)
    assert before.width > after.width
    assert drawing.description == "RAM: chapter 100 ns, before 90.0 ns, after 80.0 ns"


def test_a_stage_is_a_share_of_its_budget_and_cut_beyond_one_and_a_half() -> None:
    stages = [
        Stage("half", "", "p99", "< 100 ns", 100.0, (ArmFigure("before", 50.0, "50 ns"),)),
        Stage("whole", "", "p99", "< 1 us", 1000.0, (ArmFigure("before", 1000.0, "1 us"),)),
        Stage("far over", "", "p99", "< 1 us", 1000.0, (ArmFigure("before", 9000.0, "9 us"),)),
        Stage("unaccounted", "", "p50", "", None, (ArmFigure("before", -3.0, "-3 ns"),)),
    ]
    drawing = bars.draw_stages(stages, STYLES)
    assert drawing is not None
    half, whole, over = (row.bars[0] for row in drawing.rows)
    assert whole.width == pytest.approx(2 * half.width)
    assert (whole.cut, over.cut) == (False, True)
    assert over.width == bars.RIGHT - bars.LEFT
    assert len({row.mark_x for row in drawing.rows}) == 1


def test_without_levels_or_budgets_there_is_no_picture() -> None:
    assert bars.draw_levels([], STYLES) is None
    assert bars.draw_stages([Stage("unaccounted", "", "p50", "", None, ())], STYLES) is None
    assert noise.draw([]) is None


def _noise(title: str, *parts: tuple[str, float]) -> Noise:
    return Noise(title, "", (NoiseCore(1, "some", "9", ("", "", ""), parts),), (), ())


def test_the_parts_of_a_core_lie_end_to_end_on_one_scale() -> None:
    drawing = noise.draw([_noise("before", ("timer", 0.1), ("thread", 0.3)), _noise("after", ("timer", 0.1))])
    assert drawing is not None
    before, after = drawing.bars
    thread, timer = before.parts
    assert (thread.style, timer.style) == (noise.style_of("thread"), noise.style_of("timer"))
    assert timer.x == pytest.approx(thread.x + thread.width)
    assert thread.width == pytest.approx(3 * timer.width)
    assert after.parts[0].width == pytest.approx(timer.width)
    assert drawing.x_ticks[-1].label == "40 %"
    assert "before, core 1 lost some, thread: 30 %, timer: 10 %" in drawing.description


def test_a_kind_that_is_not_known_has_a_place_of_its_own() -> None:
    drawing = noise.draw([_noise("x", ("not known", 0.5), ("weather", 0.1))])
    assert drawing is not None
    assert {style for style, _ in drawing.kinds} == {len(noise.KINDS)}

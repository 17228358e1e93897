"""Figures of the arms as horizontal bars, a group a row: access times on a logarithmic axis, shares of a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lltool.reports.charts.axes import Tick, digits, quantity
from lltool.reports.page import ArmFigure, Level, Stage

WIDTH = 540.0
LEFT, RIGHT, TOP = 190.0, 466.0, 8.0
BAR, GAP = 13.0, 12.0

_MOST_SHARE = 1.5
"""A bar beyond one and a half budgets is cut; its figure says how far it goes."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One arm of a row. ``cut`` says that it goes on beyond the picture."""

    y: float
    width: float
    style: int
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class BarRow:
    """``mark_x`` is where the chapter's figure is."""

    name: str
    y: float
    height: float
    bars: tuple[Bar, ...]
    mark_x: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places."""

    height: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    rows: tuple[BarRow, ...]
    description: str


def draw_levels(levels: Sequence[Level], styles: Mapping[str, int]) -> Drawing | None:
    """The staircase, logarithmic from 0.1 ns or more; the mark is the chapter's figure. None without levels."""
    values = [figure.value_ns for level in levels for figure in level.figures] + [level.chapter_ns for level in levels]
    if not levels:
        return None
    first, last = math.floor(math.log10(min(values)) - 1e-9), math.ceil(math.log10(max(values)) + 1e-9)

    def place(value: float) -> float:
        return LEFT + (math.log10(value) - first) / (last - first) * (RIGHT - LEFT)

    return _drawing(
        [(level.title, level.figures, place(level.chapter_ns)) for level in levels],
        place,
        tuple(Tick(place(10.0**power), quantity(10.0**power, "ns")) for power in range(first, last + 1)),
        styles,
        "; ".join(
            f"{level.title}: chapter {quantity(level.chapter_ns, 'ns')}, {_told(level.figures)}" for level in levels
        ),
    )


def draw_stages(stages: Sequence[Stage], styles: Mapping[str, int]) -> Drawing | None:
    """Each stage as a share of its own budget; the mark is the whole budget. None where no stage has one."""
    budgeted = [(stage, limit_ns) for stage in stages if (limit_ns := stage.limit_ns) is not None]
    if not budgeted:
        return None

    def place(share: float) -> float:
        return LEFT + share / _MOST_SHARE * (RIGHT - LEFT)

    shares = [
        (
            f"{stage.title} {stage.limit}",
            tuple(ArmFigure(figure.arm, figure.value_ns / limit_ns, figure.text) for figure in stage.figures),
            place(1.0),
        )
        for stage, limit_ns in budgeted
    ]
    return _drawing(
        shares,
        place,
        tuple(Tick(place(share), f"{digits(100 * share) if share else 0} %") for share in (0.0, 0.5, 1.0, 1.5)),
        styles,
        "; ".join(f"{stage.title}, budget {stage.limit}: {_told(stage.figures)}" for stage, _ in budgeted),
    )


def _drawing(
    rows: Sequence[tuple[str, tuple[ArmFigure, ...], float]],
    place: Callable[[float], float],
    x_ticks: tuple[Tick, ...],
    styles: Mapping[str, int],
    description: str,
) -> Drawing:
    drawn: list[BarRow] = []
    y = TOP
    for name, figures, mark_x in rows:
        ends = [max(place(figure.value_ns), LEFT) for figure in figures]
        height = BAR * max(1, len(figures))
        bars = tuple(
            Bar(y + number * BAR, min(end, RIGHT) - LEFT, styles[figure.arm], figure.text, end > RIGHT)
            for number, (figure, end) in enumerate(zip(figures, ends, strict=True))
        )
        drawn.append(BarRow(name, y, height, bars, mark_x))
        y += height + GAP
    return Drawing(y + 28, y - GAP / 2, x_ticks, tuple(drawn), description)


def _told(figures: Sequence[ArmFigure]) -> str:
    return ", ".join(f"{figure.arm} {figure.text}" for figure in figures) or "not measured"

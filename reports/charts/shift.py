"""The shift function: by how much each percentile moved, with its interval, around the line of no change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.reports.charts.axes import Tick, round_step
from lltool.reports.charts.spectrum import percent
from lltool.reports.page import Shift

WIDTH, HEIGHT = 540.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 526.0, 10.0, 150.0
_LEAST_REACH = 0.02
_MOST_TICKS = 5
_TOLD = (0.1, 0.5, 0.9, 0.99, 0.999)
# A whisker may be long where the runs are few; it must not squeeze the points into a line.
_WHISKER_REACH = 2.5


@dataclass(frozen=True, slots=True)
class Whisker:
    """One percentile: the interval from ``low_y`` down to ``high_y`` up, cut at the frame, and its point."""

    x: float
    y: float
    low_y: float
    high_y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places. ``zero_y`` is where nothing changed."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero_y: float
    whiskers: tuple[Whisker, ...]
    description: str


def draw(shifts: Sequence[Shift]) -> Drawing | None:
    """Place the shifts of one chart in a picture of ``WIDTH`` x ``HEIGHT``; None where there are none."""
    if not shifts:
        return None
    reach = max(_LEAST_REACH, *(abs(shift.change) for shift in shifts))
    bottom = max(min(0.0, *(shift.low for shift in shifts)), -_WHISKER_REACH * reach)
    top = min(max(0.0, *(shift.high for shift in shifts)), _WHISKER_REACH * reach)
    step = round_step((top - bottom) or reach, _MOST_TICKS)
    first, last = math.floor(bottom / step + 1e-9), math.ceil(top / step - 1e-9)
    first, last = (first, last) if last > first else (first - 1, last + 1)
    low, high = first * step, last * step

    def place(change: float) -> float:
        return BOTTOM - (min(max(change, low), high) - low) / (high - low) * (BOTTOM - TOP)

    width = (RIGHT - LEFT) / len(shifts)
    places = [LEFT + width * (index + 0.5) for index in range(len(shifts))]
    return Drawing(
        x_ticks=tuple(Tick(x, percent(shift.q)) for x, shift in zip(places, shifts, strict=True)),
        y_ticks=tuple(Tick(place(mark * step), change_text(mark * step)) for mark in range(first, last + 1)),
        zero_y=place(0.0),
        whiskers=tuple(
            Whisker(x, place(shift.change), place(shift.low), place(shift.high))
            for x, shift in zip(places, shifts, strict=True)
        ),
        description="; ".join(_describe(shift) for shift in shifts if shift.q in _TOLD),
    )


def change_text(change: float) -> str:
    """A relative change in per cent with its sign: ``+0.5 %``."""
    text = f"{100 * change:+.2g}" if abs(change) < 0.1 else f"{100 * change:+,.0f}"
    return f"{'0' if float(text.replace(',', '')) == 0 else text} %"


def _describe(shift: Shift) -> str:
    """One percentile in words."""
    return f"p{percent(shift.q)} {change_text(shift.change)} ({change_text(shift.low)} to {change_text(shift.high)})"

"""Every run as a column in order of time: how its durations are spread, and its figure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from lltool.reports.charts.axes import Tick, log_axis, quantity
from lltool.reports.page import Runs

WIDTH, HEIGHT = 540.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 526.0, 10.0, 200.0
LEVELS = (0.1, 0.01, 0.001, 0.0001)
"""A class is darkest with this share of a run's samples, and so on; any smaller share is palest."""

_MOST_LABELS = 10


@dataclass(frozen=True, slots=True)
class Shade:
    """Cells of one arm and one level as one SVG path of upright lines, each as wide as a column; 0 is the darkest."""

    style: int
    level: int
    path: str


@dataclass(frozen=True, slots=True)
class Marks:
    """Where the figures of the runs of one arm are."""

    style: int
    places: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    column_width: float
    shades: tuple[Shade, ...]
    marks: tuple[Marks, ...]
    description: str


def draw(runs: Runs | None, unit: str, styles: Mapping[str, int]) -> Drawing | None:
    """Place ``runs`` in a picture of ``WIDTH`` x ``HEIGHT``; None where there are none."""
    if runs is None or not runs.columns:
        return None
    axis = log_axis(runs.edges[0], runs.edges[-1], TOP, BOTTOM)
    bounds = [round(axis.position(edge)) for edge in runs.edges]
    width = (RIGHT - LEFT) / len(runs.columns)
    gap = 1.0 if width > 4 else 0.0
    cells: dict[tuple[int, int], list[str]] = {}
    for place, column in enumerate(runs.columns):
        centre = f"{LEFT + (place + 0.5) * width - gap / 2:.1f}".removesuffix(".0")
        for level, first, last in _joined(column.shares):
            lower, upper = bounds[first], bounds[last + 1]
            cells.setdefault((styles[column.arm], level), []).append(f"M{centre} {upper}V{lower}")
    stride = math.ceil(len(runs.columns) / _MOST_LABELS)
    return Drawing(
        x_ticks=tuple(
            Tick(LEFT + (place + 0.5) * width, str(place + 1)) for place in range(0, len(runs.columns), stride)
        ),
        y_ticks=axis.ticks(unit),
        column_width=width - gap,
        shades=tuple(Shade(style, level, "".join(paths)) for (style, level), paths in sorted(cells.items())),
        marks=tuple(
            Marks(
                styles[arm],
                tuple(
                    (LEFT + (place + 0.5) * width - gap / 2, axis.position(min(max(own.value, axis.low), axis.high)))
                    for place, own in enumerate(runs.columns)
                    if own.arm == arm
                ),
            )
            for arm in dict.fromkeys(column.arm for column in runs.columns)
        ),
        description=_describe(runs, unit),
    )


def _joined(shares: Sequence[tuple[int, float]]) -> Iterator[tuple[int, int, int]]:
    """(level, first class, last class): neighbours of one level are one cell."""
    for (level, _), group in groupby(enumerate(shares), key=lambda item: (level_of(item[1][1]), item[1][0] - item[0])):
        classes = [class_ for _, (class_, _) in group]
        yield level, classes[0], classes[-1]


def level_of(share: float) -> int:
    """How pale a class with this share of the samples is."""
    return sum(share < level for level in LEVELS)


def _describe(runs: Runs, unit: str) -> str:
    arms = dict.fromkeys(column.arm for column in runs.columns)
    ranges = []
    for arm in arms:
        values = sorted(column.value for column in runs.columns if column.arm == arm)
        ends = f"{quantity(values[0], unit)} to {quantity(values[-1], unit)}"
        ranges.append(f"{arm}: {runs.metric} of {len(values)} runs from {ends}.")
    return " ".join(ranges)

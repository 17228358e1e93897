"""The figure of a benchmark over several results: a line, with the range of the runs behind each point."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lltool.reports.charts.axes import Tick, log_axis, quantity
from lltool.reports.page import History

WIDTH, HEIGHT = 540.0, 200.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 526.0, 10.0, 160.0
_MOST_LABELS = 10
_MOST_MARKS = 60


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places; ``marks`` is empty where they would touch."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    band: str
    line: str
    marks: tuple[tuple[float, float], ...]
    description: str


def draw(history: History, results: int) -> Drawing | None:
    """Place ``history`` among ``results`` results; None where no figure is positive, which a logarithm needs."""
    points = [point for point in history.points if point.low > 0]
    if not points:
        return None
    axis = log_axis(min(point.low for point in points), max(point.high for point in points), TOP, BOTTOM)
    step = (RIGHT - LEFT) / results
    places = [LEFT + (point.place - 0.5) * step for point in points]
    middle = [(x, axis.position(point.value)) for x, point in zip(places, points, strict=True)]
    upper = [(x, axis.position(point.high)) for x, point in zip(places, points, strict=True)]
    lower = [(x, axis.position(point.low)) for x, point in zip(places, points, strict=True)]
    stride = math.ceil(results / _MOST_LABELS)
    values = [point.value for point in points]
    return Drawing(
        x_ticks=tuple(Tick(LEFT + (place + 0.5) * step, str(place + 1)) for place in range(0, results, stride)),
        y_ticks=axis.ticks(history.unit),
        band=_path([*upper, *reversed(lower)]) + "Z",
        line=_path(middle),
        marks=tuple(middle) if len(middle) <= _MOST_MARKS else (),
        description=(
            f"{history.metric} in {len(points)} results: first {quantity(values[0], history.unit)}, last "
            f"{quantity(values[-1], history.unit)}, from {quantity(min(values), history.unit)} to "
            f"{quantity(max(values), history.unit)}."
        ),
    )


def _path(placed: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)

"""The percentile spectrum: latency over 1/(1-q), one line an arm, each ending where its samples end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lltool.reports.charts.axes import LogAxis, PercentileAxis, Tick, decades, log_axis, quantity
from lltool.reports.page import Chart, Spectrum

WIDTH, HEIGHT = 540.0, 420.0
LEFT, RIGHT, TOP, BOTTOM = 62.0, 508.0, 12.0, 376.0
_SETTLED_BEYOND = 10
_MARKED = (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
_NEAR_MARK = 0.05
# A clock floor far below every value would squeeze the lines into the upper part of the picture.
_FLOOR_REACH = 3.0
_BUDGET_REACH = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """One arm. ``settled`` and ``unsettled`` are SVG paths: the latter is where fewer than 10 samples lie beyond.

    ``band`` is the outline of the confidence band, empty where there is none; ``markers`` are the points that carry
    the arm's mark.
    """

    arm: str
    style: int
    band: str
    settled: str
    unsettled: str
    markers: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget: a line at ``y`` with a mark at its percentile, ``x``; ``q`` and ``value`` are what they stand for."""

    x: float
    y: float
    q: float
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything that the SVG template places. ``floor_y`` is None where the clock's floor is out of the picture."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    floor_y: float | None
    lines: tuple[Line, ...]
    limits: tuple[Limit, ...]
    description: str


def beyond(q: float, samples: int) -> int:
    """How many of ``samples`` lie beyond percentile ``q`` by nearest rank, ``ceil(q n)``."""
    return samples - math.ceil(q * samples - 1e-6)


def draw(chart: Chart, styles: Mapping[str, int]) -> Drawing | None:
    """Place ``chart`` in a picture of ``WIDTH`` x ``HEIGHT``; None where no point can be placed.

    ``styles`` numbers the colour, dash and marker of each arm. A logarithmic axis has no place for values that are
    not positive: they are left out of the picture.
    """
    drawable = [(spectrum, _drawable(spectrum)) for spectrum in chart.spectra]
    drawable = [(spectrum, points) for spectrum, points in drawable if points]
    if not drawable:
        return None
    values = [value for _, points in drawable for _, value in points]
    values += [value for spectrum, _ in drawable for _, *bounds in spectrum.band for value in bounds if value > 0]
    smallest, largest = min(values), max(values)
    # A budget far away from every value is told in the table; in the picture it would flatten the lines.
    limits = [each for each in chart.budgets if smallest / _BUDGET_REACH <= each.limit <= largest * _BUDGET_REACH]
    smallest = min(smallest, *(each.limit for each in limits)) if limits else smallest
    largest = max(largest, *(each.limit for each in limits)) if limits else largest
    if chart.floor is not None and smallest / _FLOOR_REACH <= chart.floor <= largest:
        smallest = min(smallest, chart.floor)
    x_axis = PercentileAxis(LEFT, RIGHT, max(1.0, *(decades(points[-1][0]) for _, points in drawable)))
    y_axis = log_axis(smallest, largest, TOP, BOTTOM)
    in_picture = chart.floor is not None and y_axis.low <= chart.floor <= y_axis.high
    return Drawing(
        x_ticks=x_axis.ticks(),
        y_ticks=y_axis.ticks(chart.unit),
        floor_y=y_axis.position(chart.floor) if in_picture and chart.floor is not None else None,
        lines=tuple(
            _line(spectrum, points, x_axis, y_axis, style=styles[spectrum.arm]) for spectrum, points in drawable
        ),
        limits=tuple(
            Limit(min(x_axis.position(each.q), RIGHT), y_axis.position(each.limit), each.q, each.limit, each.text)
            for each in limits
        ),
        description=_describe(chart),
    )


def _drawable(spectrum: Spectrum) -> list[tuple[float, float]]:
    return sorted((q, value) for q, value in spectrum.points if value > 0 and math.isfinite(value))


def _line(
    spectrum: Spectrum,
    points: list[tuple[float, float]],
    x_axis: PercentileAxis,
    y_axis: LogAxis,
    *,
    style: int,
) -> Line:
    placed = [(x_axis.position(q), y_axis.position(value)) for q, value in points]
    settled = sum(beyond(q, spectrum.samples) >= _SETTLED_BEYOND for q, _ in points)
    near = (_nearest(points, q) for q in _MARKED)
    marked = sorted({*(index for index in near if index is not None), len(points) - 1})
    return Line(
        arm=spectrum.arm,
        style=style,
        band=_band(spectrum, x_axis, y_axis),
        settled=_path(placed[:settled]),
        unsettled=_path(placed[max(0, settled - 1) :]) if settled < len(placed) else "",
        markers=tuple(placed[index] for index in marked),
    )


def _nearest(points: list[tuple[float, float]], q: float) -> int | None:
    place = decades(q)
    index = min(range(len(points)), key=lambda i: abs(decades(points[i][0]) - place))
    return index if abs(decades(points[index][0]) - place) <= _NEAR_MARK else None


def _band(spectrum: Spectrum, x_axis: PercentileAxis, y_axis: LogAxis) -> str:
    bounds = [bound for bound in spectrum.band if bound[1] > 0]
    upper = [(x_axis.position(q), y_axis.position(min(high, y_axis.high))) for q, _, high in bounds]
    lower = [(x_axis.position(q), y_axis.position(max(low, y_axis.low))) for q, low, _ in bounds]
    return _path([*upper, *reversed(lower)]) + "Z" if bounds else ""


def _path(placed: list[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed) if placed else ""


def percent(q: float) -> str:
    """``q`` as a percentile without the noise of binary fractions: ``99.99``."""
    return f"{q * 100:.10g}"


def _describe(chart: Chart) -> str:
    """The picture in words, for those who hear it: the figures at the usual percentiles of each arm."""
    sentences = []
    for spectrum in chart.spectra:
        figures = [
            f"p{percent(q)} {quantity(value, chart.unit)}"
            for q, value in sorted(spectrum.points)
            if any(math.isclose(q, mark, abs_tol=1e-12) for mark in _MARKED)
        ]
        end = f"{spectrum.samples:,} samples in {spectrum.runs} runs"
        sentences.append(f"{spectrum.arm}: {', '.join([*figures, end])}.")
    sentences += [f"Budget: {budget.text}." for budget in chart.budgets]
    return " ".join(sentences)

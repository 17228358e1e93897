"""The table behind a spectrum: every point of the chart as text."""

from __future__ import annotations

from dataclasses import dataclass

from lltool.reports.charts.axes import digits
from lltool.reports.charts.spectrum import beyond, percent
from lltool.reports.page import Chart


@dataclass(frozen=True, slots=True)
class Point:
    """One arm at one percentile. ``exact`` is the value as the chart has it; ``beyond`` the samples beyond it."""

    text: str
    exact: str
    beyond: int


@dataclass(frozen=True, slots=True)
class PointTable:
    """One row a percentile, one column an arm; None where an arm has no point there."""

    arms: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Point | None, ...]], ...]


def tabulate(chart: Chart) -> PointTable:
    """Every point of ``chart``, ascending."""
    columns = [dict(spectrum.points) for spectrum in chart.spectra]
    percentiles = sorted({q for column in columns for q in column})
    return PointTable(
        arms=tuple(spectrum.arm for spectrum in chart.spectra),
        rows=tuple(
            (
                percent(q),
                tuple(
                    Point(digits(column[q]), str(column[q]), beyond(q, spectrum.samples)) if q in column else None
                    for column, spectrum in zip(columns, chart.spectra, strict=True)
                ),
            )
            for q in percentiles
        ),
    )

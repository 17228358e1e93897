"""The table behind a spectrum: every point of the chart as text."""

from __future__ import annotations

from dataclasses import dataclass

from lltool.reports.charts.axes import digits
from lltool.reports.charts.spectrum import beyond, percent
from lltool.reports.page import Chart


@dataclass(frozen=True, slots=True)
class Point:
    """One arm at one percentile; ``beyond`` the samples beyond it. ``interval`` is empty where there is none."""

    text: str
    interval: str
    beyond: int


@dataclass(frozen=True, slots=True)
class PointTable:
    """One row a percentile, one column an arm; None where an arm has no point there."""

    arms: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Point | None, ...]], ...]


def tabulate(chart: Chart) -> PointTable:
    """Every point of ``chart``, ascending."""
    columns = [dict(spectrum.points) for spectrum in chart.spectra]
    bands = [{q: f"{digits(low)} to {digits(high)}" for q, low, high in line.band} for line in chart.spectra]
    percentiles = sorted({q for column in columns for q in column})
    return PointTable(
        arms=tuple(spectrum.arm for spectrum in chart.spectra),
        rows=tuple(
            (
                percent(q),
                tuple(
                    Point(digits(column[q]), band.get(q, ""), beyond(q, spectrum.samples)) if q in column else None
                    for column, band, spectrum in zip(columns, bands, chart.spectra, strict=True)
                ),
            )
            for q in percentiles
        ),
    )

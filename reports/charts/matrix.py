"""The core-to-core matrix as a shaded table: one scale for all arms, and what changed between two of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.reports.charts.axes import digits
from lltool.reports.charts.shift import change_text
from lltool.reports.page import Matrix

LEVELS = 5
_STEADY = 0.05
_LARGE = 0.25


@dataclass(frozen=True, slots=True)
class Cell:
    """``shade`` is a class of the style sheet, empty for no shade; ``text`` is empty where nothing was measured."""

    text: str
    shade: str


@dataclass(frozen=True, slots=True)
class Table:
    """One matrix: a row and a column for each CPU."""

    title: str
    cpus: tuple[int, ...]
    rows: tuple[tuple[Cell, ...], ...]


def tables(matrices: Sequence[Matrix]) -> tuple[Table, ...]:
    """A table for each arm, and where there are two arms, one of the changes."""
    values = [value for matrix in matrices for value in matrix.pairs_ns.values() if value > 0]
    if not values:
        return ()
    low, high = math.log(min(values)), math.log(max(values))
    drawn = [_table(f"{matrix.arm}: round trip in ns", matrix, low, high) for matrix in matrices]
    if len(matrices) == 2:
        drawn.append(_changes(*matrices))
    return tuple(drawn)


def _table(title: str, matrix: Matrix, low: float, high: float) -> Table:
    def cell(one: int, other: int) -> Cell:
        value = _between(matrix, one, other)
        if value is None or value <= 0:
            return Cell("", "")
        share = (math.log(value) - low) / (high - low) if high > low else 0.0
        return Cell(digits(value), f"heat-{min(LEVELS - 1, int(share * LEVELS))}")

    return Table(title, matrix.cpus, tuple(tuple(cell(one, other) for other in matrix.cpus) for one in matrix.cpus))


def _changes(before: Matrix, after: Matrix) -> Table:
    def cell(one: int, other: int) -> Cell:
        old, new = _between(before, one, other), _between(after, one, other)
        if not old or not new:
            return Cell("", "")
        change = new / old - 1
        direction = "slower" if change > 0 else "faster"
        shade = "" if abs(change) < _STEADY else f"{direction}-{int(abs(change) >= _LARGE)}"
        return Cell(change_text(change), shade)

    cpus = tuple(sorted({*before.cpus, *after.cpus}))
    return Table("change", cpus, tuple(tuple(cell(one, other) for other in cpus) for one in cpus))


def _between(matrix: Matrix, one: int, other: int) -> float | None:
    return matrix.pairs_ns.get((min(one, other), max(one, other)))

"""Round trips between every two CPUs, by arm, out of the notes of the runs that measured them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from lltool.bench.model import Run
from lltool.reports import Matrix

NOTE = "matrix_ns"
MOST_CPUS = 64
"""A larger table is no picture any more; its figures are in the data of the page."""


def matrices_of(arms: Mapping[str, Sequence[Run]]) -> tuple[Matrix, ...]:
    """A matrix for each arm that measured one: the median over its runs, in nanoseconds."""
    found = []
    for arm, runs in arms.items():
        pairs: dict[tuple[int, int], list[float]] = {}
        for run in runs:
            noted = run.notes.get(NOTE)
            for name, value in noted.items() if isinstance(noted, Mapping) else ():
                one, dash, other = str(name).partition("-")
                if dash and one.isdecimal() and other.isdecimal() and isinstance(value, int | float):
                    pairs.setdefault((int(one), int(other)), []).append(float(value))
        cpus = tuple(sorted({cpu for pair in pairs for cpu in pair}))
        if 0 < len(cpus) <= MOST_CPUS:
            found.append(Matrix(arm, cpus, {pair: median(values) for pair, values in pairs.items()}))
    return tuple(found)

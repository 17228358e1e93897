"""The staircase of access times: each level measured here beside what chapter 5.2.1 says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lltool.bench.estimates import estimate, having
from lltool.bench.findings import ACCESS_TIMES
from lltool.bench.model import Run
from lltool.bench.resolution import format_value, quantum_ns, resolution
from lltool.experiment.chapter import title_of
from lltool.reports import ArmFigure, Level

ON_OTHER_PAGES = {
    "memory.l3": ("memory.l3_thp", "memory.l3_huge"),
    "memory.ram": ("memory.ram_thp", "memory.ram_huge", "memory.chase_4k", "memory.chase_huge"),
}
"""Benchmarks of the same level on other pages, or by other means."""


def levels_of(arms: Mapping[str, Sequence[Run]], passport: Mapping[str, object]) -> tuple[Level, ...]:
    """The levels that any arm has a figure of, the nearest first."""
    found = []
    for row in ACCESS_TIMES:
        for benchmark in (row.benchmark, *ON_OTHER_PAGES.get(row.benchmark, ())):
            figures = figures_by_arm(arms, benchmark, row.metric, quantum_ns(dict(passport)))
            if figures:
                found.append(Level(title_of(benchmark), benchmark, row.metric, row.chapter_ns, figures))
    return tuple(found)


def figures_by_arm(
    arms: Mapping[str, Sequence[Run]], benchmark: str, metric: str, quantum: float | None
) -> tuple[ArmFigure, ...]:
    """The figure (nanoseconds) of each arm that has it, as a number and as text."""
    found = []
    for arm, runs in arms.items():
        own = having([run for run in runs if run.benchmark == benchmark], metric)
        figure = estimate(own, metric)
        if figure is not None and figure.value > 0:
            text = format_value(figure.value, "ns", resolution(own, metric, quantum))
            found.append(ArmFigure(arm, figure.value, text))
    return tuple(found)

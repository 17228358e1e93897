"""The staircase of access times: each level measured here beside what chapter 5.2.1 says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lltool.bench.estimates import estimate, having
from lltool.bench.model import Run
from lltool.bench.resolution import format_value, quantum_ns, resolution
from lltool.experiment.chapter import known, title_of
from lltool.reports import ArmFigure, Level

CHAPTER_NS = {
    "memory.l1": 1.0,
    "memory.l2": 3.0,
    "memory.l3": 10.0,
    "memory.l3_thp": 10.0,
    "memory.l3_huge": 10.0,
    "memory.ram": 100.0,
    "memory.ram_thp": 100.0,
    "memory.ram_huge": 100.0,
    "memory.chase_4k": 100.0,
    "memory.chase_huge": 100.0,
    "storage.read_4k": 100_000.0,
    "tcp.rtt": 500_000.0,
}
"""The table of section 5.2.1 by the benchmark that measures the same; "Network (localhost)" is a round trip here."""


def levels_of(arms: Mapping[str, Sequence[Run]], passport: Mapping[str, object]) -> tuple[Level, ...]:
    """The levels that any arm has a figure of, the nearest first."""
    found = []
    for benchmark, chapter_ns in CHAPTER_NS.items():
        entry = known(benchmark)
        if entry is None:
            continue
        metric = "centre" if "centre" in entry.metrics else "p50"
        figures = figures_by_arm(arms, benchmark, metric, quantum_ns(dict(passport)))
        if figures:
            found.append(Level(title_of(benchmark), benchmark, metric, chapter_ns, figures))
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

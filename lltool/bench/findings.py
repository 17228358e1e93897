"""What one result says beyond its figures: the chapter's access times, each socket option's effect, the core matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lltool.bench.estimates import estimate, having, unit
from lltool.bench.figures import figures_of
from lltool.bench.model import Outcome, Result, Run
from lltool.bench.pairing import Pair
from lltool.bench.resolution import format_value, quantum_ns, resolution


class AccessTime(NamedTuple):
    """One row of the chapter's table of access times, and the figure of lltool beside it."""

    access: str
    chapter_ns: float
    benchmark: str
    metric: str


ACCESS_TIMES = (
    AccessTime("L1 cache", 1, "memory.l1", "centre"),
    AccessTime("L2 cache", 3, "memory.l2", "centre"),
    AccessTime("L3 cache", 10, "memory.l3", "centre"),
    AccessTime("RAM", 100, "memory.ram", "centre"),
    AccessTime("SSD", 100_000, "storage.read_4k", "p50"),
    AccessTime("Network (localhost)", 500_000, "tcp.rtt", "p50"),
)
"""Chapter 5.2.1, row by row."""

DEFAULT_SOCKETS = "tcp.rtt"
WITH_OPTIONS = ("tcp.rtt_nodelay", "tcp.rtt_quickack", "tcp.rtt_busy_poll", "tcp.rtt_buffers", "tcp.rtt_keepalive",
                "tcp.rtt_tuned")  # fmt: skip
"""Chapter 5.4.1, option by option, then all of them."""

EFFECTS = {
    Outcome.BETTER: "faster",
    Outcome.WORSE: "slower",
    Outcome.EQUIVALENT: "no effect",
    Outcome.INCONCLUSIVE: "not decided",
    Outcome.NOT_COMPARED: "not compared",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading; without rows there is nothing to show."""

    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(result: Result) -> list[Table]:
    """All that ``result`` has the runs for."""
    found = (access_times(result), option_effects(result), core_matrix(result))
    return [table for table in found if table.rows]


def access_times(result: Result) -> Table:
    """The chapter's table beside what was measured here."""
    rows = []
    for known in ACCESS_TIMES:
        runs = having([run for run in result.runs if run.benchmark == known.benchmark], known.metric)
        found = estimate(runs, known.metric)
        if found is not None:
            grain = resolution(runs, known.metric, quantum_ns(result.passport))
            measured = format_value(found.value, unit(known.metric), grain)
            told = format_value(known.chapter_ns, "ns", known.chapter_ns / 10)
            ratio = f"{found.value / known.chapter_ns:.2g}"
            rows.append((known.access, told, measured, ratio, f"{known.benchmark} {known.metric}"))
    header = ("access", "chapter 5.2.1", "here", "times the chapter's", "measured by")
    return Table("The chapter's access times", header, tuple(rows))


def option_effects(result: Result) -> Table:
    """Each socket option alone against default sockets: the p50 of both, from runs in the same rounds."""
    rows = []
    default = [run for run in result.runs if run.benchmark == DEFAULT_SOCKETS]
    measured = [name for name in WITH_OPTIONS if any(run.benchmark == name for run in result.runs)]
    if not default:
        measured = []
    # One family of comparisons: the default's runs stand in for the arm before of every option.
    before = tuple(replace(run, benchmark=name) for name in measured for run in default)
    after = tuple(run for run in result.runs if run.benchmark in measured)
    pair = Pair(before, after, "rounds", quantum_ns(result.passport), ())
    for entry in pair.compare():
        if entry.metric == "p50":
            figures = figures_of(entry, pair)
            rows.append(
                (
                    entry.benchmark,
                    f"{figures.before} {figures.unit}",
                    f"{figures.after} {figures.unit}",
                    figures.change,
                    figures.interval,
                    f"{EFFECTS[entry.outcome]}: {entry.reason}",
                )
            )
    header = ("socket option", "default p50", "with it", "change", "95 % interval", "effect")
    return Table("The effect of each socket option (chapter 5.4.1)", header, tuple(rows))


def core_matrix(result: Result) -> Table:
    """The round trip of a cache line between every two cores: the median over the runs, in nanoseconds."""
    by_pair: dict[tuple[int, int], list[float]] = {}
    for run in result.runs:
        for pair, value in _matrix_of(run).items():
            by_pair.setdefault(pair, []).append(value)
    cores = sorted({core for pair in by_pair for core in pair})
    rows = tuple(
        (str(one), *("-" if one == other else _median_text(by_pair, one, other) for other in cores)) for one in cores
    )
    header = ("core", *(str(core) for core in cores))
    return Table("Cache line round trip between cores, ns", header, rows)


def _matrix_of(run: Run) -> dict[tuple[int, int], float]:
    found = {}
    for pair, value in (run.notes.get("matrix_ns") or {}).items() if run.measured else ():
        one, other = (int(core) for core in pair.split("-"))
        found[one, other] = float(value)
    return found


def _median_text(by_pair: dict[tuple[int, int], list[float]], one: int, other: int) -> str:
    values: Sequence[float] = sorted(by_pair.get((min(one, other), max(one, other)), []))
    return f"{values[(len(values) - 1) // 2]:.0f}" if values else "?"

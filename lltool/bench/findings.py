"""What one result says beyond its figures: access times, socket options, the core matrix, and what was not done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from lltool.bench.conditions import DONE
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.figures import figures_of
from lltool.bench.model import Comparison, Estimate, Outcome, Result, Run
from lltool.bench.pairing import Pair
from lltool.bench.pipeline_findings import pipeline_document, pipeline_tables
from lltool.bench.resolution import format_value, quantum_ns, resolution
from lltool.bench.table import Table


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
class Access:
    """A row of the chapter's table with what was measured here; ``grain_ns`` is the smallest step it can show."""

    chapter: AccessTime
    here: Estimate
    grain_ns: float

    @property
    def times_the_chapters(self) -> float:
        """How many times as long as the chapter says."""
        return self.here.value / self.chapter.chapter_ns


def tables(result: Result) -> list[Table]:
    """All that ``result`` has the runs for."""
    found = (
        *pipeline_tables(result),
        _access_table(result),
        _option_table(result),
        core_matrix(result),
        not_done(result),
    )
    return [table for table in found if table.rows]


def findings_document(result: Result) -> dict[str, Any]:
    """Access times, effects of socket options and the pipeline's stages as JSON types, nanoseconds."""
    _, effects = option_effects(result)
    return {
        "pipeline": pipeline_document(result),
        "access_times": [
            {**row.chapter._asdict(), "here_ns": row.here.value, "runs": row.here.runs, "samples": row.here.samples}
            for row in access_times(result)
        ],
        "option_effects": [
            {
                "benchmark": entry.benchmark,
                "metric": entry.metric,
                "default": entry.before and asdict(entry.before),
                "with_option": entry.after and asdict(entry.after),
                **{name: getattr(entry, name) for name in ("change", "low", "high", "p", "reason")},
                "effect": EFFECTS[entry.outcome],
            }
            for entry in effects
        ],
    }


def access_times(result: Result) -> tuple[Access, ...]:
    """The rows of the chapter's table that were measured here."""
    rows = []
    for known in ACCESS_TIMES:
        runs = having([run for run in result.runs if run.benchmark == known.benchmark], known.metric)
        found = estimate(runs, known.metric)
        if found is not None:
            rows.append(Access(known, found, resolution(runs, known.metric, quantum_ns(result.passport))))
    return tuple(rows)


def _access_table(result: Result) -> Table:
    rows = []
    for row in access_times(result):
        known = row.chapter
        here = format_value(row.here.value, unit(known.metric), row.grain_ns)
        told = format_value(known.chapter_ns, "ns", known.chapter_ns / 10)
        source = f"{known.benchmark} {known.metric}"
        rows.append((known.access, told, here, f"{row.times_the_chapters:.2g}", source))
    header = ("access", "chapter 5.2.1", "here", "times the chapter's", "measured by")
    return Table("The chapter's access times", header, tuple(rows))


def option_effects(result: Result) -> tuple[Pair, tuple[Comparison, ...]]:
    """Each socket option alone against default sockets at p50, from runs in the same rounds: one family of comparisons.

    The pair is what :func:`lltool.bench.figures.figures_of` needs to show them.
    """
    default = [run for run in result.runs if run.benchmark == DEFAULT_SOCKETS]
    measured = [name for name in WITH_OPTIONS if any(run.benchmark == name for run in result.runs)]
    if not default:
        measured = []
    # The default's runs stand in for the arm before of every option.
    before = tuple(replace(run, benchmark=name) for name in measured for run in default)
    after = tuple(run for run in result.runs if run.benchmark in measured)
    pair = Pair(before, after, "rounds", quantum_ns(result.passport), ())
    return pair, tuple(entry for entry in pair.compare() if entry.metric == "p50")


def _option_table(result: Result) -> Table:
    pair, effects = option_effects(result)
    rows = []
    for entry in effects:
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


def not_done(result: Result) -> Table:
    """What the workers did not do for the measurement, each with the kernel's or the host's reason."""
    measured = [run for run in result.runs if run.conditions]
    states = Counter(item for run in measured for item in run.conditions.items() if item[1] != DONE)
    rows = tuple((name, f"{count} of {len(measured)}", state) for (name, state), count in states.items())
    return Table("Not done for the measurement", ("what", "runs", "why"), rows)


def _matrix_of(run: Run) -> dict[tuple[int, int], float]:
    found = {}
    for pair, value in (run.notes.get("matrix_ns") or {}).items() if run.measured else ():
        one, other = (int(core) for core in pair.split("-"))
        found[one, other] = float(value)
    return found


def _median_text(by_pair: dict[tuple[int, int], list[float]], one: int, other: int) -> str:
    values: Sequence[float] = sorted(by_pair.get((min(one, other), max(one, other)), []))
    return f"{values[(len(values) - 1) // 2]:.0f}" if values else "?"

"""What limits the figures of a report, and what could not be done, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from lltool.bench.compare import benchmarks_in
from lltool.bench.conditions import DONE
from lltool.bench.model import Comparison, Result, Run
from lltool.bench.resolution import format_value, quantum_ns
from lltool.experiment.chapter import title_of
from lltool.experiment.facts import at
from lltool.reports import SettingRow


def of_host(results: Sequence[Result]) -> list[str]:
    """What the host and its clock do not allow."""
    told = []
    if any(at(result.host, "hypervisor.is_guest") is True for result in results):
        told.append(
            "A virtual machine: its cores share hardware with others and may move, and the hypervisor's pauses are "
            "in the figures."
        )
    steps = [quantum for result in results if (quantum := quantum_ns(result.passport)) is not None]
    if steps:
        step = format_value(max(steps), "ns", max(steps) / 100)
        told.append(f"The clock advances in steps of {step}: a single operation is known no better than that.")
    for result in results:
        noted = result.passport.get("cautions")
        told += [str(caution) for caution in noted] if isinstance(noted, list) else []
    return told


def of_runs(runs: Sequence[Run]) -> list[str]:
    """Benchmarks without figures, runs that failed or never got steady, conditions that were not met."""
    told = []
    for benchmark in benchmarks_in(runs):
        own = [run for run in runs if run.benchmark == benchmark]
        told += _without_figures(benchmark, own)
        unsteady = sum(run.notes.get("steady") is False for run in own)
        if unsteady:
            told.append(f"{title_of(benchmark)}: {unsteady} of {len(own)} runs did not get steady while warming up.")
    unmet = Counter((name, state) for run in runs for name, state in run.conditions.items() if state != DONE)
    told += [f"{_capital(name)}: {state} ({count} of {len(runs)} runs)." for (name, state), count in unmet.items()]
    return told


def of_percentiles(comparisons: Iterable[Comparison]) -> list[str]:
    """The percentiles that too few samples hold up."""
    unsettled = [
        f"{entry.benchmark} {entry.metric}"
        for entry in comparisons
        if any(found is not None and not found.settled for found in (entry.before, entry.after))
    ]
    if not unsettled:
        return []
    return [f"Unsettled, because fewer than 10 samples lie beyond: {', '.join(unsettled)}."]


def of_settings(rows: Sequence[SettingRow]) -> list[str]:
    """How many settings are not in force, by verdict."""
    told = []
    for verdict, settings in _by_verdict(rows).items():
        if verdict != "ok":
            told.append(f"{len(settings)} of {len(rows)} settings are {verdict}: {', '.join(settings)}.")
    return told


def _by_verdict(rows: Sequence[SettingRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.verdict, []).append(row.setting)
    return dict(sorted(found.items()))


def _without_figures(benchmark: str, own: Sequence[Run]) -> list[str]:
    reasons = Counter(
        f"not applicable: {run.not_applicable}" if run.not_applicable is not None else f"failed: {run.failed}"
        for run in own
        if not run.measured
    )
    return [
        f"{title_of(benchmark)}: {count} of {len(own)} runs have no figures, {reason}"
        for reason, count in reasons.items()
    ]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""The figures of one result as text: a row for each metric, or the reason why there is none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lltool.bench.benchmark import Benchmark
from lltool.bench.budgets import load_budgets
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.interference import labels
from lltool.bench.model import Run
from lltool.bench.resolution import format_value, quantum_ns, resolution


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one benchmark; ``value`` is empty where nothing was measured, and ``remark`` says why."""

    benchmark: str
    metric: str
    value: str
    samples: str
    runs: str
    remark: str


def summarise(benchmark: Benchmark, runs: Sequence[Run], passport: Mapping[str, Any]) -> list[Row]:
    """The rows of ``benchmark`` over its ``runs``. No value shows more digits than the clock resolves."""
    remarks = _remarks(runs)
    rows: list[Row] = []
    for metric in benchmark.metrics:
        found = estimate(runs, metric)
        if found is None:
            continue
        text = format_value(found.value, unit(metric), resolution(having(runs, metric), metric, quantum_ns(passport)))
        unsettled = "" if found.settled else f"unsettled: {found.beyond} samples beyond"
        budget = load_budgets().in_words(benchmark.name, metric, found)
        remark = "; ".join(filter(None, [unsettled, budget, *(remarks if not rows else ())]))
        rows.append(Row(benchmark.name, metric, text, str(found.samples), str(found.runs), remark))
    return rows or [Row(benchmark.name, "", "", "", "0", "; ".join(remarks) or "not run")]


def has_failed(runs: Sequence[Run]) -> bool:
    """Whether a benchmark has failed runs and not one that measured."""
    return any(run.failed for run in runs) and not any(run.measured for run in runs)


def _remarks(runs: Sequence[Run]) -> list[str]:
    distances = Counter(run.distance.distance_class for run in runs if run.distance is not None)
    remarks = (
        [f"cores {', '.join(f'{name} in {count}' for name, count in distances.most_common())}"] if distances else []
    )
    backings = sorted({run.notes["backing"] for run in runs if "backing" in run.notes})
    if backings:
        remarks.append(f"on {', '.join(backings)} pages")
    disturbed = Counter(label for run in runs for label in labels(run.interference))
    if disturbed:
        clean = sum(run.interference is not None and not labels(run.interference) for run in runs)
        causes = ", ".join(f"{label} in {count}" for label, count in disturbed.most_common())
        remarks.append(f"undisturbed {clean} of {len(runs)}: {causes}")
    unsteady = sum(run.notes.get("steady") is False for run in runs)
    if unsteady:
        remarks.append(f"not steady in {unsteady}")
    remarks += [
        f"not applicable: {reason}" for reason in sorted({run.not_applicable for run in runs if run.not_applicable})
    ]
    failures = Counter(run.failed for run in runs if run.failed)
    remarks += [f"{count} failed: {reason}" for reason, count in failures.most_common()]
    return remarks

"""What a result says of the pipeline: stages against the budget, response beside service, the knee, the set-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from lltool.bench.model import Result, Run
from lltool.bench.resolution import format_value, quantum_ns
from lltool.bench.stages import NOTE, NOTE_P99, RESPONSE, TOTAL, medians, stage_figures
from lltool.bench.table import Table


def pipeline_tables(result: Result) -> list[Table]:
    """All of them; those without rows have nothing to show."""
    runs = _runs_by_benchmark(result)
    return [
        _stage_table(runs, quantum_ns(result.passport) or 1.0),
        _rate_table(runs, quantum_ns(result.passport) or 1.0),
        _knee_table(runs),
        _set_up_table(runs),
    ]


def pipeline_document(result: Result) -> dict[str, Any]:
    """The same as JSON types, in nanoseconds and Hz, by benchmark."""
    return {
        name: {
            "stages": [asdict(figure) for figure in stage_figures(runs)],
            "rate": _rates(runs) or None,
            "knee": _knee(runs),
        }
        for name, runs in _runs_by_benchmark(result).items()
    }


def _runs_by_benchmark(result: Result) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in result.runs:
        if run.measured and isinstance(run.notes.get(NOTE), Mapping):
            found.setdefault(run.benchmark, []).append(run)
    return found


def _stage_table(by_benchmark: Mapping[str, Sequence[Run]], grain_ns: float) -> Table:
    rows = []
    for name, runs in by_benchmark.items():
        for figure in stage_figures(runs):
            p99 = "" if figure.p99_ns is None else format_value(figure.p99_ns, "ns", grain_ns)
            p50 = format_value(figure.p50_ns, "ns", grain_ns)
            rows.append((name, figure.name, p50, p99, figure.limit, figure.standing))
    header = ("benchmark", "stage", "p50", "p99", "budget", "")
    return Table("The pipeline's stages against the budget (chapter 5.1.2)", header, tuple(rows))


def _rates(runs: Sequence[Run]) -> dict[str, float]:
    if not all("wanted_rate_hz" in run.notes for run in runs):
        return {}
    centre, tail = medians(runs), medians(runs, NOTE_P99)
    found = {
        "offered_hz": median(run.notes["wanted_rate_hz"] for run in runs),
        "achieved_hz": median(run.notes["achieved_rate_hz"] for run in runs),
    }
    for name, span in (("response", RESPONSE), ("service", TOTAL)):
        if span in centre and span in tail:
            found |= {f"{name}_p50_ns": centre[span], f"{name}_p99_ns": tail[span]}
    return found


def _rate_table(by_benchmark: Mapping[str, Sequence[Run]], grain_ns: float) -> Table:
    times = ("response_p50_ns", "response_p99_ns", "service_p50_ns", "service_p99_ns")
    rows = []
    for name, runs in by_benchmark.items():
        found = _rates(runs)
        if found:
            shown = (format_value(found[key], "ns", grain_ns) if key in found else "" for key in times)
            rows.append((name, f"{found['offered_hz']:.0f}", f"{found['achieved_hz']:.0f}", *shown))
    header = ("benchmark", "ticks/s", "achieved", "response p50", "p99", "service p50", "p99")
    return Table(
        "Response (from the intended time) beside service (from the read), ticks with an order", header, tuple(rows)
    )


def _knee(runs: Sequence[Run]) -> dict[str, Any] | None:
    with_knee = [run for run in runs if "knee_rule" in run.notes]
    if not with_knee:
        return None
    found = [run.notes["knee_hz"] for run in with_knee if run.notes["knee_hz"] and run.notes["knee_found"]]
    return {
        "hz": median(found) if found else None,
        "lowest_hz": min(found, default=None),
        "highest_hz": max(found, default=None),
        "runs": len(with_knee),
        "runs_with_knee": len(found),
        "rule": with_knee[0].notes["knee_rule"],
    }


def _knee_table(by_benchmark: Mapping[str, Sequence[Run]]) -> Table:
    rows = []
    for name, runs in by_benchmark.items():
        found = _knee(runs)
        if found is not None:
            within = f"{found['runs_with_knee']} of {found['runs']}"
            known = found["hz"] is not None
            value = f"{found['hz']:.0f}" if known else "not within the rates offered"
            spread = f"{found['lowest_hz']:.0f} to {found['highest_hz']:.0f}" if known else ""
            rows.append((name, value, spread, within, found["rule"]))
    header = ("benchmark", "knee, ticks/s", "over the runs", "found in", "rule")
    return Table("Where the response departs from the service", header, tuple(rows))


def _set_up_table(by_benchmark: Mapping[str, Sequence[Run]]) -> Table:
    rows = []
    for name, runs in by_benchmark.items():
        notes = runs[-1].notes
        words = (str(notes.get(key, "")) for key in ("layout", "shared_core", "order_form", "feed", "kernel_stamps"))
        rows.append((name, *words))
    header = ("benchmark", "layout", "shared", "orders", "feed", "kernel stamps (of the last run)")
    return Table("How the pipeline was measured", header, tuple(rows))

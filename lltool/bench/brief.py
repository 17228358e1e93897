"""A result in brief: one figure a metric, without histograms, a few kilobytes: for monitoring and for fleets."""

from __future__ import annotations

from typing import Any

from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.estimates import estimate, having, tick_ns, unit
from lltool.bench.model import Result, Run
from lltool.bench.pairing import has_both_arms, pair_of


def bench_brief(result: Result) -> dict[str, Any]:
    """The figures of every benchmark that ``result`` measured.

    ``figures`` are nanoseconds (``lost``: ppm) by metric, unsettled percentiles left out; ``count`` and ``sum_ns``
    are of all single operations, over all runs.
    """
    return {
        "created": result.created,
        "label": result.label,
        "version": result.version,
        "benchmarks": {
            known.name: brief
            for known in BENCHMARKS
            if (brief := _brief([run for run in result.runs if run.benchmark == known.name], known.metrics))
        },
    }


def trial_brief(result: Result) -> dict[str, Any]:
    """What a trial found, one entry a benchmark: its headline metric before and after, the interval, the verdict."""
    headlines = {known.name: known.headline for known in BENCHMARKS}
    compared = pair_of(result, result).compare() if has_both_arms(result) else ()
    return {
        "created": result.created,
        "profile": result.label,
        "design": result.design,
        "comparisons": [
            {
                "benchmark": entry.benchmark,
                "metric": entry.metric,
                "unit": entry.unit,
                "before": None if entry.before is None else entry.before.value,
                "after": None if entry.after is None else entry.after.value,
                "change": entry.change,
                "low": entry.low,
                "high": entry.high,
                "outcome": entry.outcome.value,
            }
            for entry in compared
            if headlines.get(entry.benchmark) == entry.metric
        ],
    }


def _brief(runs: list[Run], metrics: tuple[str, ...]) -> dict[str, Any] | None:
    estimates = {metric: found for metric in metrics if (found := estimate(runs, metric)) and found.settled}
    if not estimates:
        return None
    timed = [run for run in having(runs, "mean") if run.samples is not None]
    scales = tick_ns(timed) if timed else []
    return {
        "cores": sorted({core for run in runs if run.measured for core in run.cores}),
        "runs": max(found.runs for found in estimates.values()),
        "figures": {metric: found.value for metric, found in estimates.items()},
        "units": {metric: unit(metric) for metric in estimates},
        "count": sum(run.samples.n for run in timed if run.samples is not None),
        "sum_ns": sum(
            run.samples.total * scale for run, scale in zip(timed, scales, strict=True) if run.samples is not None
        ),
    }

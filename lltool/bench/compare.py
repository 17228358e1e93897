"""Before against after: one verdict for each metric of each benchmark.

``equivalent``    the whole interval lies within the margin: the larger of 2 % and one step of the clock
``better``        the whole interval lies below no change (lower is better for every metric)
``worse``         the whole interval lies above no change
``inconclusive``  anything else; "not significant" is never "no change"
``not compared``  there is nothing to compare, for the reason given

No change is anything up to 0.1 %: histograms keep no more, and each run calibrates its clock anew. Without that, a
percentile of equal ticks in both arms would count as changed by the parts per million of their tick rates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from lltool.bench.bootstrap import interval, ratios
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.matching import Matched, match
from lltool.bench.model import Comparison, Estimate, Outcome, Run
from lltool.bench.resolution import RELATIVE, resolution

MARGIN = 0.02
USUAL_METRICS = ("centre", "p50", "p99", "p99.9")
"""Compared, where measured, for a benchmark that this lltool does not know."""

_ROUNDING = 1e-12


def compare(before: Sequence[Run], after: Sequence[Run], quantum_ns: float | None) -> list[Comparison]:
    """Compare two arms, in the order of the catalogue; benchmarks that it does not have come last.

    ``quantum_ns`` is the step of the clock (the coarser one of two clocks), None where it is not known.
    """
    runs = [*before, *after]
    return [
        _compare_metric(
            benchmark,
            metric,
            [run for run in before if run.benchmark == benchmark],
            [run for run in after if run.benchmark == benchmark],
            quantum_ns,
        )
        for benchmark in benchmarks_in(runs)
        for metric in metrics_of(benchmark, runs)
    ]


def benchmarks_in(runs: Sequence[Run]) -> list[str]:
    """The benchmarks of ``runs``, in the order of the catalogue; those that it does not have come last."""
    present = dict.fromkeys(run.benchmark for run in runs)
    known = [entry.name for entry in BENCHMARKS if entry.name in present]
    return known + [name for name in present if name not in known]


def metrics_of(benchmark: str, runs: Sequence[Run]) -> tuple[str, ...]:
    """The metrics of a benchmark: those of the catalogue, else the usual ones that any of ``runs`` measured."""
    for entry in BENCHMARKS:
        if entry.name == benchmark:
            return entry.metrics
    own = [run for run in runs if run.benchmark == benchmark]
    return tuple(metric for metric in USUAL_METRICS if having(own, metric)) or USUAL_METRICS[:1]


def why_missing(runs: Sequence[Run], metric: str) -> str | None:
    """Why ``runs`` (of one benchmark, one arm) have no figure for ``metric``; None where they have one."""
    if not runs:
        return "not measured"
    if having(runs, metric):
        return None
    reasons = dict.fromkeys(
        reason
        for run in runs
        for reason in (
            f"not applicable: {run.not_applicable}" if run.not_applicable is not None else None,
            f"failed: {run.failed}" if run.failed is not None else None,
        )
        if reason is not None
    )
    return "; ".join(reasons) or f"the runs hold no {metric}"


def _compare_metric(
    benchmark: str, metric: str, before: Sequence[Run], after: Sequence[Run], quantum_ns: float | None
) -> Comparison:
    matched = match(having(before, metric), having(after, metric))
    figures = (estimate(matched.before, metric), estimate(matched.after, metric))
    undecided = Comparison(
        benchmark=benchmark,
        metric=metric,
        unit=unit(metric),
        before=figures[0],
        after=figures[1],
        change=_change(*figures),
        low=None,
        high=None,
        margin=MARGIN,
        outcome=Outcome.NOT_COMPARED,
        reason="",
    )
    absent = _absent(before, after, metric)
    if absent is not None:
        return replace(undecided, reason=absent)
    if metric == "max":
        return replace(undecided, reason="a maximum grows with the number of samples: shown, not compared")
    remarks = [matched.remark, _unmeasured("before", before), _unmeasured("after", after)]
    decided = _decide(undecided, matched, quantum_ns)
    return replace(decided, reason="; ".join([decided.reason, *(remark for remark in remarks if remark)]))


def _change(before: Estimate | None, after: Estimate | None) -> float | None:
    return after.value / before.value - 1 if before and after and before.value != 0 else None


def _absent(before: Sequence[Run], after: Sequence[Run], metric: str) -> str | None:
    reasons = {"before": why_missing(before, metric), "after": why_missing(after, metric)}
    if reasons["before"] == reasons["after"]:
        return reasons["before"]
    return "; ".join(f"{arm}: {reason}" for arm, reason in reasons.items() if reason is not None)


def _unmeasured(arm: str, runs: Sequence[Run]) -> str | None:
    without = [run for run in runs if not run.measured]
    reasons = dict.fromkeys(run.failed or run.not_applicable or "" for run in without)
    return f"{len(without)} of {len(runs)} runs {arm} have no figures ({'; '.join(reasons)})" if without else None


def _decide(undecided: Comparison, matched: Matched, quantum_ns: float | None) -> Comparison:
    metric, before, after = undecided.metric, undecided.before, undecided.after
    if matched.refusal is not None or before is None or after is None:
        return replace(undecided, outcome=Outcome.INCONCLUSIVE, reason=matched.refusal or "no comparable runs")
    if before.value == 0:
        return replace(undecided, outcome=Outcome.INCONCLUSIVE, reason="0 before: a relative change is not defined")
    step = max(resolution(runs, metric, quantum_ns) for runs in (matched.before, matched.after))
    margin = max(MARGIN, step / before.value)
    changes = ratios(matched.before, matched.after, metric) - 1
    low, high = interval(changes, min(before.runs, after.runs))
    if not (math.isfinite(low) and math.isfinite(high)):
        reason = "some runs before hold 0: a relative change is not bounded"
        return replace(undecided, margin=margin, outcome=Outcome.INCONCLUSIVE, reason=reason)
    outcome, reason = _judge(low, high, margin)
    unsettled = [f"{arm} {found.beyond}" for arm, found in (("before", before), ("after", after)) if not found.settled]
    if unsettled:
        outcome = Outcome.INCONCLUSIVE
        reason = f"unsettled: too few samples lie beyond {metric} ({', '.join(unsettled)}; 10 are needed)"
    return replace(undecided, low=low, high=high, margin=margin, outcome=outcome, reason=reason)


def _judge(low: float, high: float, margin: float) -> tuple[Outcome, str]:
    percent = f"{100 * margin:.2g} %"
    if -margin - _ROUNDING <= low and high <= margin + _ROUNDING:
        step = "" if margin == MARGIN else ", one step of the clock"
        return Outcome.EQUIVALENT, f"the interval lies within ±{percent}{step}"
    if high < -RELATIVE:
        return Outcome.BETTER, "the whole interval lies below no change"
    if low > RELATIVE:
        return Outcome.WORSE, "the whole interval lies above no change"
    return Outcome.INCONCLUSIVE, f"the interval holds no change and changes beyond ±{percent}"

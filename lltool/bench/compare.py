"""Before against after: one verdict for each metric of each benchmark.

``equivalent``    the whole interval lies within the margin: the larger of 2 % (or what the user says does not matter)
                  and one step of the clock
``better``        the whole interval lies below no change (lower is better for every metric), also after Holm's
                  correction for the number of figures (``significance`` names the families), and the change is larger
                  than one step of the clock and than this host's own noise floor (`lltool bench selftest`); where that
                  found more false alarms than promised, p counts as many times more
``worse``         the same above no change
``inconclusive``  anything else; "not significant" is never "no change"
``not compared``  there is nothing to compare, for the reason given

No change is anything up to 0.1 %: histograms keep no more, and each run calibrates its clock anew. Without that, a
percentile of equal ticks in both arms would count as changed by the parts per million of their tick rates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lltool.bench.bootstrap import interval, ratios
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.families import CLAIMS, Single, corrected
from lltool.bench.interference import labels
from lltool.bench.matching import Matched, match
from lltool.bench.model import SETTLED_BEYOND, Clean, Comparison, Estimate, Outcome, Run
from lltool.bench.more_runs import seconds_of_one
from lltool.bench.resolution import RELATIVE, resolution
from lltool.bench.significance import ALPHA, p_value

MARGIN = 0.02
USUAL_METRICS = ("centre", "p50", "p99", "p99.9")
"""Compared, where measured, for a benchmark that this lltool does not know."""

_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Limits:
    """What bounds the claims of a comparison.

    ``quantum_ns`` is the step of the clock (the coarser one of two), None where it is not known. ``noise_floor`` and
    ``false_alarms`` are those of :class:`lltool.bench.model.Result`. ``margin`` is the relative change that does not
    matter to whoever asks.
    """

    quantum_ns: float | None
    noise_floor: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    false_alarms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    margin: float = MARGIN


def compare(before: Sequence[Run], after: Sequence[Run], limits: Limits) -> list[Comparison]:
    """Compare two arms, in the order of the catalogue; benchmarks that it does not have come last."""
    runs = [*before, *after]
    found = [
        _compare_metric(
            benchmark,
            metric,
            [run for run in before if run.benchmark == benchmark],
            [run for run in after if run.benchmark == benchmark],
            limits,
        )
        for benchmark in benchmarks_in(runs)
        for metric in metrics_of(benchmark, runs)
    ]
    return corrected(found)


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


def _compare_metric(benchmark: str, metric: str, before: Sequence[Run], after: Sequence[Run], limits: Limits) -> Single:
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
        margin=limits.margin,
        outcome=Outcome.NOT_COMPARED,
        reason="",
        clean=_clean(matched, metric),
    )
    absent = _absent(before, after, metric)
    if absent is not None:
        return Single(replace(undecided, reason=absent))
    if metric == "max":
        return Single(replace(undecided, reason="a maximum grows with the number of samples: shown, not compared"))
    excess = _excess(undecided, limits)
    remarks = [
        matched.remark,
        _unmeasured("before", before),
        _unmeasured("after", after),
        f"p counts {excess:.2g} times: so often did equal arms differ (selftest)" if excess > 1 else None,
    ]
    single = _decide(undecided, matched, limits)
    told = "; ".join([single.comparison.reason, *(remark for remark in remarks if remark)])
    return replace(single, comparison=replace(single.comparison, reason=told))


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


def _decide(undecided: Comparison, matched: Matched, limits: Limits) -> Single:
    metric, before, after = undecided.metric, undecided.before, undecided.after
    if matched.refusal is not None or before is None or after is None or before.value == 0:
        return _open(undecided, matched.refusal or "0 before: a relative change is not defined")
    step = max(resolution(runs, metric, limits.quantum_ns) for runs in (matched.before, matched.after))
    margin = max(limits.margin, step / before.value)
    draws = ratios(matched.before, matched.after, metric)
    fewest = min(before.runs, after.runs)
    low, high = (bound - 1 for bound in interval(draws, fewest))
    if not (math.isfinite(low) and math.isfinite(high)):
        return _open(replace(undecided, margin=margin), "some runs before hold 0: a relative change is not bounded")
    change = undecided.change or 0.0
    p = p_value(draws, fewest, 1 + math.copysign(RELATIVE, change)) * _excess(undecided, limits)
    bounded = replace(undecided, low=low, high=high, margin=margin, p=min(1.0, p))
    unsettled = [f"{arm} {found.beyond}" for arm, found in (("before", before), ("after", after)) if not found.settled]
    if unsettled:
        needed = f"{SETTLED_BEYOND} are needed"
        reason = f"unsettled: too few samples lie beyond {metric} ({', '.join(unsettled)}; {needed})"
        return _open(replace(bounded, p=None), reason, matched)
    outcome, reason = _judge(low, high, margin, "" if margin == limits.margin else ", one step of the clock")
    if outcome is Outcome.INCONCLUSIVE:
        return _open(bounded, reason, matched)
    doubt = (
        _too_small(abs(after.value - before.value), step, abs(change), _floor(undecided, fewest, limits))
        if outcome in CLAIMS
        else None
    )
    if doubt:
        return _open(bounded, doubt)
    seconds = seconds_of_one(matched.before, matched.after)
    return Single(replace(bounded, outcome=outcome, reason=reason), seconds)


def _open(entry: Comparison, reason: str, matched: Matched | None = None) -> Single:
    """``entry`` as inconclusive; with ``matched``, more runs of it might decide it."""
    seconds = 0.0 if matched is None else seconds_of_one(matched.before, matched.after)
    return Single(replace(entry, outcome=Outcome.INCONCLUSIVE, reason=reason), seconds, open=matched is not None)


def _floor(entry: Comparison, runs: int, limits: Limits) -> float:
    """The smallest relative change that this host can show with ``runs`` runs an arm; 0 where it is not known."""
    return limits.noise_floor.get(entry.benchmark, {}).get(entry.metric, 0.0) / math.sqrt(runs)


def _excess(entry: Comparison, limits: Limits) -> float:
    """How many times as often as promised equal arms differ on this host; 1 where no more than promised is known."""
    return max(1.0, limits.false_alarms.get(entry.benchmark, {}).get(entry.metric, 0.0) / ALPHA)


def _too_small(difference: float, step: float, change: float, floor: float) -> str | None:
    """Why a sure change is not claimed; None where nothing speaks against it."""
    if difference < step * (1 - _ROUNDING):
        return "the difference is finer than one step of the clock"
    if change < floor:
        return f"smaller than what this host can show (selftest: {100 * floor:.2g} %)"
    return None


def _clean(matched: Matched, metric: str) -> Clean | None:
    """How many of the compared runs were undisturbed; None where none of them was watched."""
    arms = (matched.before, matched.after)
    if not any(run.interference is not None for arm in arms for run in arm):
        return None
    undisturbed = [
        [run for run in arm if run.interference is not None and not labels(run.interference)] for arm in arms
    ]
    figures = (estimate(undisturbed[0], metric), estimate(undisturbed[1], metric))
    counts = [(len(clean), len(arm)) for clean, arm in zip(undisturbed, arms, strict=True)]
    return Clean(counts[0], counts[1], _change(*figures))


def _judge(low: float, high: float, margin: float, why: str) -> tuple[Outcome, str]:
    percent = f"{100 * margin:.2g} %"
    if -margin - _ROUNDING <= low and high <= margin + _ROUNDING:
        return Outcome.EQUIVALENT, f"the interval lies within ±{percent}{why}"
    if high < -RELATIVE:
        return Outcome.BETTER, "the whole interval lies below no change"
    if low > RELATIVE:
        return Outcome.WORSE, "the whole interval lies above no change"
    return Outcome.INCONCLUSIVE, f"the interval holds no change and changes beyond ±{percent}"

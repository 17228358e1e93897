"""Every run of a benchmark in order of time: its figure and where its durations lay."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from lltool.bench.estimates import NS_PER_SECOND, estimate, having
from lltool.bench.model import Run
from lltool.experiment.chapter import known
from lltool.experiment.worst import worst_samples
from lltool.reports import RunColumn, Runs

CLASSES = 16
"""Classes of durations, even on a logarithmic axis."""

_TIMES = ("centre", "p50", "p99", "p99.9", "max")


def runs_chart(
    benchmark: str,
    arms: Mapping[str, Sequence[Run]],
    factor: float,
    noise: Mapping[str, dict[str, Any]] = MappingProxyType({}),
) -> Runs | None:
    """The runs of ``benchmark`` that have durations, in order of time, in nanoseconds times ``factor``.

    ``noise`` holds the noise documents by arm. Single operations where there are any, else blocks, each as the mean of
    its operations. None without either.
    """
    own = [(run, arm) for arm, runs in arms.items() for run in runs]
    own.sort(key=lambda pair: (pair[0].started, pair[0].position))
    sampled = any(run.samples is not None and run.samples.n for run, _ in own)
    shown = [(run, arm, found) for run, arm in own if (found := _durations(run, sampled=sampled))]
    lowest = min((value for *_, found in shown for value, _ in found if value > 0), default=0.0)
    if not lowest:
        return None
    highest = max(found[-1][0] for *_, found in shown)
    metric = _metric(benchmark, [run for run, *_ in shown], sampled=sampled)
    edges = _edges(lowest, highest)
    return Runs(
        metric=metric,
        subject="single operations" if sampled else "blocks",
        edges=tuple(edge * factor for edge in edges),
        columns=tuple(_column(run, arm, found, metric=metric, edges=edges, factor=factor) for run, arm, found in shown),
        worst=worst_samples([(run, arm) for run, arm, _ in shown], noise) if sampled else (),
    )


def _durations(run: Run, *, sampled: bool) -> list[tuple[float, int]]:
    """(nanoseconds, count), ascending."""
    scale = NS_PER_SECOND / run.tick_hz
    if sampled:
        held = run.samples
        return [] if held is None else [(v * scale, c) for v, c in zip(held.values, held.counts, strict=True)]
    return [(ticks / run.block_ops * scale, 1) for ticks in sorted(run.block_ticks)]


def _metric(benchmark: str, runs: Sequence[Run], *, sampled: bool) -> str:
    """The headline where it is a time that single runs have, else the middle of what is shown."""
    entry = known(benchmark)
    headline = "" if entry is None else entry.headline
    if headline in _TIMES and (headline != "centre") is sampled and len(having(runs, headline)) == len(runs):
        return headline
    return "p50" if sampled else "centre"


def _edges(lowest: float, highest: float) -> list[float]:
    span = max(math.log(highest / lowest), math.log(1.02)) * (1 + 1e-9)
    return [lowest * math.exp(span * step / CLASSES) for step in range(CLASSES + 1)]


def _column(
    run: Run,
    arm: str,
    durations: Sequence[tuple[float, int]],
    *,
    metric: str,
    edges: Sequence[float],
    factor: float,
) -> RunColumn:
    n = sum(count for _, count in durations)
    classes: dict[int, int] = {}
    for value, count in durations:
        place = min(max(bisect_right(edges, value) - 1, 0), CLASSES - 1)
        classes[place] = classes.get(place, 0) + count
    found = estimate([run], metric)
    longest = durations[-1][0] if run.samples is None else run.samples.maximum / run.tick_hz * NS_PER_SECOND
    return RunColumn(
        arm=arm,
        started=run.started,
        samples=n,
        value=0.0 if found is None else found.value * factor,
        longest=longest * factor,
        shares=tuple((place, count / n) for place, count in sorted(classes.items())),
    )

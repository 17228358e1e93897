"""One figure for one metric of one arm, from all of its runs.

===========  ====================================================================  ====
``centre``   mean over the runs of each run's median cost of an operation          ns
``p50`` ...  nearest-rank percentile of the merged histograms of the runs          ns
``mean``     mean of all single operations                                         ns
``max``      the longest single operation                                          ns
``lost``     sum of gaps over time watched                                         ppm
===========  ====================================================================  ====

Percentiles are never averaged: the mean of the runs' p99.9 is biased, and more runs do not help (reference:
measurement 2.2). Figures are of unsubtracted ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from lltool.bench.model import Estimate, Run
from lltool.bench.quantiles import percentile_of, quantiles

NS_PER_SECOND = 1e9
PPM = 1e6
CLOCK_AGREEMENT = 500e-6
"""Two calibrations closer than this are of one clock: finer than the 0.1 % that a histogram keeps."""


def unit(metric: str) -> str:
    """The unit of a metric's value."""
    return "ppm" if metric == "lost" else "ns"


def having(runs: Sequence[Run], metric: str) -> list[Run]:
    """The runs that measured what ``metric`` needs."""
    return [run for run in runs if run.measured and _has(run, metric)]


def _has(run: Run, metric: str) -> bool:
    if metric == "centre":
        return bool(run.block_ticks)
    if metric == "lost":
        return run.samples is not None and run.duration_ticks > 0
    known = metric in {"mean", "max"} or percentile_of(metric) is not None
    return known and run.samples is not None and run.samples.n > 0


def centre_ns(run: Run) -> float:
    """The centre of one run: the median over its blocks of nanoseconds per operation."""
    return median(run.block_ticks) / run.block_ops / run.tick_hz * NS_PER_SECOND


def tick_ns(runs: Sequence[Run]) -> list[float]:
    """The length of a tick in each run, in nanoseconds.

    Every run calibrates anew; rates that agree are replaced by their median, so that equal buckets stay equal.
    """
    common = median(run.tick_hz for run in runs)
    return [
        NS_PER_SECOND / (common if abs(run.tick_hz / common - 1) <= CLOCK_AGREEMENT else run.tick_hz) for run in runs
    ]


def merged(runs: Sequence[Run]) -> tuple[list[float], list[int]]:
    """The histograms of ``runs`` as one: ascending values in nanoseconds, and their counts."""
    bins: dict[float, int] = {}
    for run, scale in zip(runs, tick_ns(runs), strict=True):
        if run.samples is not None:
            for value, count in zip(run.samples.values, run.samples.counts, strict=True):
                bins[value * scale] = bins.get(value * scale, 0) + count
    values = sorted(bins)
    return values, [bins[value] for value in values]


def estimate(runs: Sequence[Run], metric: str) -> Estimate | None:
    """The figure of ``metric`` over ``runs``; None where no run measured it."""
    usable = having(runs, metric)
    if not usable:
        return None
    samples = sum(run.samples.n for run in usable if run.samples is not None)
    if metric == "centre":
        blocks = sum(len(run.block_ticks) for run in usable)
        return Estimate(fmean(centre_ns(run) for run in usable), len(usable), blocks)
    if metric == "lost":
        lost = sum(run.samples.total for run in usable if run.samples is not None)
        return Estimate(PPM * lost / sum(run.duration_ticks for run in usable), len(usable), samples)
    if (q := percentile_of(metric)) is not None:
        (found,) = quantiles(*merged(usable), [q])
        return Estimate(found.value, len(usable), samples, found.beyond)
    scaled = [
        (run.samples, scale) for run, scale in zip(usable, tick_ns(usable), strict=True) if run.samples is not None
    ]
    if metric == "mean":
        return Estimate(sum(held.total * scale for held, scale in scaled) / samples, len(usable), samples)
    return Estimate(max(held.maximum * scale for held, scale in scaled), len(usable), samples)

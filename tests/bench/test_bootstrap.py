"""The interval over runs keeps what it promises, on simulated runs that differ as those of a real host do.

A run's level varies (LogN), its tail is heavy and of varying rate, and its core has one of two speeds (1 : 1.55) that
lasts for several runs. Arms alternate ABBA. All seeds are fixed: a failure is a change of the code.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lltool.bench.bootstrap import interval, ratios
from lltool.bench.estimates import estimate, merged
from lltool.bench.model import Histogram, Run
from lltool.bench.quantiles import rank

stats = pytest.importorskip("scipy.stats", reason="needs scipy")

TRIALS = 100
RESAMPLES = 600
SAMPLES = 4000
SLOW = 1.55


def folded(ticks: np.ndarray[Any, np.dtype[np.int64]]) -> Histogram:
    shifts = np.maximum(np.floor(np.log2(np.maximum(ticks, 1))).astype(int) - 10, 0)
    values, counts = np.unique(ticks >> shifts << shifts, return_counts=True)
    return Histogram(
        tuple(values.tolist()), tuple(counts.tolist()), int(ticks.min()), int(ticks.max()), int(ticks.sum())
    )


class Host:
    """A simulated host: ``slow`` is the share of time that its cores are slow."""

    def __init__(self, synthetic: Any, seed: int, slow: float) -> None:
        self.synthetic = synthetic
        self.random = np.random.default_rng(seed)
        self.slow = slow
        self.is_slow = self.random.random() < slow

    def run(self, factor: float) -> Run:
        if self.random.random() > 0.6:
            self.is_slow = self.random.random() < self.slow
        level = 2600 * factor * (SLOW if self.is_slow else 1.0) * np.exp(self.random.normal(0, 0.03))
        ticks = self.random.lognormal(np.log(level), 0.15, SAMPLES)
        in_tail = self.random.random(SAMPLES) < 0.004 * np.exp(self.random.normal(0, 0.5))
        ticks[in_tail] += 26_000 * factor * (1 + self.random.pareto(1.5, in_tail.sum()))
        run: Run = self.synthetic.run(samples=folded(ticks.astype(np.int64)), block_ops=1, block_ticks=(int(level),))
        return run

    def arms(self, runs: int, factor: float) -> tuple[list[Run], list[Run]]:
        """Two arms in ABBA order; the durations of the second are ``factor`` times as long."""
        arms: tuple[list[Run], list[Run]] = ([], [])
        for block in range(runs // 2):
            for arm in (0, 1, 1, 0) if block % 2 == 0 else (1, 0, 0, 1):
                arms[arm].append(self.run(factor if arm else 1.0))
        return arms


def intervals(host: Host, runs: int, metric: str, factor: float, trials: int = TRIALS) -> list[tuple[float, float]]:
    return [interval(ratios(*host.arms(runs, factor), metric, RESAMPLES), runs) for _ in range(trials)]


def misses(found: list[tuple[float, float]], truth: float) -> int:
    return sum(not low <= truth <= high for low, high in found)


def exceeds_5_percent(count: int, trials: int) -> bool:
    """Whether ``count`` of ``trials`` lie above 5 % with 99 % confidence."""
    return bool(stats.binom.sf(count - 1, trials, 0.05) < 0.01)


@pytest.mark.parametrize(
    ("metric", "runs", "slow"),
    [("centre", 10, 0.3), ("centre", 20, 0.3), ("p99", 10, 0.0), ("p99.9", 10, 0.3), ("p99.9", 20, 0.3)],
)
def test_equal_arms_raise_at_most_5_percent_false_alarms(synthetic: Any, metric: str, runs: int, slow: float) -> None:
    found = intervals(Host(synthetic, 1, slow), runs, metric, 1.0)
    assert not exceeds_5_percent(misses(found, 1.0), TRIALS)


def test_the_interval_of_p99_9_covers_the_true_ratio(synthetic: Any) -> None:
    found = intervals(Host(synthetic, 2, 0.0), 10, "p99.9", 1.5)
    assert not exceeds_5_percent(misses(found, 1.5), TRIALS)
    assert misses(found, 1.5) > 0, "an interval that is never wrong is too wide"


def test_drawing_samples_instead_of_runs_would_raise_false_alarms(synthetic: Any) -> None:
    """The control: these runs do catch the method that ignores them."""
    host, generator, alarms = Host(synthetic, 3, 0.0), np.random.default_rng(3), 0
    for _ in range(30):
        drawn = []
        for runs in host.arms(10, 1.0):
            values, counts = merged(runs)
            n = sum(counts)
            pooled = np.cumsum(generator.multinomial(n, np.array(counts) / n, size=200), axis=1)
            drawn.append(np.array(values)[(pooled < rank(Fraction(99, 100), n)).sum(axis=1)])
        low, high = interval(drawn[1] / drawn[0], 10)
        alarms += not low <= 1.0 <= high
    assert exceeds_5_percent(alarms, 30)


@pytest.mark.parametrize(
    "case",
    [
        ("centre", 10, 0.0, 1.1, 0.95),  # seen: 1.00
        ("centre", 10, 0.3, 1.3, 0.5),  # seen: 0.70; a change of 10 % needs steady cores
        ("p99", 10, 0.0, 1.1, 0.8),  # seen: 0.96
        ("p99.9", 20, 0.0, 2.0, 0.8),  # seen: 1.00; this tail varies by half between runs
    ],
)
def test_a_slower_arm_is_found(synthetic: Any, case: tuple[str, int, float, float, float]) -> None:
    metric, runs, slow, factor, power = case
    found = intervals(Host(synthetic, 4, slow), runs, metric, factor, 50)
    assert sum(low > 1 for low, _ in found) >= power * len(found)


def test_a_draw_is_the_quantile_of_the_merged_runs(synthetic: Any) -> None:
    """Against the plain way: draw runs, merge them, take the percentile."""
    before, after = Host(synthetic, 5, 0.5).arms(4, 1.0)
    possible = {
        metric: {
            estimate([runs[a], runs[b], runs[c], runs[d]], metric).value  # type: ignore[union-attr]
            for runs in (before,)
            for a in range(4)
            for b in range(4)
            for c in range(4)
            for d in range(4)
        }
        for metric in ("p50", "p99.9", "centre", "mean")
    }
    for metric, values in possible.items():
        # The denominator is one run four times over: its figure divides out, and the draws of `before` remain.
        fixed = after[:1]
        reference = estimate(fixed, metric)
        assert reference is not None
        drawn = 1 / ratios(before, fixed, metric, 500) * reference.value
        nearest = np.array(sorted(values))
        gaps = np.abs(drawn[:, None] / nearest[None, :] - 1).min(axis=1)
        assert gaps.max() < 1e-9
        assert len(np.unique(np.round(drawn, 6))) > 10


def test_lost_is_drawn_as_a_ratio_of_sums(synthetic: Any) -> None:
    before = [synthetic.run(ticks=[26_000] * count, duration_ticks=10**9) for count in (1, 2, 3, 4)]
    after = [synthetic.run(ticks=[26_000] * 4, duration_ticks=2 * 10**9)]
    drawn = ratios(before, after, "lost", 500)
    sums = 2.0 / drawn * 4
    assert np.allclose(sums, np.round(sums))
    assert (sums.min(), sums.max()) >= (4, 4)
    assert sums.max() <= 16


def test_the_same_runs_give_the_same_interval(synthetic: Any) -> None:
    before, after = Host(synthetic, 6, 0.3).arms(4, 1.1)
    assert np.array_equal(ratios(before, after, "p99"), ratios(before, after, "p99"))


def test_a_denominator_of_0_is_not_hidden(synthetic: Any) -> None:
    before = [synthetic.run(ticks=ticks, duration_ticks=10**9) for ticks in ([], [], [], [100])]
    after = [synthetic.run(ticks=[100], duration_ticks=10**9)] * 4
    assert np.isinf(ratios(before, after, "lost", 500)).any()


def test_few_runs_widen_the_interval() -> None:
    draws = np.arange(1, 10_001) / 10_000
    widths = [high - low for low, high in (interval(draws, runs) for runs in (4, 10, 20, 1000))]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == pytest.approx(0.95, abs=0.002)


def test_a_maximum_is_refused(synthetic: Any) -> None:
    with pytest.raises(ValueError, match="max has no sampling distribution"):
        ratios([synthetic.run(ticks=[1])], [synthetic.run(ticks=[1])], "max")

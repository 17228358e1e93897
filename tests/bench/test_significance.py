"""p agrees with the interval, with scipy, and keeps the family's promise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lltool.bench.bootstrap import interval
from lltool.bench.compare import Limits, compare
from lltool.bench.model import Outcome
from lltool.bench.significance import ALPHA, holm, p_value

stats = pytest.importorskip("scipy.stats", reason="needs scipy")


def draws_of(shift: float, spread: float, seed: int = 1) -> Any:
    return np.exp(np.random.default_rng(seed).normal(shift, spread, 10_000))


@pytest.mark.parametrize("shift", [-0.3, -0.1, -0.02, 0.0, 0.02, 0.1, 0.3])
@pytest.mark.parametrize("runs", [4, 10, 40])
def test_p_is_below_5_percent_where_the_interval_excludes_no_change(shift: float, runs: int) -> None:
    draws = draws_of(shift, 0.05)
    low, high = interval(draws, runs)
    assert (p_value(draws, runs, 1.0) < ALPHA) == (not low <= 1.0 <= high)


@pytest.mark.parametrize("runs", [5, 10, 30])
@pytest.mark.parametrize("deviate", [0.5, 2.0, 3.0, 5.0, 8.0])
def test_p_is_that_of_a_t_test_also_where_no_draw_reaches(runs: int, deviate: float) -> None:
    found = p_value(draws_of(deviate * 0.05, 0.05), runs, 1.0)
    t = deviate * np.sqrt((runs - 1) / runs)
    # 10 draws of 10 000 place the deviate to a few per cent.
    assert 2 * stats.t.sf(1.1 * t, runs - 1) <= found <= 2 * stats.t.sf(0.9 * t, runs - 1)


def test_draws_that_have_no_ratio_show_nothing() -> None:
    draws = draws_of(1.0, 0.05)
    draws[0] = np.nan
    assert p_value(draws, 10, 1.0) == 1.0


def test_a_ratio_of_0_or_without_bound_lies_on_its_side() -> None:
    draws = draws_of(-3.0, 0.5)
    without = p_value(draws, 10, 1.0)
    draws[:100] = 0.0
    assert p_value(draws, 10, 1.0) == pytest.approx(without, rel=0.2)
    assert p_value(np.zeros(10_000), 10, 1.0) < ALPHA


def test_equal_draws_are_sure_of_what_they_all_say() -> None:
    assert p_value(np.full(1000, 1.1), 10, 1.0) == 0.0
    assert p_value(np.full(1000, 1.0), 10, 1.0) == 1.0


def test_holm_is_scipys_step_down() -> None:
    p = {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}
    # By hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, and never less than the one before.
    assert holm(p) == pytest.approx({"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({}) == {}
    assert holm({"only": 0.9}) == {"only": 0.9}


def test_equal_arms_of_many_benchmarks_seldom_have_a_wrong_verdict(synthetic: Any) -> None:
    """24 headline figures a comparison, 60 comparisons of equal arms: the whole family errs in at most 5 %."""
    random = np.random.default_rng(5)
    wrong = alone = 0
    for _ in range(60):
        p = {}
        for figure in range(24):
            before, after = random.normal(0, 0.05, (2, 10))
            weights = random.multinomial(10, np.full(10, 0.1), size=(2, 1000)) / 10
            p[figure] = p_value(np.exp(weights[1] @ after) / np.exp(weights[0] @ before), 10, 1.0)
        alone += any(value < ALPHA for value in p.values())
        wrong += any(value < ALPHA for value in holm(p).values())
    assert stats.binom.sf(wrong - 1, 60, 0.05) >= 0.01
    assert alone > 20, "the control: without the correction most comparisons have a wrong verdict"


def test_a_verdict_that_its_family_does_not_carry_is_taken_back(synthetic: Any) -> None:
    names = ["timer.cost", "memory.chase_4k", "seqlock.read", "book.l2_update", "message.parse"]
    noise = np.exp(np.linspace(-0.06, 0.06, 10))

    def runs(name: str, factor: float) -> list[Any]:
        return [synthetic.run(name, block_ops=1000, block_ticks=(int(1e9 * factor * level),)) for level in noise]

    before, after = runs(names[0], 1.0), runs(names[0], 0.95)
    (alone,) = [entry for entry in compare(before, after, Limits(1.0)) if entry.metric == "centre"]
    assert alone.outcome is Outcome.BETTER
    for name in names[1:]:
        before += runs(name, 1.0)
        after += runs(name, 1.0)
    found = {entry.benchmark: entry for entry in compare(before, after, Limits(1.0)) if entry.metric == "centre"}
    (corrected,) = [found[names[0]]]
    assert alone.p is not None
    assert corrected.p == pytest.approx(5 * alone.p)
    assert (corrected.outcome is Outcome.BETTER) == (corrected.p <= ALPHA)
    assert corrected.outcome is Outcome.INCONCLUSIVE
    assert "among 5 figures" in corrected.reason

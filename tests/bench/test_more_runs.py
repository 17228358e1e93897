"""How many more runs an undecided comparison asks for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lltool.bench.compare import Limits, compare
from lltool.bench.model import Outcome
from lltool.bench.more_runs import MOST, duration, in_words, more_runs, seconds_of_one
from lltool.bench.significance import ALPHA

stats = pytest.importorskip("scipy.stats", reason="needs scipy")


def test_the_interval_would_just_exclude_no_change() -> None:
    # The half-width is twice the change: a quarter of the width takes four times the runs.
    assert more_runs(0.1, (-0.1, 0.3), 0.02, 200, ALPHA) == pytest.approx(3 * 200, rel=0.01)
    assert more_runs(-0.1, (-0.3, 0.1), 0.02, 200, ALPHA) == pytest.approx(3 * 200, rel=0.01)


def test_more_runs_are_more_degrees_of_freedom() -> None:
    # With 5 runs Student's t is 2.78, with many 1.96: less than four times the runs are enough.
    total = 5 + (more_runs(0.1, (-0.1, 0.3), 0.02, 5, ALPHA) or 0)
    wide, narrow = (math.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1) for n in (5, total))
    assert narrow / wide * 0.2 * math.sqrt(5 / total) < 0.1
    assert narrow / wide * 0.2 * math.sqrt(5 / (total - 1)) > 0.097
    assert 5 < total < 4 * 5


def test_among_many_figures_more_are_needed() -> None:
    found = [more_runs(0.1, (0.01, 0.19), 0.02, 10, ALPHA / family) for family in (1, 10, 100)]
    assert found[0] == 1, "alone it is decided"
    assert [count for count in found if count is not None] == sorted(set(found))  # type: ignore[type-var]


def test_the_interval_would_just_fit_into_the_margin() -> None:
    assert more_runs(0.0, (-0.04, 0.04), 0.02, 200, ALPHA) == pytest.approx(3 * 200, rel=0.01)
    # What Holm's correction asks of a change, it does not ask of an equivalence.
    assert more_runs(0.0, (-0.04, 0.04), 0.02, 200, ALPHA / 100) == pytest.approx(3 * 200, rel=0.01)


def test_what_no_reasonable_number_decides_is_not_promised() -> None:
    assert more_runs(0.021, (-5.0, 5.0), 0.02, 10, ALPHA) is None
    assert str(MOST) in in_words(None, 0.0)


def test_at_least_one_more_is_asked_for() -> None:
    assert more_runs(0.1, (-1e-9, 0.3), 0.02, 10, ALPHA) == 1


def test_an_unsettled_percentile_names_the_runs_that_settle_it(synthetic: Any) -> None:
    ticks = [1000] * 1990 + [5000] * 10
    before, after = ([synthetic.run(ticks=ticks, seconds=0.5) for _ in range(5)] for _ in range(2))
    (found,) = [entry for entry in compare(before, after, Limits(1.0)) if entry.metric == "p99.9"]
    assert (found.before.beyond, found.more_runs) == (10, None)  # type: ignore[union-attr]
    before, after = ([synthetic.run(ticks=ticks[1000:], seconds=0.5) for _ in range(5)] for _ in range(2))
    (found,) = [entry for entry in compare(before, after, Limits(1.0)) if entry.metric == "p99.9"]
    assert (found.before.beyond, found.more_runs) == (5, 5)  # type: ignore[union-attr]
    assert "5 more runs an arm would settle it (about 5 s)" in found.reason


def test_the_number_is_about_right_on_simulated_runs(synthetic: Any) -> None:
    random = np.random.default_rng(3)

    def arm(runs: int, factor: float) -> list[Any]:
        levels = 1e9 * factor * np.exp(random.normal(0, 0.1, runs))
        return [synthetic.run("timer.cost", block_ops=1000, block_ticks=(int(level),), seconds=0.5) for level in levels]

    found = next(
        entry
        for entry in (compare(arm(10, 1.0), arm(10, 1.1), Limits(1.0))[0] for _ in range(100))
        if entry.outcome is Outcome.INCONCLUSIVE and entry.change is not None and 0.08 < entry.change < 0.12
    )
    assert found.more_runs is not None
    assert f"{found.more_runs} more run" in found.reason
    assert found.more_seconds == pytest.approx(found.more_runs * 1.0)
    decided = sum(
        compare(arm(10 + found.more_runs, 1.0), arm(10 + found.more_runs, 1.1), Limits(1.0))[0].outcome is Outcome.WORSE
        for _ in range(20)
    )
    assert decided >= 8, "about half of them decide: the number is where the expected interval just excludes no change"


def test_the_length_is_that_of_both_arms(synthetic: Any) -> None:
    runs = [replace(run, seconds=2.0) for run in synthetic.arm("tcp.rtt", "before", 1000, runs=3)]
    assert seconds_of_one(runs, runs) == 4.0
    assert seconds_of_one([synthetic.run()], [synthetic.run()]) == 0.0
    assert "about 20 s" in in_words(5, 20.0)
    assert [duration(seconds) for seconds in (0.1, 99, 100, 5000, 9000)] == ["1 s", "99 s", "2 min", "83 min", "2.5 h"]

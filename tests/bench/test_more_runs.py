"""How many more runs an undecided comparison asks for."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lltool.bench.compare import compare
from lltool.bench.model import Outcome
from lltool.bench.more_runs import MOST, duration, in_words, more_runs, seconds_of


def test_the_interval_would_just_exclude_no_change() -> None:
    # Twice as far as the change: a quarter of the width is needed beyond it, so four times the runs.
    assert more_runs(0.1, -0.1, 0.3, 0.02, 10) == 30
    assert more_runs(-0.1, -0.3, 0.1, 0.02, 10) == 30


def test_the_interval_would_just_fit_into_the_margin() -> None:
    assert more_runs(0.0, -0.04, 0.04, 0.02, 10) == 30
    assert more_runs(0.005, -0.055, 0.055, 0.02, 10) == math.ceil(10 * (0.06 / 0.015) ** 2) - 10


def test_what_no_reasonable_number_decides_is_not_promised() -> None:
    assert more_runs(0.021, -5.0, 5.0, 0.02, 10) is None
    assert str(MOST) in in_words(None, 0.0)


def test_at_least_one_more_is_asked_for() -> None:
    assert more_runs(0.1, -1e-9, 0.3, 0.02, 10) == 1


def test_the_number_is_about_right_on_simulated_runs(synthetic: Any) -> None:
    random = np.random.default_rng(3)

    def arm(runs: int, factor: float) -> list[Any]:
        levels = 1e9 * factor * np.exp(random.normal(0, 0.1, runs))
        return [synthetic.run("timer.cost", block_ops=1000, block_ticks=(int(level),), seconds=0.5) for level in levels]

    found = next(
        entry
        for entry in (compare(arm(10, 1.0), arm(10, 1.1), 1.0)[0] for _ in range(100))
        if entry.outcome is Outcome.INCONCLUSIVE and entry.change is not None and 0.08 < entry.change < 0.12
    )
    assert found.more_runs is not None
    assert f"{found.more_runs} more run" in found.reason
    assert found.more_seconds == pytest.approx(found.more_runs * 1.0)
    decided = sum(
        compare(arm(10 + found.more_runs, 1.0), arm(10 + found.more_runs, 1.1), 1.0)[0].outcome is Outcome.WORSE
        for _ in range(20)
    )
    assert decided >= 8, "about half of them decide: the number is where the expected interval just excludes no change"


def test_the_length_is_that_of_both_arms(synthetic: Any) -> None:
    runs = [replace(run, seconds=2.0) for run in synthetic.arm("tcp.rtt", "before", 1000, runs=3)]
    assert seconds_of(runs, runs, 5) == 20.0
    assert seconds_of([synthetic.run()], [synthetic.run()], 5) == 0.0
    assert "about 20 s" in in_words(5, 20.0)
    assert [duration(seconds) for seconds in (0.1, 99, 100, 5000, 9000)] == ["1 s", "99 s", "2 min", "83 min", "2.5 h"]

"""Bands hold the percentiles that the estimates name, and widen with what separates the runs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lltool.bench.bands import RESAMPLES, band, percentile_draws
from lltool.bench.estimates import merged
from lltool.bench.quantiles import quantiles

WANTED = [Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(98, 100), Fraction(999, 1000)]


def test_equal_runs_leave_no_doubt_at_any_percentile(synthetic: Any) -> None:
    runs = [synthetic.run("tcp.rtt", "before", synthetic.spread(26_000))] * 8
    draws = percentile_draws(runs, WANTED, 0)
    assert draws.shape == (RESAMPLES, len(WANTED))
    exact = [found.value for found in quantiles(*merged(runs), WANTED)]
    assert (draws == exact).all()


def test_every_draw_is_a_percentile_of_runs_drawn_with_replacement(synthetic: Any) -> None:
    runs = [synthetic.run("tcp.rtt", "before", [1000 * speed] * 10) for speed in (1, 2)]
    draws = percentile_draws(runs, [Fraction(1, 2)], 0)[:, 0]
    values, counts = np.unique(draws, return_counts=True)
    tick = 1e9 / synthetic.tick_hz
    # Both slow is one draw in four; a draw of each has its median in the fast one.
    assert values == pytest.approx([1000 * tick, 2000 * tick], rel=1e-3)
    assert counts[1] / RESAMPLES == pytest.approx(0.25, abs=0.08)


def test_a_band_spans_runs_that_differ_and_not_runs_that_agree(synthetic: Any) -> None:
    agreeing = synthetic.arm("tcp.rtt", "before", 26_000)
    differing = [*synthetic.arm("tcp.rtt", "before", 26_000, runs=5), *synthetic.arm("tcp.rtt", "before", 39_000, 5)]
    widths = []
    for runs in (agreeing, differing):
        ((low, high),) = band(percentile_draws(runs, [Fraction(1, 2)], 0), len(runs))
        widths.append(high / low)
    assert widths[0] < 1.01
    assert widths[1] == pytest.approx(1.5, rel=0.02)


def test_arms_are_drawn_apart_and_the_same_again(synthetic: Any) -> None:
    runs = [synthetic.run("tcp.rtt", "before", [1000 * speed] * 10) for speed in range(1, 9)]
    first, second, again = (percentile_draws(runs, [Fraction(1, 2)], arm) for arm in (0, 1, 0))
    assert (first == again).all()
    assert (first != second).any()

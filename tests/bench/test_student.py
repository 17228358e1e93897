"""Student's t against scipy."""

from __future__ import annotations

import pytest

from lltool.bench.student import t_probability, t_quantile

stats = pytest.importorskip("scipy.stats", reason="needs scipy")

DEGREES = [1, 2, 3, 4, 5, 9, 10, 19, 20, 99, 1000]


@pytest.mark.parametrize("degrees", DEGREES)
def test_the_quantile_is_that_of_scipy(degrees: int) -> None:
    for probability in (0.001, 0.025, 0.5, 0.9, 0.975, 0.995, 0.9999):
        assert t_quantile(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize("degrees", DEGREES)
def test_the_probability_is_that_of_scipy(degrees: int) -> None:
    for t in (-8.0, -1.0, 0.0, 0.3, 2.0, 12.0):
        assert t_probability(t, degrees) == pytest.approx(stats.t.cdf(t, degrees), abs=1e-10)

"""How surprising a difference would be between equal arms, and what is left of that among many figures.

Two families of tests, each with Holm's correction (1979, "A Simple Sequentially Rejective Multiple Test Procedure"):
the headline figures of all benchmarks that were compared, and all their other figures. Headlines are few and are what
a comparison is made for; the tails must not take their power. In a comparison of equal arms, at most 5 % of the
comparisons have a wrong verdict among their headlines, and at most 5 % one among the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import TypeVar

import numpy as np

from lltool.bench.bootstrap import Floats
from lltool.bench.student import t_probability

ALPHA = 0.05

Name = TypeVar("Name")

_OBSERVABLE = 10
"""Draws beyond a value that tell how rare it is; where fewer are, the tail is drawn out from where it is observed."""


def p_value(draws: Floats, runs: int, null: float) -> float:
    """Two-sided p of the hypothesis that the ratio is ``null`` > 0, consistent with ``bootstrap.interval``.

    The share of draws beyond ``null`` becomes a normal deviate and that, shrunk by sqrt((n-1)/n), Student's t with
    n - 1 degrees of freedom, as in the expanded percentile interval. Deviates that 10 000 draws cannot show are
    drawn out linearly on the logarithmic scale, from the median through the rarest share that still has 10 draws.
    """
    if runs < 2 or np.isnan(draws).any():
        return 1.0
    with np.errstate(divide="ignore"):
        logs = np.log(draws)
    centre = float(np.median(logs))
    distance = centre - math.log(null)
    # How far each draw lies from the centre in the direction of `null`.
    with np.errstate(invalid="ignore"):
        towards = np.sort((centre - logs) * math.copysign(1.0, distance))
    beyond = int((logs >= math.log(null)).sum() if distance < 0 else (logs <= math.log(null)).sum())
    edge = float(towards[-_OBSERVABLE])
    if beyond >= _OBSERVABLE or not math.isfinite(centre):
        deviate = -NormalDist().inv_cdf(min(0.5, max(beyond, _OBSERVABLE) / len(draws)))
    elif edge <= 0:
        return 0.0
    else:
        deviate = -NormalDist().inv_cdf(_OBSERVABLE / len(draws)) * abs(distance) / edge
    return 2 * (1 - t_probability(deviate * math.sqrt((runs - 1) / runs), runs - 1))


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Holm's adjusted p of each: at most ALPHA where the hypothesis is rejected in the whole family."""
    adjusted: dict[Name, float] = {}
    largest = 0.0
    for position, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        largest = max(largest, min(1.0, (len(p_values) - position) * p))
        adjusted[name] = largest
    return adjusted

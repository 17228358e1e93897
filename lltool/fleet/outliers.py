"""Hosts that measure otherwise than their equals: same equipment, kernel and profile.

By the modified z-score: 0.6745 (x - median) / MAD beyond 3.5 (Iglewicz and Hoaglin 1993, How to Detect and Handle
Outliers). Where more than half of a group agree exactly, MAD is 0 and the mean absolute deviation stands in, as they
advise. A deviation below a tenth is left alone, however tight the group: nobody would act on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

SMALLEST_GROUP = 5
"""Fewer hosts have no spread that one could stand out of."""

CUTOFF = 3.5
SMALLEST_DEVIATION = 0.1
_MAD_TO_SIGMA = 0.6745
_MEAN_TO_SIGMA = 0.7979


@dataclass(frozen=True, slots=True)
class Outlier:
    """``deviation`` is value/median - 1; ``score`` the modified z-score."""

    host: str
    benchmark: str
    metric: str
    unit: str
    value: float
    median: float
    deviation: float
    score: float


def scores(values: Sequence[float]) -> list[float]:
    """The modified z-score of each value; all 0 where there is no spread at all."""
    centre = median(values)
    deviations = [abs(value - centre) for value in values]
    spread = median(deviations)
    if spread > 0:
        return [_MAD_TO_SIGMA * (value - centre) / spread for value in values]
    spread = fmean(deviations)
    return [_MEAN_TO_SIGMA * (value - centre) / spread if spread else 0.0 for value in values]


def outliers(benchmark: str, metric: str, unit: str, values: Mapping[str, float]) -> list[Outlier]:
    """The hosts of one group that stand out in one figure, farthest first."""
    if len(values) < SMALLEST_GROUP:
        return []
    centre = median(values.values())
    found = [
        Outlier(host, benchmark, metric, unit, value, centre, value / centre - 1, score)
        for (host, value), score in zip(values.items(), scores(list(values.values())), strict=True)
        if abs(score) > CUTOFF and abs(value / centre - 1) >= SMALLEST_DEVIATION
    ]
    return sorted(found, key=lambda each: -abs(each.deviation))

"""Percentiles by nearest rank: the value at rank ceil(q·n), one definition everywhere, no interpolation.

Ranks are exact integers: q is a fraction (p99.9 is 999/1000), so that no rounding of a float moves a rank
(reference: measurement 1.10 lists who gets this wrong, and how).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Quantile:
    """The ``value`` at quantile ``q`` of ``n`` samples, ``beyond`` of which have a higher rank."""

    q: Fraction
    value: float
    n: int
    beyond: int


def percentile_of(metric: str) -> Fraction | None:
    """The quantile that a metric such as ``p99.9`` names, as an exact fraction; None for any other metric."""
    if not metric.startswith("p") or not metric[1:].replace(".", "", 1).isdecimal():
        return None
    q = Fraction(metric[1:]) / 100
    return q if 0 <= q <= 1 else None


def rank(q: Fraction, n: int) -> int:
    """Nearest rank of quantile ``q`` among ``n`` samples, 1-based: ceil(q·n), at least 1."""
    return max(1, -(-q.numerator * n // q.denominator))


def quantiles(values: Sequence[float], counts: Sequence[int], wanted: Sequence[Fraction]) -> list[Quantile]:
    """The quantiles of the samples that ``counts`` hold at ascending ``values``; empty where there are none."""
    cumulative = list(accumulate(counts))
    n = cumulative[-1] if cumulative else 0
    if n == 0:
        return []
    ranks = [rank(q, n) for q in wanted]
    return [
        Quantile(q, values[bisect_left(cumulative, wanted_rank)], n, n - wanted_rank)
        for q, wanted_rank in zip(wanted, ranks, strict=True)
    ]

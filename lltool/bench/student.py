"""Student's t distribution for whole degrees of freedom, exactly (Abramowitz & Stegun 26.7.3 and 26.7.4)."""

from __future__ import annotations

import math


def t_probability(t: float, degrees: int) -> float:
    """P(T <= t) for ``degrees`` >= 1 degrees of freedom."""
    theta = math.atan(t / math.sqrt(degrees))
    cosine_squared = math.cos(theta) ** 2
    even = degrees % 2 == 0
    term = 1.0 if even else math.cos(theta)
    series = 0.0 if degrees == 1 else term
    for k in range(2 if even else 3, degrees - 1, 2):
        term *= cosine_squared * (k - 1) / k
        series += term
    within = math.sin(theta) * series if even else 2 / math.pi * (theta + math.sin(theta) * series)
    return 0.5 + within / 2


def t_quantile(probability: float, degrees: int) -> float:
    """The t with P(T <= t) = ``probability``, 0 < probability < 1, to about 12 digits."""
    if probability < 0.5:
        return -t_quantile(1 - probability, degrees)
    low, high = 0.0, 1.0
    while t_probability(high, degrees) < probability:
        low, high = high, 2 * high
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if t_probability(middle, degrees) < probability else (low, middle)
    return high

"""How fine a figure can be, and figures printed with no more digits than that.

A fenced pair of time stamps gives multiples of the clock's quantum (26 ticks = 10 ns on one AMD host), so a single
operation is known to the quantum, and an operation of a block of K to the K-th part (reference: measurement 1.2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lltool.bench.estimates import NS_PER_SECOND, PPM
from lltool.bench.model import Run

RELATIVE = 1e-3
"""No figure is finer than this share of itself: a histogram keeps 3 significant digits."""


def quantum_ns(passport: Mapping[str, Any]) -> float | None:
    """The quantum of the clock in nanoseconds; None where the passport does not say."""
    return _in_ns(passport, "quantum_ticks")


def floor_ns(passport: Mapping[str, Any]) -> float | None:
    """The cost of an empty pair of stamps in nanoseconds; None where the passport does not say."""
    return _in_ns(passport, "floor_ticks")


def _in_ns(passport: Mapping[str, Any], key: str) -> float | None:
    ticks, hertz = passport.get(key), passport.get("tick_hz")
    if not isinstance(ticks, int | float) or not isinstance(hertz, int | float) or hertz <= 0:
        return None
    return ticks / hertz * NS_PER_SECOND


def resolution(runs: Sequence[Run], metric: str, quantum: float | None) -> float:
    """The smallest difference in ``metric`` that the clock shows, in the metric's unit, over measured ``runs``.

    ``quantum`` is the clock's, in nanoseconds; where it is not known, one tick stands for it.
    """
    step = quantum or NS_PER_SECOND / max(run.tick_hz for run in runs)
    if metric == "centre":
        return step / min(run.block_ops for run in runs)
    if metric == "lost":
        watched = sum(run.duration_ticks / run.tick_hz for run in runs) * NS_PER_SECOND
        return PPM * step / watched
    if metric == "mean":
        return step / math.sqrt(sum(run.samples.n for run in runs if run.samples is not None))
    return step


def readable_unit(unit: str, *values: float) -> tuple[str, float]:
    """The unit in which ``values`` read best together, and what to multiply them with."""
    largest = max(values, default=0.0)
    if unit == "ns":
        for name, length in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
            if largest >= 10 * length:
                return name, 1 / length
    if unit == "ppm" and largest >= 10_000:
        return "%", 1e-4
    return unit, 1.0


def format_number(value: float, resolution: float) -> str:
    """``value`` rounded to the decimal place of ``resolution``, and to a thousandth of itself.

    41 234 on a clock that resolves 10 is ``41230``; 20.03 is ``20``.
    """
    step = max(resolution, abs(value) * RELATIVE)
    if step <= 0:
        return "0"
    place = math.floor(math.log10(step))
    return f"{round(value, -place):.{max(0, -place)}f}"


def format_value(value: float, unit: str, resolution: float) -> str:
    """``value`` with its unit, in the unit that reads best, with no more digits than ``resolution`` allows."""
    name, factor = readable_unit(unit, value)
    return f"{format_number(value * factor, resolution * factor)} {name}"

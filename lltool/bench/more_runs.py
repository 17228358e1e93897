"""How many more runs would decide an inconclusive comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean

from lltool.bench.model import Run

MOST = 1000
"""Beyond that many runs an arm, what differs is not the number of runs."""


def more_runs(change: float, low: float, high: float, margin: float, runs: int) -> int | None:
    """Runs to add to each arm of ``runs`` so that the interval would exclude no change, or fit into the margin.

    The width of an interval shrinks with the square root of the runs, if the change stays where it is; the nearer of
    the two verdicts counts. None where more than ``MOST`` would be needed.
    """
    towards = change - low if change > 0 else high - change
    outwards = max(high - change, change - low)
    ratios = [towards / abs(change)] if change else []
    if margin > abs(change):
        ratios.append(outwards / (margin - abs(change)))
    if not ratios:
        return None
    needed = math.ceil(runs * max(1.0, min(ratios)) ** 2)
    return max(1, needed - runs) if needed - runs <= MOST else None


def seconds_of(before: Sequence[Run], after: Sequence[Run], runs: int) -> float:
    """About how long ``runs`` more runs in each arm take; 0 where the runs did not note their length."""
    noted = [[run.seconds for run in arm if run.seconds > 0] for arm in (before, after)]
    return runs * sum(fmean(arm) for arm in noted if arm)


def in_words(runs: int | None, seconds: float) -> str:
    """``12 more runs an arm would decide (about 40 s)``."""
    if runs is None:
        return f"more than {MOST} more runs an arm would be needed"
    return f"{runs} more run{'s' if runs > 1 else ''} an arm would decide" + (
        f" (about {duration(seconds)})" if seconds else ""
    )


def duration(seconds: float) -> str:
    """A length of time to read at a glance: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

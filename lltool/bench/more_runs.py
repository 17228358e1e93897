"""How many more runs would decide an inconclusive comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import fmean

from lltool.bench.model import SETTLED_BEYOND, Estimate, Run
from lltool.bench.significance import ALPHA
from lltool.bench.student import t_quantile

MOST = 1000
"""Beyond that many runs an arm, what differs is not the number of runs."""

_NORMAL_DEGREES = 200
"""From here on Student's t is a normal deviate, to half a per cent."""


def more_runs(change: float, interval: tuple[float, float], margin: float, runs: int, level: float) -> int | None:
    """Runs to add to each arm of ``runs`` so that the comparison would be decided, if ``change`` stays where it is.

    Decided is: the interval at ``level`` (what Holm's correction asks for) excludes no change, or the 95 % one, which
    is ``interval`` now, fits into the margin; the nearer of the two counts. Standard errors shrink with the root of
    the runs, and fewer degrees of freedom widen the interval as ``bootstrap.interval`` does. At that number every
    second comparison is decided. None where more than ``MOST`` would be needed.
    """
    low, high = interval
    now = _deviate(ALPHA, runs)
    towards = (change - low if change > 0 else high - change) / now
    outwards = max(high - change, change - low) / now

    def decides(total: int) -> bool:
        shrunk = math.sqrt(runs / total)
        excludes = _deviate(level, total) * towards * shrunk < abs(change)
        return excludes or abs(change) + _deviate(ALPHA, total) * outwards * shrunk <= margin

    if not decides(runs + MOST):
        return None
    least, enough = runs, runs + MOST
    while enough - least > 1:
        middle = (least + enough) // 2
        least, enough = (least, middle) if decides(middle) else (middle, enough)
    return enough - runs


@cache
def _deviate(level: float, runs: int) -> float:
    """The normal deviate to which an interval of arms of ``runs`` runs reaches (``bootstrap.interval``)."""
    return math.sqrt(runs / (runs - 1)) * t_quantile(1 - level / 2, min(runs - 1, _NORMAL_DEGREES))


def to_settle(arms: Sequence[Estimate]) -> int | None:
    """Runs to add to each arm until enough samples lie beyond the percentile; None where that would be too many."""
    if any(arm.beyond == 0 for arm in arms):
        return None
    more = max(math.ceil(arm.runs * (SETTLED_BEYOND / (arm.beyond or SETTLED_BEYOND) - 1)) for arm in arms)
    return max(1, more) if more <= MOST else None


def seconds_of_one(before: Sequence[Run], after: Sequence[Run]) -> float:
    """About how long one more run in each arm takes; 0 where the runs did not note their length."""
    noted = [[run.seconds for run in arm if run.seconds > 0] for arm in (before, after)]
    return sum(fmean(arm) for arm in noted if arm)


def in_words(runs: int | None, seconds: float, doing: str = "decide") -> str:
    """``12 more runs an arm would decide (about 40 s)``."""
    if runs is None:
        return f"more than {MOST} more runs an arm would be needed"
    return f"{runs} more run{'s' if runs > 1 else ''} an arm would {doing}" + (
        f" (about {duration(seconds)})" if seconds else ""
    )


def duration(seconds: float) -> str:
    """A length of time to read at a glance: ``40 s``, ``3 min``, ``2.5 h``."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

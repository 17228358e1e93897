"""How `lltool bench all` shares its time out: the same rounds for every benchmark, each run as short as that takes.

The share follows from the number of benchmarks alone and not from how fast this host is, so that two results of one
lltool measured alike. What a fast host has left goes into more rounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lltool.bench.workload import Effort

START_SECONDS = 0.08
"""What a run takes beside measuring: a process, its imports, its calibration (75 to 90 ms on one guest)."""

LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Allowance:
    """``seconds`` for all runs of a session, in which ``rounds`` over all benchmarks are to fit."""

    seconds: float
    rounds: int

    def share(self, benchmarks: int, effort: Effort) -> float:
        """The share of ``effort`` that each run gets, at most 1, in hundredths."""
        for_a_run = self.seconds / (self.rounds * max(1, benchmarks)) - START_SECONDS
        return min(1.0, max(LEAST_SHARE, math.floor(100 * for_a_run / effort.run_seconds) / 100))


QUICK_ALLOWANCE = Allowance(50.0, 6)
FULL_ALLOWANCE = Allowance(540.0, 10)
"""With what comes before and after the runs they end within a minute, or ten. On a host that is up to a fifth slower
than this allows for, `--quick` still has the five rounds that a comparison needs."""

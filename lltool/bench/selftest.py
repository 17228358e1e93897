"""What this host lets a comparison see: equal arms against each other, and against themselves with a shift injected.

Runs of one state are dealt to two arms, four at a time, as ABBA or BAAB by the toss of a coin: every deal is a
comparison that has nothing to find. How often it finds something is the false-alarm rate. Then the durations of one
arm are made longer by a known share. Every statistic that is compared scales with the durations, and so do its draws:
the smallest share that a deal finds follows from the interval of its equal arms, without drawing again. What four of
five deals find is the smallest change that this host can show.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.bench.bootstrap import interval, ratios
from lltool.bench.catalogue import by_name
from lltool.bench.estimates import estimate, having
from lltool.bench.matching import match
from lltool.bench.model import Run
from lltool.bench.resolution import RELATIVE, resolution
from lltool.bench.significance import ALPHA

DEALS = 40
RESAMPLES = 1000
POWER = 0.8
SURE = 0.05
BLOCK = 4
SEED = 1979
QUICK_RUNS, FULL_RUNS = 20, 40


@dataclass(frozen=True, slots=True)
class Assessment:
    """One metric of one benchmark on one host, from ``deals`` comparisons of ``runs`` equal runs an arm.

    ``alarms`` of them found a change that is not there. ``visible`` is the smallest relative change that four of five
    found, None where ``reason`` says why there is none.
    """

    benchmark: str
    metric: str
    runs: int
    deals: int
    alarms: int
    visible: float | None
    reason: str = ""

    @property
    def floor(self) -> float | None:
        """``visible`` for one run an arm: it shrinks with the root of their number."""
        return None if self.visible is None else self.visible * math.sqrt(self.runs)

    @property
    def alarm_rate(self) -> float | None:
        """How often equal arms differed, where that is more often than the promised share; else None.

        More often is what fewer than one of twenty hosts that keep the promise would show in as many deals.
        """
        at_least = sum(
            math.comb(self.deals, count) * ALPHA**count * (1 - ALPHA) ** (self.deals - count)
            for count in range(self.alarms, self.deals + 1)
        )
        return self.alarms / self.deals if self.deals and at_least < SURE else None


def deal(runs: Sequence[Run], toss: random.Random) -> tuple[list[Run], list[Run]]:
    """Two arms of equal runs, in ABBA or BAAB blocks; what is left of the last block takes no part."""
    arms: tuple[list[Run], list[Run]] = ([], [])
    for start in range(0, len(runs) - BLOCK + 1, BLOCK):
        first = toss.randrange(2)
        for offset, arm in enumerate((first, 1 - first, 1 - first, first)):
            arms[arm].append(runs[start + offset])
    return arms


def assess(benchmark: str, runs: Sequence[Run], quantum_ns: float | None) -> list[Assessment]:
    """Every metric of ``benchmark`` over its ``runs``, in the order in which they were measured.

    ``quantum_ns`` is the step of the clock: no change below it is seen, however still the host is.
    """
    return [_assess(benchmark, metric, having(runs, metric), quantum_ns) for metric in by_name(benchmark).metrics]


def floor_of(assessments: Sequence[Assessment]) -> dict[str, dict[str, float]]:
    """The noise floor that results carry (:class:`lltool.bench.model.Result`)."""
    found: dict[str, dict[str, float]] = {}
    for entry in assessments:
        if entry.floor is not None and entry.floor > 0:
            found.setdefault(entry.benchmark, {})[entry.metric] = entry.floor
    return found


def alarms_of(assessments: Sequence[Assessment]) -> dict[str, dict[str, float]]:
    """The false alarms that results carry (:class:`lltool.bench.model.Result`)."""
    found: dict[str, dict[str, float]] = {}
    for entry in assessments:
        if entry.alarm_rate is not None:
            found.setdefault(entry.benchmark, {})[entry.metric] = entry.alarm_rate
    return found


def _assess(benchmark: str, metric: str, runs: Sequence[Run], quantum_ns: float | None) -> Assessment:
    toss = random.Random(SEED)  # noqa: S311 - deals cards, keeps no secret
    alarms, compared = 0, 0
    needed: list[float] = []
    fewest = 0
    reason = "nothing was measured" if not runs else ""
    for _ in range(DEALS if runs else 0):
        matched = match(*deal(runs, toss))
        if matched.refusal is not None:
            reason = matched.refusal
            continue
        before = estimate(matched.before, metric)
        if before is None or before.value == 0 or not before.settled:
            reason = "too few samples lie beyond it" if before and not before.settled else "0: nothing to compare with"
            continue
        compared += 1
        arm = min(len(matched.before), len(matched.after))
        fewest = arm if not fewest else min(arm, fewest)
        low, high = interval(ratios(matched.before, matched.after, metric, RESAMPLES), arm)
        alarms += low > 1 + RELATIVE or high < 1 - RELATIVE
        step = resolution(matched.before, metric, quantum_ns) / before.value
        needed.append(max(step, (1 + RELATIVE) / low - 1) if low > 0 else math.inf)
    if not needed:
        return Assessment(benchmark, metric, 0, 0, 0, None, reason)
    visible = max(RELATIVE, sorted(needed)[math.ceil(POWER * len(needed)) - 1])
    if math.isinf(visible):
        return Assessment(benchmark, metric, fewest, compared, alarms, None, "no shift of any size is found")
    return Assessment(benchmark, metric, fewest, compared, alarms, visible)

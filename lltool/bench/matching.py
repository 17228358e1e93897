"""Which runs of two arms may be compared: like with like.

The two cores of a guest move over the host, and a cache line then travels 47 or 500 ns (reference: peers, fact 1).
Two-core runs therefore meet only runs of their own distance class; a run during which the cores moved meets none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.bench.model import Run

FEWEST_RUNS = 5
"""Fewer runs in an arm say too little about how much runs differ. On simulated cores of two speeds, all four runs of
one arm were fast and all of the other slow often enough for a wrong verdict in 3 of 40 families of 30 equal benchmarks;
with five runs in none (binomial bound: 7 %), which agrees with counting."""

MIXED = "mixed"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Matched:
    """The comparable runs of both arms. ``refusal`` says why they cannot be compared, ``remark`` what was left out."""

    before: tuple[Run, ...]
    after: tuple[Run, ...]
    refusal: str | None = None
    remark: str | None = None


def match(before: Sequence[Run], after: Sequence[Run]) -> Matched:
    """The runs to compare: all, or those of the distance class that has the most runs in both arms."""
    classes = [Counter(_distance_class(run) for run in runs) for runs in (before, after)]
    if set(classes[0]) | set(classes[1]) <= {UNKNOWN}:
        return _enough(before, after, None, f"{len(before)} + {len(after)} runs")
    comparable = sorted((classes[0].keys() | classes[1].keys()) - {MIXED, UNKNOWN})
    counts = f"runs by distance: before {_listed(classes[0])}; after {_listed(classes[1])}"
    if not comparable:
        return Matched((), (), f"the cores moved during every run ({counts})")
    best = max(comparable, key=lambda name: (min(arm[name] for arm in classes), sum(arm[name] for arm in classes)))
    chosen = [tuple(run for run in runs if _distance_class(run) == best) for runs in (before, after)]
    remark = f"only runs with the cores {best} ({counts})" if len(classes[0].keys() | classes[1].keys()) > 1 else None
    return _enough(chosen[0], chosen[1], remark, counts)


def _enough(before: Sequence[Run], after: Sequence[Run], remark: str | None, counts: str) -> Matched:
    if min(len(before), len(after)) < FEWEST_RUNS:
        refusal = f"fewer than {FEWEST_RUNS} comparable runs in an arm ({counts})"
        return Matched(tuple(before), tuple(after), refusal=refusal)
    return Matched(tuple(before), tuple(after), remark=remark)


def _distance_class(run: Run) -> str:
    return UNKNOWN if run.distance is None else run.distance.distance_class


def _listed(classes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in classes.most_common()) or "none"

"""The gate of a rollout: hosts that were just measured, against the figures of their equals in the fleet.

A host is worse where a figure of it stands out of those of its equals to the slow side, by the score that
:mod:`lltool.fleet.outliers` draws outliers with. Its equals have the same equipment, kernel and profile; where too few
of those were measured, as in a fleet that is tuned for the first time, the same equipment and kernel. Its own earlier
figures are no part of what it is compared with.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from lltool.fleet.groups import Facts, Measured, alike, equipment, side_by_side
from lltool.fleet.host_report import NOT_READ, HostReport
from lltool.fleet.outliers import SMALLEST_GROUP, outliers

GATE_FAILED = 5


class Outcome(StrEnum):
    """What the gate says of a host."""

    WITHIN = "within"
    WORSE = "worse"
    NOT_JUDGED = "not judged"
    NOT_READ = "not read"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One figure beside those of its equals: ``deviation`` is value/median - 1. ``alike`` says in what these are."""

    benchmark: str
    metric: str
    unit: str
    value: float
    equals: int
    alike: str
    median: float | None
    deviation: float | None
    worse: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One host at the gate."""

    host: str
    outcome: Outcome
    reason: str
    figures: tuple[Deviation, ...] = ()


class Baseline:
    """The figures of a fleet, by what makes hosts comparable."""

    def __init__(self, hosts: Iterable[HostReport]) -> None:
        groups = alike(hosts)
        wider: dict[Facts, list[HostReport]] = {}
        for facts, members in groups.items():
            wider.setdefault(equipment(facts), []).extend(members)
        self._same = {facts: side_by_side(members) for facts, members in groups.items()}
        self._wider = {facts: side_by_side(members) for facts, members in wider.items()}

    def equals(self, host: HostReport, known: Measured) -> tuple[str, dict[str, float]]:
        """In what they are alike, and the figures of the others."""
        same = _others(self._same.get(host.group, {}), known, host.name)
        if len(same) + 1 >= SMALLEST_GROUP:
            return "equipment, kernel and profile", same
        return "equipment and kernel", _others(self._wider.get(equipment(host.group), {}), known, host.name)


def judge(hosts: Iterable[HostReport], baseline: Baseline, benchmarks: Sequence[str] = ()) -> list[Judged]:
    """What the gate says of each host; ``benchmarks`` are patterns of those that count, all where there is none."""
    return [_judged(host, baseline, benchmarks or ("*",)) for host in hosts]


def exit_code(judged: Iterable[Judged]) -> int:
    """5 where a host is worse, else 1 where one could not be read, else 0."""
    outcomes = {each.outcome for each in judged}
    return GATE_FAILED if Outcome.WORSE in outcomes else 1 if Outcome.NOT_READ in outcomes else 0


def _judged(host: HostReport, baseline: Baseline, benchmarks: Sequence[str]) -> Judged:
    if host.standing in NOT_READ:
        return Judged(host.name, Outcome.NOT_READ, f"{host.standing}: {host.reason}")
    figures = tuple(
        _deviation(host, known, baseline)
        for known in side_by_side([host])
        if any(fnmatch.fnmatchcase(known.benchmark, pattern) for pattern in benchmarks)
    )
    worse = [each for each in figures if each.worse]
    if worse:
        told = "; ".join(
            f"{each.benchmark} {each.metric} is {each.deviation or 0:+.0%} from the median of {each.equals} equals"
            for each in worse
        )
        return Judged(host.name, Outcome.WORSE, told, figures)
    if not figures:
        return Judged(host.name, Outcome.NOT_JUDGED, "it sent no figure of these benchmarks")
    if all(each.median is None for each in figures):
        most = max(each.equals for each in figures)
        reason = f"{most} of its equals were measured; a baseline needs {SMALLEST_GROUP - 1}"
        return Judged(host.name, Outcome.NOT_JUDGED, reason, figures)
    return Judged(host.name, Outcome.WITHIN, "", figures)


def _deviation(host: HostReport, known: Measured, baseline: Baseline) -> Deviation:
    value = host.figures[known.benchmark].value
    what, others = baseline.equals(host, known)
    enough = len(others) + 1 >= SMALLEST_GROUP
    found = outliers(known.benchmark, known.metric, known.unit, {**others, host.name: value}) if enough else []
    centre = median(others.values()) if enough else None
    return Deviation(
        benchmark=known.benchmark,
        metric=known.metric,
        unit=known.unit,
        value=value,
        equals=len(others),
        alike=what,
        median=centre,
        deviation=None if centre is None else value / centre - 1,
        worse=any(each.host == host.name and each.deviation > 0 for each in found),
    )


def _others(figures: Mapping[Measured, dict[str, float]], known: Measured, name: str) -> dict[str, float]:
    return {other: value for other, value in figures.get(known, {}).items() if other != name}

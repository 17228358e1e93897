"""The fleet as a whole: its groups, its settings, its outliers, from hosts that are seen once and then let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from lltool.fleet.groups import alike, side_by_side
from lltool.fleet.host_report import NOT_READ, HostReport, Standing
from lltool.fleet.outliers import Outlier, outliers

_EXIT_CODES = (
    (frozenset({Standing.DRIFTED}), 3),
    (frozenset({*NOT_READ, Standing.UNFINISHED}), 1),
    (frozenset({Standing.REBOOT_PENDING}), 4),
    (frozenset({Standing.UNKNOWN}), 1),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts that are alike: ``facts`` are what they have in common, ``medians`` their figures by benchmark."""

    facts: tuple[tuple[str, str], ...]
    hosts: tuple[str, ...]
    medians: dict[str, tuple[str, str, float]]
    """By benchmark: metric, unit, median."""


@dataclass(frozen=True, slots=True)
class SettingCount:
    """In how many hosts a setting has which verdict, those aside where it is ok or not-applicable."""

    setting: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything a fleet report tells. ``groups`` are the largest first, ``settings`` the most deviating first."""

    hosts: tuple[HostReport, ...]
    groups: tuple[Group, ...]
    settings: tuple[SettingCount, ...]
    outliers: tuple[Outlier, ...]

    @property
    def standings(self) -> dict[Standing, int]:
        """How many hosts stand how; every standing is named."""
        counts = Counter(host.standing for host in self.hosts)
        return {standing: counts[standing] for standing in Standing}

    @property
    def exit_code(self) -> int:
        """3 where a host drifted, else 1 where one could not be judged, else 4 where one waits for a reboot, else 0."""
        present = {host.standing for host in self.hosts}
        return next((code for standings, code in _EXIT_CODES if present & standings), 0)


def picture(hosts: Iterable[HostReport]) -> Fleet:
    """The fleet of these hosts."""
    kept = tuple(hosts)
    settings: dict[str, Counter[str]] = {}
    for host in kept:
        for setting, verdict in host.deviating.items():
            settings.setdefault(setting, Counter())[verdict] += 1
    groups = []
    found: list[Outlier] = []
    for facts, members in sorted(alike(kept).items(), key=lambda item: (-len(item[1]), item[0])):
        figures = sorted(side_by_side(members).items())
        medians = {known.benchmark: (known.metric, known.unit, median(values.values())) for known, values in figures}
        groups.append(Group(facts, tuple(host.name for host in members), medians))
        for known, values in figures:
            found += outliers(known.benchmark, known.metric, known.unit, values)
    return Fleet(
        hosts=kept,
        groups=tuple(groups),
        settings=tuple(
            SettingCount(setting, dict(counts))
            for setting, counts in sorted(settings.items(), key=lambda item: (-item[1].total(), item[0]))
        ),
        outliers=tuple(sorted(found, key=lambda each: -abs(each.deviation))),
    )

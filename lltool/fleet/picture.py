"""The fleet as a whole: its groups, its settings, its outliers, from hosts that are seen once and then let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

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
    kept: list[HostReport] = []
    alike: dict[tuple[tuple[str, str], ...], list[HostReport]] = {}
    settings: dict[str, Counter[str]] = {}
    for host in hosts:
        kept.append(host)
        if host.group:
            alike.setdefault(host.group, []).append(host)
        for setting, verdict in host.deviating.items():
            settings.setdefault(setting, Counter())[verdict] += 1
    groups = []
    found: list[Outlier] = []
    for facts, members in sorted(alike.items(), key=lambda item: (-len(item[1]), item[0])):
        figures: dict[tuple[str, str, str], dict[str, float]] = {}
        for host in members:
            for benchmark, figure in host.figures.items():
                figures.setdefault((benchmark, figure.metric, figure.unit), {})[host.name] = figure.value
        medians = {key[0]: (key[1], key[2], median(values.values())) for key, values in sorted(figures.items())}
        groups.append(Group(facts, tuple(host.name for host in members), medians))
        for (benchmark, metric, unit), values in sorted(figures.items()):
            found += outliers(benchmark, metric, unit, values)
    return Fleet(
        hosts=tuple(kept),
        groups=tuple(groups),
        settings=tuple(
            SettingCount(setting, dict(counts))
            for setting, counts in sorted(settings.items(), key=lambda item: (-item[1].total(), item[0]))
        ),
        outliers=tuple(sorted(found, key=lambda each: -abs(each.deviation))),
    )

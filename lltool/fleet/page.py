"""A fleet -> the data of its page. The page stays readable, and small, however many hosts there are.

Hosts that deviate in the same settings are one row of the matrix; lists are cut, and say what was left out: all of
it is in the JSON document.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from lltool.bench.figures import percent
from lltool.bench.resolution import format_value
from lltool.fleet.host_report import NOT_READ, HostReport, Standing
from lltool.fleet.outliers import Outlier
from lltool.fleet.picture import Fleet
from lltool.reports.fleet_page import ChangeRow, FleetPage, GroupRow, HostRow, OutlierRow, Pattern

MOST_SETTINGS = 40
MOST_ROWS = 200
_NAMED = 12
"""Hosts of one row that are named."""

_THOUSANDTH = 1e-3


def fleet_page(fleet: Fleet, source: str, created: float) -> FleetPage:
    """The page of ``fleet``, read from ``source``."""
    settings = tuple(each.setting for each in fleet.settings[:MOST_SETTINGS])
    patterns = _patterns(fleet.hosts, settings)
    unremarkable = {Standing.COMPLIANT, Standing.DRIFTED}
    attention = [host for host in fleet.hosts if host.standing not in unremarkable or host.faults]
    changed = [host for host in fleet.hosts if host.changes]
    return FleetPage(
        title=f"Fleet of {_hosts(len(fleet.hosts))}",
        created=_moment(created),
        source=source,
        lead=tuple(_sentences(fleet)),
        standings=tuple((standing.value, count) for standing, count in fleet.standings.items() if count),
        attention=tuple(_host_row(host) for host in attention[:MOST_ROWS]),
        settings=settings,
        setting_counts=tuple(
            (each.setting, ", ".join(f"{count} {verdict}" for verdict, count in each.counts.items()))
            for each in fleet.settings[:MOST_SETTINGS]
        ),
        patterns=tuple(patterns[:MOST_ROWS]),
        outliers=tuple(_outlier_row(each) for each in fleet.outliers[:MOST_ROWS]),
        groups=tuple(
            GroupRow(
                facts=tuple((name, value or "unknown") for name, value in group.facts),
                hosts=str(len(group.hosts)),
                named=_named(group.hosts),
                medians=tuple(
                    (benchmark, metric, format_value(value, unit, value * _THOUSANDTH))
                    for benchmark, (metric, unit, value) in group.medians.items()
                ),
            )
            for group in fleet.groups[:MOST_ROWS]
        ),
        changes=tuple(row for host in changed[:MOST_ROWS] for row in _change_rows(host)),
        left_out=tuple(
            f"{total - shown} more {what} are in the JSON document"
            for what, total, shown in (
                ("deviating settings", len(fleet.settings), MOST_SETTINGS),
                ("patterns of deviation", len(patterns), MOST_ROWS),
                ("hosts to look at", len(attention), MOST_ROWS),
                ("outliers", len(fleet.outliers), MOST_ROWS),
                ("groups", len(fleet.groups), MOST_ROWS),
                ("hosts with a trial", len(changed), MOST_ROWS),
            )
            if total > shown
        ),
    )


def _sentences(fleet: Fleet) -> Iterable[str]:
    counts = fleet.standings
    judged = len(fleet.hosts) - sum(counts[standing] for standing in (*NOT_READ, Standing.UNKNOWN))
    yield f"{counts[Standing.COMPLIANT]} of {_hosts(judged)} that could be judged comply with their profile."
    if counts[Standing.DRIFTED]:
        worst = fleet.settings[0]
        yield (
            f"{_hosts(counts[Standing.DRIFTED])} drifted; most often in {worst.setting}, "
            f"on {_hosts(sum(worst.counts.values()))}."
        )
    lost = sum(counts[standing] for standing in NOT_READ)
    if lost:
        yield f"{_hosts(lost)} could not be read: nothing is known of them."
    if counts[Standing.UNFINISHED]:
        yield f"{_hosts(counts[Standing.UNFINISHED])} stopped in the middle of a transaction."
    if counts[Standing.REBOOT_PENDING]:
        yield f"{_hosts(counts[Standing.REBOOT_PENDING])} will comply after a reboot."
    dated = [(host.created, host.name) for host in fleet.hosts if host.created is not None]
    if dated:
        oldest, name = min(dated)
        yield f"The oldest document is of {_moment(oldest)}, from {name}."
    if fleet.outliers:
        first = fleet.outliers[0]
        yield (
            f"{_hosts(len({each.host for each in fleet.outliers}))} measure otherwise than their equals; farthest "
            f"{first.host} in {first.benchmark}, {percent(first.deviation)} % from the median."
        )


def _hosts(count: int) -> str:
    return f"{count} host{'' if count == 1 else 's'}"


def _patterns(hosts: Iterable[HostReport], settings: tuple[str, ...]) -> list[Pattern]:
    alike: dict[tuple[str, ...], list[str]] = {}
    for host in hosts:
        if host.verified is not None and host.deviating:
            row = tuple(host.deviating.get(setting, "") for setting in settings)
            alike.setdefault(row, []).append(host.name)
    ordered = sorted(alike.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Pattern(str(len(names)), _named(names), row) for row, names in ordered]


def _host_row(host: HostReport) -> HostRow:
    reason = "; ".join(filter(None, [host.reason, *(fault for fault in host.faults if fault != host.reason)]))
    verified = "never" if host.verified is None else _moment(host.verified)
    return HostRow(host.name, host.standing.value, reason, verified, host.profile)


def _outlier_row(each: Outlier) -> OutlierRow:
    return OutlierRow(
        host=each.host,
        benchmark=each.benchmark,
        metric=each.metric,
        value=format_value(each.value, each.unit, each.value * _THOUSANDTH),
        median=format_value(each.median, each.unit, each.median * _THOUSANDTH),
        deviation=f"{percent(each.deviation)} %",
        score=f"{each.score:+.1f}",
    )


def _change_rows(host: HostReport) -> Iterable[ChangeRow]:
    for benchmark, change in host.changes.items():
        known = change.change is not None and change.low is not None and change.high is not None
        yield ChangeRow(
            host=host.name,
            benchmark=benchmark,
            metric=change.metric,
            change=f"{percent(change.change)} %" if change.change is not None else "",
            interval=f"{percent(change.low or 0)} to {percent(change.high or 0)} %" if known else "",
            outcome=change.outcome,
        )


def _named(names: Iterable[str]) -> str:
    every = list(names)
    more = len(every) - _NAMED
    return ", ".join(every[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))

"""Hosts that are alike, and their figures side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lltool.fleet.host_report import HostReport

Facts = tuple[tuple[str, str], ...]
PROFILE = "profile"
"""The name of that fact of a group which says how hosts are run; the others say what they are."""


@dataclass(frozen=True, slots=True, order=True)
class Measured:
    """What figures of several hosts must have in common to be compared."""

    benchmark: str
    metric: str
    unit: str


def alike(hosts: Iterable[HostReport]) -> dict[Facts, list[HostReport]]:
    """The hosts by equipment, kernel and profile; those that tell nothing of these are in no group."""
    found: dict[Facts, list[HostReport]] = {}
    for host in hosts:
        if host.group:
            found.setdefault(host.group, []).append(host)
    return found


def equipment(facts: Facts) -> Facts:
    """``facts`` without the profile."""
    return tuple(each for each in facts if each[0] != PROFILE)


def side_by_side(hosts: Sequence[HostReport]) -> Mapping[Measured, dict[str, float]]:
    """The figures of ``hosts`` by host name."""
    found: dict[Measured, dict[str, float]] = {}
    for host in hosts:
        for benchmark, figure in host.figures.items():
            found.setdefault(Measured(benchmark, figure.metric, figure.unit), {})[host.name] = figure.value
    return found

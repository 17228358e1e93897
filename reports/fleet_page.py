"""What the page of a fleet shows: finished text and counts. The page computes nothing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host that somebody should look at, and why."""

    host: str
    standing: str
    reason: str
    verified: str
    profile: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Hosts that deviate alike: ``verdicts`` are in the order of the page's settings, empty where there is none."""

    hosts: str
    named: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutlierRow:
    """One figure of one host beside the median of its equals."""

    host: str
    benchmark: str
    metric: str
    value: str
    median: str
    deviation: str
    score: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Hosts that are alike: what they have in common, and (benchmark, metric, median)."""

    facts: tuple[tuple[str, str], ...]
    hosts: str
    named: str
    medians: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What a trial on one host found of one benchmark."""

    host: str
    benchmark: str
    metric: str
    change: str
    interval: str
    outcome: str


@dataclass(frozen=True, slots=True)
class FleetPage:
    """Everything that the page of a fleet shows; ``left_out`` says what is in the JSON document only."""

    title: str
    created: str
    source: str
    lead: tuple[str, ...]
    standings: tuple[tuple[str, int], ...]
    attention: tuple[HostRow, ...]
    settings: tuple[str, ...]
    setting_counts: tuple[tuple[str, str], ...]
    patterns: tuple[Pattern, ...]
    outliers: tuple[OutlierRow, ...]
    groups: tuple[GroupRow, ...]
    changes: tuple[ChangeRow, ...]
    left_out: tuple[str, ...]

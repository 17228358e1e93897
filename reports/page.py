"""What a report page shows: finished figures as data. The page computes no statistics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one benchmark. Figures are text, already limited to the digits that the clock allows.

    ``outcome``: ``better``, ``worse``, ``equivalent``, ``inconclusive`` or ``not compared``.
    ``headline`` marks the metric that stands for its benchmark. ``budget`` says how the (later) figure stands to its
    latency budget, empty without one.
    """

    benchmark: str
    title: str
    section: str
    metric: str
    unit: str
    before: str
    after: str
    change: str
    interval: str
    outcome: str
    reason: str
    runs: str
    unsettled: bool
    headline: bool
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Spectrum:
    """The percentile spectrum of one arm: points (q, value) with 0 <= q < 1, ending where the samples end."""

    arm: str
    points: tuple[tuple[float, float], ...]
    samples: int
    runs: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The spectra of one benchmark, one per arm, in one unit."""

    benchmark: str
    title: str
    unit: str
    floor: float | None
    """The cost of reading the clock, in ``unit``: nothing below it is resolved."""
    spectra: tuple[Spectrum, ...]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its verdict before and after, live values as text."""

    setting: str
    title: str
    before: str
    after: str
    wanted: str
    verdict: str
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that one report shows.

    ``verdicts`` are sentences, most important first; ``cautions`` what limits them or could not be done. ``host``
    and ``passport`` are groups of (name, value); ``reproduce`` command lines; ``data`` the result documents that
    the page embeds as JSON.
    """

    title: str
    created: str
    design: str
    arms: tuple[str, ...]
    verdicts: tuple[str, ...]
    cautions: tuple[str, ...]
    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    settings: tuple[SettingRow, ...]
    host: tuple[tuple[str, str], ...]
    passport: tuple[tuple[str, str], ...]
    reproduce: tuple[str, ...]
    data: tuple[dict[str, Any], ...] = field(default=())

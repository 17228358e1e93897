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
    """The percentile spectrum of one arm: points (q, value) with 0 <= q < 1, ending where the samples end.

    ``band`` holds (q, low, high): between which values the percentile lies with 95 % confidence, over repeated runs.
    It is empty where the runs are too few.
    """

    arm: str
    points: tuple[tuple[float, float], ...]
    samples: int
    runs: int
    band: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much one percentile moved: ``change`` is after/before - 1, with its 95 % interval."""

    q: float
    low: float
    change: float
    high: float


@dataclass(frozen=True, slots=True)
class RunColumn:
    """One run: ``value`` of the chart's metric, the longest duration, and the share of the samples in each class.

    ``shares`` are (class, share) of the classes that are not empty; ``started`` is text.
    """

    arm: str
    started: str
    samples: int
    value: float
    longest: float
    shares: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class WorstSample:
    """The longest single operation of one run, with what was counted while that run measured.

    ``candidates`` are causes that were seen to take a core for a time like that; empty where none was.
    """

    run: int
    arm: str
    length: str
    seen: str
    candidates: str


@dataclass(frozen=True, slots=True)
class Runs:
    """Every run of a benchmark in order of time.

    ``edges`` are the bounds of the classes of durations, ascending, one more than there are classes; ``subject``
    says what is counted in them. ``worst`` are the longest operations, longest first.
    """

    metric: str
    subject: str
    edges: tuple[float, ...]
    columns: tuple[RunColumn, ...]
    worst: tuple[WorstSample, ...] = ()


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A latency that percentile ``q`` must stay below, in the unit of its chart; ``text`` says whose budget it is."""

    q: float
    limit: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The pictures of one benchmark, in one unit: spectra one per arm, the shift between two arms, its runs.

    ``spectra`` is empty where no single operations were timed, ``shift`` where there are not two arms of enough runs.
    """

    benchmark: str
    title: str
    unit: str
    floor: float | None
    """The cost of reading the clock, in ``unit``: nothing below it is resolved."""
    spectra: tuple[Spectrum, ...]
    shift: tuple[Shift, ...] = ()
    runs: Runs | None = None
    budgets: tuple[BudgetLine, ...] = ()


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """One result of a history: ``place`` counts results from 1, ``low`` and ``high`` are the figures of its runs."""

    place: int
    label: str
    created: str
    value: float
    low: float
    high: float
    runs: int
    text: str


@dataclass(frozen=True, slots=True)
class History:
    """The figure that stands for one benchmark over several results in order of time."""

    benchmark: str
    title: str
    metric: str
    unit: str
    points: tuple[HistoryPoint, ...]


@dataclass(frozen=True, slots=True)
class Cpu:
    """One hardware thread and what it is for."""

    number: int
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Core:
    """One physical core with its hardware threads."""

    cpus: tuple[Cpu, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Group:
    """A part of the machine: a socket holds nodes, a node caches, a cache cores."""

    name: str
    groups: tuple[Group, ...]
    cores: tuple[Core, ...] = ()


@dataclass(frozen=True, slots=True)
class Matrix:
    """Round trips between CPUs in one arm: ``pairs_ns`` by (lower, higher) CPU; a pair may be missing."""

    arm: str
    cpus: tuple[int, ...]
    pairs_ns: dict[tuple[int, int], float]


@dataclass(frozen=True, slots=True)
class ArmFigure:
    """The figure of one arm, in nanoseconds and as text."""

    arm: str
    value_ns: float
    text: str


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the staircase of access times, beside what the chapter says of it."""

    title: str
    benchmark: str
    metric: str
    chapter_ns: float
    figures: tuple[ArmFigure, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the pipeline with its budget; ``limit`` is empty and ``limit_ns`` None where it has none."""

    title: str
    measured_by: str
    metric: str
    limit: str
    limit_ns: float | None
    figures: tuple[ArmFigure, ...]


@dataclass(frozen=True, slots=True)
class Stages:
    """The pipeline stage by stage; ``about`` says what the figures are."""

    about: str
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class NoiseCore:
    """What one core lost: ``lengths`` are the median, p99 and longest gap as text.

    ``parts`` are (kind of cause, share of the time watched); together they are the share that was lost.
    """

    core: int
    lost: str
    gaps: str
    lengths: tuple[str, ...]
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class NoiseCause:
    """What one cause took from all cores watched, and what helps; texts."""

    name: str
    share: str
    lost: str
    gaps: str
    longest: str
    setting: str
    fix: str


@dataclass(frozen=True, slots=True)
class NoiseGap:
    """One of the longest gaps; ``causes`` is empty where they are not known."""

    core: int
    length: str
    at: str
    causes: str


@dataclass(frozen=True, slots=True)
class Noise:
    """Who disturbed the cores, in one arm or at one time; ``about`` says how that was found out."""

    title: str
    about: str
    cores: tuple[NoiseCore, ...]
    causes: tuple[NoiseCause, ...]
    worst: tuple[NoiseGap, ...]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One value of the kernel that the tuning changed; ``after`` is what it read back as."""

    setting: str
    knob: str
    before: str
    wanted: str
    after: str
    error: str


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the transactions of a trial changed; ``about`` says when, and what became of it."""

    about: str
    changes: tuple[ChangeRow, ...]


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its verdict before and after, live values as text; ``explanation`` holds (title, text) pairs."""

    setting: str
    title: str
    before: str
    after: str
    wanted: str
    verdict: str
    reason: str
    explanation: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that one report shows.

    ``verdicts`` are sentences, most important first; ``cautions`` what limits them or could not be done. ``quality``
    (what the figures rest on), ``host`` and ``passport`` are groups of (name, value); ``reproduce`` command lines;
    ``data`` the documents that the page embeds as JSON.
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
    quality: tuple[tuple[str, str], ...] = ()
    topology: tuple[Group, ...] = ()
    matrices: tuple[Matrix, ...] = ()
    levels: tuple[Level, ...] = ()
    stages: Stages | None = None
    noise: tuple[Noise, ...] = ()
    tuning: Tuning | None = None
    histories: tuple[History, ...] = ()
    results: int = 1
    """How many results the page is of; ``histories`` go over all of them."""

"""What a measurement is made of: histogram, run, result, comparison.

Ticks are raw ticks of the time-stamp counter, never corrected for the cost of reading it; ``tick_hz`` turns
them into time. A *run* is one process that measured one benchmark once: the unit of all statistics.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of durations in HDR layout with 3 significant digits.

    ``values`` are the lowest durations (ticks) of the non-empty buckets, ascending; ``counts`` belong to them.
    ``minimum``, ``maximum`` and ``total`` (the sum of all durations) are exact, in ticks.
    """

    values: tuple[int, ...]
    counts: tuple[int, ...]
    minimum: int
    maximum: int
    total: int

    @property
    def n(self) -> int:
        """Number of samples."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far apart two cores were, by the round trip of one cache line before and after a run."""

    before_ns: float
    after_ns: float
    distance_class: str
    """``smt``, ``near`` or ``far``; ``mixed`` where the probe before and the one after disagree."""


@dataclass(frozen=True, slots=True)
class Interference:
    """What disturbed a run while it measured, on all of its cores and threads. Nothing is left out for it.

    ``steal_seconds`` is None where the kernel does not tell. ``interrupts`` counts by name, only those that came.
    ``canary_change`` is by how much the core ran faster (+) or slower (-) afterwards than before.
    """

    involuntary_switches: int
    minor_faults: int
    major_faults: int
    migrations: int
    steal_seconds: float | None
    interrupts: dict[str, int]
    canary_change: float


@dataclass(frozen=True, slots=True)
class Run:
    """One process that measured one benchmark once.

    ``samples`` is the per-operation mode (one stamp pair per operation: the tail). ``block_ticks`` is the block
    mode (one stamp pair per ``block_ops`` operations: the centre), one entry per block. Either can be absent.
    ``duration_ticks`` is the time watched, for benchmarks whose figure is a share of it. ``conditions`` says what
    the worker did for the measurement (pinning, memory lock ...), as ``done`` or the reason why not.
    ``notes`` holds facts found while measuring: backing of memory, achieved rate, socket options read back.
    ``effort`` is the name of a :class:`lltool.bench.workload.Effort`; ``seconds`` is what the run took, its process
    included.
    """

    benchmark: str
    arm: str
    block: int
    position: int
    started: str
    cores: tuple[int, ...]
    tick_hz: float
    samples: Histogram | None = None
    block_ops: int = 0
    block_ticks: tuple[int, ...] = ()
    duration_ticks: int = 0
    distance: Distance | None = None
    interference: Interference | None = None
    effort: str = ""
    seconds: float = 0.0
    conditions: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)
    not_applicable: str | None = None
    failed: str | None = None

    @property
    def measured(self) -> bool:
        """Whether this run has figures."""
        return self.not_applicable is None and self.failed is None


@dataclass(frozen=True, slots=True)
class Result:
    """The content of one result file, schema ``lltool.result/1``.

    ``design`` says how the arms were ordered (``ABBA`` or ``sequential``); ``host`` is the document of
    ``lltool host --json`` and ``fingerprint`` what of it makes figures comparable (``fingerprint.fingerprints``);
    ``settings`` lists the findings of the tuning by arm name; ``passport`` is what the
    clock and the host were while measuring. ``noise_floor`` holds, by benchmark and metric, the smallest relative
    change that this host could show when `lltool bench selftest` measured it, for one run an arm: K runs an arm show
    changes smaller by the root of K. ``false_alarms`` holds, likewise, how often equal arms seemed to differ, where
    that was surely more often than promised.
    ``noise`` holds documents of `lltool noise --json` by arm, or by the name of their file; ``transactions`` what the
    tuning of a trial changed, one document a block.
    """

    created: str
    version: str
    command: str
    label: str
    design: str
    host: dict[str, Any]
    passport: dict[str, Any]
    runs: tuple[Run, ...]
    settings: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    noise: dict[str, dict[str, Any]] = field(default_factory=dict)
    transactions: tuple[dict[str, Any], ...] = ()
    noise_floor: dict[str, dict[str, float]] = field(default_factory=dict)
    false_alarms: dict[str, dict[str, float]] = field(default_factory=dict)
    fingerprint: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Outcome(StrEnum):
    """The verdict of one comparison."""

    BETTER = "better"
    WORSE = "worse"
    EQUIVALENT = "equivalent"
    INCONCLUSIVE = "inconclusive"
    NOT_COMPARED = "not compared"


SETTLED_BEYOND = 10
"""As many samples have to lie beyond a percentile before it says anything (reference: measurement 1.10)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """One statistic of one arm: ``value`` in the metric's unit, from ``samples`` samples in ``runs`` runs.

    ``beyond`` is how many samples lie beyond a percentile; fewer than ``SETTLED_BEYOND`` leave it unsettled.
    """

    value: float
    runs: int
    samples: int
    beyond: int | None = None

    @property
    def settled(self) -> bool:
        """Whether enough samples lie beyond the percentile to speak of it."""
        return self.beyond is None or self.beyond >= SETTLED_BEYOND


@dataclass(frozen=True, slots=True)
class Clean:
    """How many compared runs of each arm nothing disturbed, of how many; ``change`` is the change among them alone."""

    before: tuple[int, int]
    after: tuple[int, int]
    change: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of one benchmark, before against after: all runs, which alone decide.

    ``change`` is after/before - 1; ``low`` and ``high`` bound it (95 %); ``margin`` is the relative difference below
    which the arms count as equivalent. ``p`` is what Holm's correction leaves of the test against no change.
    ``more_runs`` would decide an inconclusive one, in about ``more_seconds``. ``reason`` explains the outcome in words.
    """

    benchmark: str
    metric: str
    unit: str
    before: Estimate | None
    after: Estimate | None
    change: float | None
    low: float | None
    high: float | None
    margin: float
    outcome: Outcome
    reason: str
    p: float | None = None
    more_runs: int | None = None
    more_seconds: float | None = None
    clean: Clean | None = None

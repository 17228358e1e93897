"""What is known of one host of a fleet, small enough to hold ten thousand of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """How a host stands, the worst first; ``UNKNOWN`` hosts were read, but never verified."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    DRIFTED = "drifted"
    REBOOT_PENDING = "reboot pending"
    UNKNOWN = "not verified"
    COMPLIANT = "compliant"


NOT_READ = frozenset({Standing.UNREACHABLE, Standing.REFUSED, Standing.FAILED})
"""Nothing can be said of the settings of such a host."""


@dataclass(frozen=True, slots=True)
class Figure:
    """The figure that stands for a benchmark; ``value`` in ``unit`` (ns, ppm)."""

    metric: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """What a trial found of one benchmark: ``change`` is after/before - 1 with its 95 % interval."""

    metric: str
    outcome: str
    change: float | None
    low: float | None
    high: float | None


@dataclass(slots=True)
class HostReport:
    """One host. ``name`` is that of its file or folder, ``node`` the one it gives itself.

    ``deviating`` holds the verdict of each setting that is neither ok nor not-applicable, ``reasons`` why. ``group``
    are the equipment, kernel and profile that make hosts comparable, by name.
    """

    name: str
    standing: Standing
    reason: str = ""
    node: str = ""
    version: str = ""
    created: float | None = None
    verified: float | None = None
    profile: str = ""
    group: tuple[tuple[str, str], ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    deviating: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    """Files of it that could not be used, each with its reason."""

"""What an attribution is made of. All times are ticks of the time-stamp counter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What sort of thing took the core."""

    THREAD = "thread"
    INTERRUPT = "interrupt"
    TIMER = "timer"
    IPI = "IPI"
    SOFTIRQ = "softirq"
    NMI = "NMI"
    UNEXPLAINED = "unexplained"


class Cause(NamedTuple):
    """One reason for lost time: a thread by its name, a device's interrupt by its name ..."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind is Kind.UNEXPLAINED else f"{self.kind} {self.name}".strip()


UNEXPLAINED = Cause(Kind.UNEXPLAINED, "hypervisor or firmware")
"""Time in which the kernel itself did nothing that it traces: whatever runs below it had the core."""


class Gap(NamedTuple):
    """The spinning thread did not run on ``core`` between two looks at the clock."""

    core: int
    start: int
    end: int


class Segment(NamedTuple):
    """``cause`` had the core from ``start`` to ``end``; segments of one core do not overlap."""

    start: int
    end: int
    cause: Cause


class Event(NamedTuple):
    """One line of a trace: on ``core`` at ``ticks``, while the thread ``task`` (``pid``) was current."""

    core: int
    ticks: int
    name: str
    task: str
    pid: int
    text: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A gap with the ticks that each cause took of it; they add up to its length."""

    gap: Gap
    ticks: dict[Cause, int]

    @property
    def main_cause(self) -> Cause:
        """The cause that took most of it."""
        return max(self.ticks, key=lambda cause: self.ticks[cause])

"""What the shape of the gaps alone suggests, where the kernel tells nothing: their rhythm and their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lltool.bench.noise.model import Gap

PERIODS = (
    (0.001, "a tick of 1000 Hz"),
    (1 / 300, "a tick of 300 Hz"),
    (0.004, "a tick of 250 Hz"),
    (0.010, "a tick of 100 Hz"),
    (1.0, "something once a second: vmstat, a watchdog, the limit on real-time threads"),
)
"""Rhythms that Linux is known for, in seconds (reference: measurement 6.3)."""

TOLERANCE = 0.02
"""Relative deviation at which a distance between two gaps still counts as the period."""

FEWEST = 5
COMPLETE = 0.7
"""Share of the beats of a rhythm that have to be there: gaps at random also keep a distance for a while."""

LENGTHS = (
    (2e-6, "below 2 µs: exits to a hypervisor, or short interrupts"),
    (100e-6, "2 to 100 µs: interrupts with their follow-up work, or a short thread"),
    (float("inf"), "above 100 µs: another thread, or a hypervisor that ran something else"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """``gaps`` gaps of ``ticks`` in all that look like ``reason``."""

    reason: str
    gaps: int
    ticks: int


def shapes(gaps: Sequence[Gap], tick_hz: float) -> list[Shape]:
    """The gaps of one core in classes: those in a known rhythm first, the rest by length. Suggestions, not findings."""
    left = list(gaps)
    found: list[Shape] = []
    for seconds, reason in PERIODS:
        period = seconds * tick_hz
        rhythmic = _in_rhythm(left, period)
        if rhythmic and len(rhythmic) >= max(FEWEST, COMPLETE * (rhythmic[-1].start - rhythmic[0].start) / period):
            found.append(Shape(f"every {1000 * seconds:.3g} ms: {reason}", len(rhythmic), _ticks(rhythmic)))
            chosen = set(rhythmic)
            left = [gap for gap in left if gap not in chosen]
    lower = 0.0
    for seconds, reason in LENGTHS:
        upper = seconds * tick_hz
        own = [gap for gap in left if lower <= gap.end - gap.start < upper]
        if own:
            found.append(Shape(reason, len(own), _ticks(own)))
        lower = upper
    return found


def _in_rhythm(gaps: Sequence[Gap], period: float) -> list[Gap]:
    """The longest chain of gaps that follow each other at ``period``; a missed beat ends no chain."""
    best: list[Gap] = []
    for first in range(min(len(gaps), 32)):
        chain = [gaps[first]]
        for gap in gaps[first + 1 :]:
            beats = (gap.start - chain[-1].start) / period
            nearest = round(beats)
            if 1 <= nearest <= 3 and abs(beats - nearest) <= TOLERANCE:
                chain.append(gap)
        if len(chain) > len(best):
            best = chain
    return best


def _ticks(gaps: Sequence[Gap]) -> int:
    return sum(gap.end - gap.start for gap in gaps)

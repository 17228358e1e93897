"""The clocks of the host: the time-stamp counter's promises and the kernel's clock source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_text

if TYPE_CHECKING:
    from lltool.root import Root

_DIRECTORY = "/sys/devices/system/clocksource/clocksource0"
_TSC_FLAGS = ("constant_tsc", "nonstop_tsc", "tsc_known_freq", "tsc_reliable", "rdtscp", "tsc_adjust", "art")


@dataclass(frozen=True, slots=True)
class Clock:
    """What keeps time.

    ``tsc_flags`` are the processor flags that concern the counter. ``has_invariant_tsc`` says whether the counter
    runs at one rate in every P-, C- and T-state; ``None`` where the flags are not known or the architecture has no
    TSC. ``clocksource`` is in use, ``available`` are all that the kernel offers.
    """

    tsc_flags: tuple[str, ...]
    has_invariant_tsc: bool | None
    clocksource: str | None
    available: tuple[str, ...]


def read_clock(root: Root, flags: frozenset[str]) -> Clock:
    """Read the clock sources; ``flags`` are the processor's."""
    return Clock(
        tsc_flags=tuple(flag for flag in _TSC_FLAGS if flag in flags),
        has_invariant_tsc={"constant_tsc", "nonstop_tsc"} <= flags if "tsc" in flags else None,
        clocksource=read_text(root, f"{_DIRECTORY}/current_clocksource"),
        available=available_clocksources(root),
    )


def available_clocksources(root: Root) -> tuple[str, ...]:
    """All clock sources that the kernel offers."""
    return tuple((read_text(root, f"{_DIRECTORY}/available_clocksource") or "").split())

"""A passport as rows of text, each figure with the digits that its uncertainty allows."""

from __future__ import annotations

import math
from typing import Any


def passport_rows(passport: dict[str, Any]) -> list[tuple[str, str]]:
    """The rows of a passport from ``passport.measure_passport``."""
    ns = 1e9 / passport["tick_hz"]
    return [
        ("source", f"{passport['tick_source']} on core {passport['core']}"),
        ("rate", f"{_megahertz(passport['tick_hz'], passport['uncertainty_ppm'])} against CLOCK_MONOTONIC_RAW"),
        ("kernel's own rate", _against(passport["kernel_hz"], passport["kernel_disagreement_ppm"])),
        ("CLOCK_MONOTONIC", f"{passport['monotonic_disagreement_ppm']:+.2f} ppm against CLOCK_MONOTONIC_RAW"),
        ("invariant", {True: "yes", False: "no", None: "not known"}[passport["invariant"]]),
        ("flags", " ".join(passport["flags"]) or "none"),
        ("kernel's clock source", passport["clocksource"] or "not known"),
        ("grain (quantum)", _ticks(passport["quantum_ticks"], ns)),
        ("an empty pair of stamps reads (floor)", _ticks(passport["floor_ticks"], ns)),
        ("a bare read costs", _ticks(passport["raw_read_ticks"], ns)),
        ("a start stamp costs", _ticks(passport["start_stamp_ticks"], ns)),
        ("a stop stamp costs", _ticks(passport["stop_stamp_ticks"], ns)),
        ("fences wait for earlier instructions", "yes" if passport["fence_serialises"] else "not known"),
        ("core runs at", _frequency(passport)),
        ("hypervisor", "yes" if passport["hypervisor"] else "none seen"),
        (
            "stolen from the core meanwhile",
            "not known" if passport["steal_seconds"] is None else f"{passport['steal_seconds']:.2f} s",
        ),
    ]


def _frequency(passport: dict[str, Any]) -> str:
    typical, lowest, highest = (passport[f"effective_ghz{suffix}"] for suffix in ("", "_lowest", "_highest"))
    return f"{typical:.2f} GHz (from {lowest:.2f} to {highest:.2f})"


def _megahertz(hertz: float, uncertainty_ppm: float) -> str:
    step_hz = max(1.0, hertz * uncertainty_ppm / 1e6)
    digits = max(0, 6 - math.floor(math.log10(step_hz)))
    return f"{hertz / 1e6:.{digits}f} MHz +- {uncertainty_ppm:.2g} ppm"


def _against(hertz: float | None, disagreement_ppm: float | None) -> str:
    if hertz is None or disagreement_ppm is None:
        return "not known"
    return f"{hertz / 1e6:.2f} MHz; the measured rate is {disagreement_ppm:+.1f} ppm away"


def _ticks(ticks: float, ns: float) -> str:
    return f"{ticks:.3g} ticks, {ticks * ns:.3g} ns"

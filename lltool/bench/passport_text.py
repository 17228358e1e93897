"""A passport as rows of text, each figure with the digits that its uncertainty allows."""

from __future__ import annotations

import math
from typing import Any

INTERCEPTED_NS = 500
"""No processor takes so long for CPUID by itself; a trip to the hypervisor and back does."""


def passport_rows(passport: dict[str, Any]) -> list[tuple[str, str]]:
    """The rows of a passport from ``passport.measure_passport``."""
    ns = 1e9 / passport["tick_hz"]
    return [
        ("source", f"{passport['tick_source']} on core {passport['core']}"),
        ("rate", f"{_megahertz(passport['tick_hz'], passport['uncertainty_ppm'])} against CLOCK_MONOTONIC_RAW"),
        *((source["name"], _source(source)) for source in passport["sources"]),
        ("CLOCK_MONOTONIC", f"{passport['monotonic_disagreement_ppm']:+.2f} ppm against CLOCK_MONOTONIC_RAW"),
        ("invariant", {True: "yes", False: "no", None: "not known"}[passport["invariant"]]),
        ("flags", " ".join(passport["flags"]) or "none"),
        ("kernel's clock source", passport["clocksource"] or "not known"),
        ("grain (quantum)", _ticks(passport["quantum_ticks"], ns)),
        ("an empty pair of stamps reads (floor)", _ticks(passport["floor_ticks"], ns)),
        ("a bare read costs", _ticks(passport["raw_read_ticks"], ns)),
        ("a start stamp costs", _ticks(passport["start_stamp_ticks"], ns)),
        ("a stop stamp costs", _ticks(passport["stop_stamp_ticks"], ns)),
        ("a CPUID costs", "no such instruction" if passport["cpuid_ticks"] is None else _cpuid(passport, ns)),
        *((f"counter of core {other['core']} against it", _skew(other, ns)) for other in passport["skew"]),
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


def _source(source: dict[str, Any]) -> str:
    if source["hz"] is None:
        return f"does not tell: {source['reason']}"
    return f"{source['hz'] / 1e6:.6g} MHz; the measured rate is {source['disagreement_ppm']:+.1f} ppm away"


def _cpuid(passport: dict[str, Any], ns: float) -> str:
    text = _ticks(passport["cpuid_ticks"], ns)
    intercepted = passport["hypervisor"] and passport["cpuid_ticks"] * ns > INTERCEPTED_NS
    return f"{text}: the hypervisor intercepts it" if intercepted else text


def _skew(other: dict[str, Any], ns: float) -> str:
    low, high = other["low_ticks"], other["high_ticks"]
    bounds = f"between {low * ns:+.0f} and {high * ns:+.0f} ns"
    return f"no skew seen, {bounds}" if low <= 0 <= high else f"off, {bounds}"


def _ticks(ticks: float, ns: float) -> str:
    return f"{ticks:.3g} ticks, {ticks * ns:.3g} ns"

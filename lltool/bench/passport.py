"""The passport of a measurement: what the clock and the core were."""

from __future__ import annotations

import math
import os
import time
from typing import TYPE_CHECKING, Any

from lltool.bench.frequency import bogomips_hz, read_sources, source_document
from lltool.bench.interference import steal_clock_ticks
from lltool.bench.skew import measure_skew
from lltool.host.clock import read_clock
from lltool.host.cpuinfo import read_cpuinfo
from lltool.kernels import clock, frequency
from lltool.kernels.placement import current_core

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lltool.root import Root

WINDOW_SECONDS = 0.1
"""Against CLOCK_MONOTONIC_RAW, 100 ms were good to 0.01 ppm (reference: measurement 1.3)."""

DISAGREEMENT_PPM = 50.0
"""Two sources of the tick rate that differ by more cannot both be right."""

TSC_CLOCKSOURCES = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen")
"""Clock sources that read the time-stamp counter."""

CANARIES = 25

_CYCLES_PER_MULTIPLICATION = 3
_PPM = 1e6


def measure_passport(root: Root, cores: Sequence[int]) -> dict[str, Any]:
    """Measure the clock on ``cores[0]``, to which the calling thread must be pinned. Takes 0.1 s. JSON types.

    ``tick_hz`` comes from the widest pair of bracketed readings; every other source of the rate (``sources``) and
    CLOCK_MONOTONIC over the same window are held against it. ``skew`` bounds how far the counters of the other cores
    stand apart. ``cautions`` says in words what does not add up.
    """
    core = current_core()
    record = read_cpuinfo(root).get(core, {})
    flags = frozenset(record.get("flags", "").split())
    sources = read_clock(root, flags)
    stolen_before = steal_clock_ticks(root, [core])
    first, first_monotonic = clock.bracket(time.CLOCK_MONOTONIC_RAW), clock.bracket(time.CLOCK_MONOTONIC)
    canaries = sorted(clock.canary() for _ in range(CANARIES))
    raw, start, stop = clock.read_costs()
    cpuid_ticks, skew = frequency.cpuid_ticks(), measure_skew(cores)
    quantum_ticks, floor_ticks = clock.quantum(), clock.floor_ticks()
    elapsed = (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - first[1]) / 1e9
    time.sleep(max(0.0, WINDOW_SECONDS - elapsed))
    last, last_monotonic = clock.bracket(time.CLOCK_MONOTONIC_RAW), clock.bracket(time.CLOCK_MONOTONIC)
    stolen_after = steal_clock_ticks(root, [core])
    tick_hz, uncertainty_ppm = clock.rate(first, last)
    monotonic_hz, _ = clock.rate(first_monotonic, last_monotonic)
    kernel_hz = bogomips_hz(record)
    is_guest = "hypervisor" in flags
    origins = read_sources(root, record, is_guest=is_guest)
    passport: dict[str, Any] = {
        "tick_source": {"x86_64": "tsc", "aarch64": "cntvct_el0"}[clock.architecture()],
        "core": core,
        "window_seconds": (last[1] - first[1]) / 1e9,
        "tick_hz": tick_hz,
        "uncertainty_ppm": uncertainty_ppm,
        "monotonic_disagreement_ppm": (tick_hz / monotonic_hz - 1) * _PPM,
        "kernel_hz": kernel_hz,
        "kernel_disagreement_ppm": None if kernel_hz is None else (tick_hz / kernel_hz - 1) * _PPM,
        "sources": [source_document(origin, tick_hz) for origin in origins],
        "skew": skew,
        "invariant": sources.has_invariant_tsc,
        "flags": list(sources.tsc_flags),
        "clocksource": sources.clocksource,
        "clocksources": list(sources.available),
        "quantum_ticks": quantum_ticks,
        "floor_ticks": floor_ticks,
        "raw_read_ticks": raw,
        "start_stamp_ticks": start,
        "stop_stamp_ticks": stop,
        "cpuid_ticks": cpuid_ticks,
        "fence_serialises": clock.fence_serialises(),
        "effective_ghz": _ghz(canaries[len(canaries) // 2], tick_hz),
        "effective_ghz_lowest": _ghz(canaries[-1], tick_hz),
        "effective_ghz_highest": _ghz(canaries[0], tick_hz),
        "hypervisor": is_guest,
        "steal_seconds": None
        if stolen_before is None or stolen_after is None
        else (stolen_after - stolen_before) / os.sysconf("SC_CLK_TCK"),
    }
    return {**passport, "cautions": cautions(passport)}


def cautions(passport: dict[str, Any]) -> list[str]:
    """What in a passport a reader of its figures has to know, in sentences."""
    found = []
    if passport["tick_source"] == "tsc" and passport["invariant"] is False:
        found.append("The time-stamp counter is not invariant: its rate may change with the core's frequency.")
    if passport["tick_source"] == "tsc" and passport["clocksource"] not in (None, *TSC_CLOCKSOURCES):
        found.append(f"The kernel keeps time with {passport['clocksource']}: it may have found the counter unreliable.")
    found += [
        f"The measured tick rate differs from that of the source {source['name']} by {apart:+.0f} ppm."
        for source in passport["sources"]
        if (apart := _disagreement_ppm(source)) is not None and abs(apart) > DISAGREEMENT_PPM
    ]
    found += [
        f"The counter of core {other['core']} is off by {other['low_ticks']} to {other['high_ticks']} ticks: "
        "stamps of the two cores must not be subtracted."
        for other in passport["skew"]
        if not other["low_ticks"] <= 0 <= other["high_ticks"]
    ]
    if passport["fence_serialises"] is None:
        found.append("It is not known whether the fences of the stamps wait for all earlier instructions.")
    if passport["steal_seconds"]:
        found.append(f"The hypervisor took {passport['steal_seconds']:g} s away from the core meanwhile.")
    return found


def _disagreement_ppm(source: Mapping[str, Any]) -> float | None:
    """By how much a source is off beyond what its last digit allows; None where it does not tell, or is nominal."""
    apart: float | None = source["disagreement_ppm"]
    if apart is None or source["nominal"]:
        return None
    return math.copysign(max(0.0, abs(apart) - source["step_hz"] / source["hz"] * _PPM), apart)


def _ghz(ticks_per_multiplication: float, tick_hz: float) -> float:
    return _CYCLES_PER_MULTIPLICATION * tick_hz / ticks_per_multiplication / 1e9

"""The passport of a measurement: what the clock and the core were."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from lltool.host.clock import read_clock
from lltool.host.cpuinfo import read_cpuinfo
from lltool.kernels import clock
from lltool.kernels.placement import current_core

if TYPE_CHECKING:
    from lltool.root import Root

WINDOW_SECONDS = 0.1
"""Against CLOCK_MONOTONIC_RAW, 100 ms were good to 0.01 ppm (reference: measurement 1.3)."""

DISAGREEMENT_PPM = 50.0
"""Two sources of the tick rate that differ by more cannot both be right."""

TSC_CLOCKSOURCES = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen")
"""Clock sources that read the time-stamp counter."""

CANARIES = 25

_CYCLES_PER_MULTIPLICATION = 3
_BOGOMIPS_HZ = 500_000
_STEAL_FIELD = 8
_PPM = 1e6


def measure_passport(root: Root) -> dict[str, Any]:
    """Measure the clock on the core of the calling thread, which must be pinned. Takes 0.1 s. JSON types.

    ``tick_hz`` comes from the widest pair of bracketed readings; the kernel's own figure (``kernel_hz``) and
    CLOCK_MONOTONIC over the same window are held against it. ``cautions`` says in words what does not add up.
    """
    core = current_core()
    record = read_cpuinfo(root).get(core, {})
    flags = frozenset(record.get("flags", "").split())
    sources = read_clock(root, flags)
    stolen_before = steal_clock_ticks(root, core)
    first, first_monotonic = clock.bracket(time.CLOCK_MONOTONIC_RAW), clock.bracket(time.CLOCK_MONOTONIC)
    canaries = sorted(clock.canary() for _ in range(CANARIES))
    raw, start, stop = clock.read_costs()
    quantum_ticks, floor_ticks = clock.quantum(), clock.floor_ticks()
    elapsed = (time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW) - first[1]) / 1e9
    time.sleep(max(0.0, WINDOW_SECONDS - elapsed))
    last, last_monotonic = clock.bracket(time.CLOCK_MONOTONIC_RAW), clock.bracket(time.CLOCK_MONOTONIC)
    stolen_after = steal_clock_ticks(root, core)
    tick_hz, uncertainty_ppm = clock.rate(first, last)
    monotonic_hz, _ = clock.rate(first_monotonic, last_monotonic)
    kernel_hz = kernel_tick_hz(record)
    passport: dict[str, Any] = {
        "tick_source": {"x86_64": "tsc", "aarch64": "cntvct_el0"}[clock.architecture()],
        "core": core,
        "window_seconds": (last[1] - first[1]) / 1e9,
        "tick_hz": tick_hz,
        "uncertainty_ppm": uncertainty_ppm,
        "monotonic_disagreement_ppm": (tick_hz / monotonic_hz - 1) * _PPM,
        "kernel_hz": kernel_hz,
        "kernel_disagreement_ppm": None if kernel_hz is None else (tick_hz / kernel_hz - 1) * _PPM,
        "invariant": sources.has_invariant_tsc,
        "flags": list(sources.tsc_flags),
        "clocksource": sources.clocksource,
        "clocksources": list(sources.available),
        "quantum_ticks": quantum_ticks,
        "floor_ticks": floor_ticks,
        "raw_read_ticks": raw,
        "start_stamp_ticks": start,
        "stop_stamp_ticks": stop,
        "fence_serialises": clock.fence_serialises(),
        "effective_ghz": _ghz(canaries[len(canaries) // 2], tick_hz),
        "effective_ghz_lowest": _ghz(canaries[-1], tick_hz),
        "effective_ghz_highest": _ghz(canaries[0], tick_hz),
        "hypervisor": "hypervisor" in flags,
        "steal_seconds": None
        if stolen_before is None or stolen_after is None
        else (stolen_after - stolen_before) / os.sysconf("SC_CLK_TCK"),
    }
    return {**passport, "cautions": cautions(passport)}


def kernel_tick_hz(record: dict[str, str]) -> float | None:
    """The tick rate that the kernel uses, from the bogomips of a CPU; None where it does not say.

    On x86 the kernel skips its delay loop and derives bogomips from the TSC: rate / 500 000, known to 5 kHz
    (init/calibrate.c, arch/x86/kernel/tsc.c). Elsewhere the figure means something else.
    """
    if "tsc" not in record.get("flags", "").split():
        return None
    try:
        return float(record["bogomips"]) * _BOGOMIPS_HZ
    except (KeyError, ValueError):
        return None


def steal_clock_ticks(root: Root, core: int) -> int | None:
    """How long the hypervisor ran something else instead of ``core``, in units of USER_HZ; None if not known."""
    for line in (root.read_or("/proc/stat") or "").splitlines():
        fields = line.split()
        if fields and fields[0] == f"cpu{core}" and len(fields) > _STEAL_FIELD:
            return int(fields[_STEAL_FIELD])
    return None


def cautions(passport: dict[str, Any]) -> list[str]:
    """What in a passport a reader of its figures has to know, in sentences."""
    found = []
    if passport["tick_source"] == "tsc" and passport["invariant"] is False:
        found.append("The time-stamp counter is not invariant: its rate may change with the core's frequency.")
    if passport["tick_source"] == "tsc" and passport["clocksource"] not in (None, *TSC_CLOCKSOURCES):
        found.append(f"The kernel keeps time with {passport['clocksource']}: it may have found the counter unreliable.")
    disagreement_ppm = passport["kernel_disagreement_ppm"]
    if disagreement_ppm is not None and abs(disagreement_ppm) > DISAGREEMENT_PPM:
        found.append(f"The measured tick rate differs from the kernel's own by {disagreement_ppm:+.0f} ppm.")
    if passport["fence_serialises"] is None:
        found.append("It is not known whether the fences of the stamps wait for all earlier instructions.")
    if passport["steal_seconds"]:
        found.append(f"The hypervisor took {passport['steal_seconds']:g} s away from the core meanwhile.")
    return found


def _ghz(ticks_per_multiplication: float, tick_hz: float) -> float:
    return _CYCLES_PER_MULTIPLICATION * tick_hz / ticks_per_multiplication / 1e9

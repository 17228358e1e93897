"""The tick rate from every source that names one, each held against the measured rate (reference: measurement 1.3)."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lltool.kernels import clock, frequency

if TYPE_CHECKING:
    from lltool.root import Root

KMSG = "/dev/kmsg"
SYSFS = "/sys/devices/system/cpu/cpu0/tsc_freq_khz"

_CRYSTAL_LEAF, _NOMINAL_LEAF, _HYPERVISOR_LEAF = 0x15, 0x16, 0x40000010
_BOGOMIPS_HZ = 500_000
_PPM = 1e6
_RECORD_BYTES = 8192
_REFINED = re.compile(r"tsc: Refined TSC clocksource calibration: ([\d.]+) MHz")
_DETECTED = re.compile(r"tsc: Detected ([\d.]+) MHz processor")


@dataclass(frozen=True, slots=True)
class Source:
    """``hz`` is None where the source does not tell, for the reason given. ``step_hz`` is its last digit.

    A nominal source is a round figure of the maker: what it differs by is no disagreement.
    """

    name: str
    hz: float | None
    step_hz: float = 0.0
    nominal: bool = False
    reason: str = ""


def read_sources(root: Root, record: dict[str, str], *, is_guest: bool) -> list[Source]:
    """Every source but the calibration itself; ``record`` is the core's of /proc/cpuinfo."""
    if clock.architecture() != "x86_64":
        return []
    asked: tuple[Callable[[], Source], ...] = (
        _crystal,
        lambda: _hypervisor(is_guest=is_guest),
        lambda: _log(root),
        lambda: _sysfs(root),
        _perf,
        lambda: _bogomips(record),
        _nominal,
    )
    return [ask() for ask in asked]


def source_document(source: Source, tick_hz: float) -> dict[str, Any]:
    """A source as JSON types; ``disagreement_ppm`` is by how much the measured rate lies above it."""
    return {
        "name": source.name,
        "hz": source.hz,
        "step_hz": source.step_hz,
        "nominal": source.nominal,
        "disagreement_ppm": None if source.hz is None else (tick_hz / source.hz - 1) * _PPM,
        "reason": source.reason,
    }


def bogomips_hz(record: dict[str, str]) -> float | None:
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


def _crystal() -> Source:
    name = "CPUID 0x15 (crystal)"
    registers = frequency.cpuid(_CRYSTAL_LEAF)
    if registers is None:
        return Source(name, None, reason="this processor has no such leaf")
    denominator, numerator, crystal_hz, _ = registers
    if not (denominator and numerator and crystal_hz):
        return Source(name, None, reason="the leaf names no crystal")
    return Source(name, crystal_hz * numerator / denominator)


def _nominal() -> Source:
    name = "CPUID 0x16 (nominal)"
    registers = frequency.cpuid(_NOMINAL_LEAF)
    if registers is None or not registers[0] & 0xFFFF:
        return Source(name, None, nominal=True, reason="this processor has no such leaf, or it is empty")
    return Source(name, (registers[0] & 0xFFFF) * 1e6, step_hz=1e6, nominal=True)


def _hypervisor(*, is_guest: bool) -> Source:
    name = "hypervisor (CPUID 0x40000010)"
    if not is_guest:
        return Source(name, None, reason="no hypervisor")
    registers = frequency.cpuid(_HYPERVISOR_LEAF)
    if registers is None or registers[0] == 0:
        return Source(name, None, reason="this hypervisor has no such leaf")
    return Source(name, registers[0] * 1e3, step_hz=1e3)


def _sysfs(root: Root) -> Source:
    text = root.read_or(SYSFS)
    if text is None or not text.isdecimal():
        return Source(SYSFS, None, reason="no such file: a module outside of the kernel makes it")
    return Source(SYSFS, int(text) * 1e3, step_hz=1e3)


def _log(root: Root) -> Source:
    name = "kernel log"
    try:
        log = kernel_log(root)
    except OSError as error:
        return Source(name, None, reason=f"{KMSG}: {os.strerror(error.errno or 0).lower()}")
    refined, detected = _REFINED.findall(log), _DETECTED.findall(log)
    if not refined and not detected:
        return Source(name, None, reason="its boot messages about the TSC are gone, or there were none")
    # A detected rate is what processor or hypervisor told; a refined one was calibrated and is the better one.
    text, how = (refined[-1], "refined") if refined else (detected[-1], "detected")
    return Source(f"{name} ({how})", float(text) * 1e6, step_hz=1e6 / 10 ** len(text.partition(".")[2]))


def kernel_log(root: Root) -> str:
    """What the kernel's log holds now, oldest first. Raises ``OSError`` (EPERM: dmesg_restrict)."""
    descriptor = os.open(root.path(KMSG), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    records = []
    try:
        while True:
            try:
                record = os.read(descriptor, _RECORD_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EPIPE:
                    raise
                continue  # the ring overtook the reader: the next read goes on with the oldest record left
            if not record:
                break
            records.append(record)
    finally:
        os.close(descriptor)
    return b"".join(records).decode("utf-8", errors="replace")


def _perf() -> Source:
    name = "perf (time_mult, time_shift)"
    try:
        return Source(name, frequency.perf_hz())
    except OSError as error:
        offered = "this kernel does not offer it to user space (cap_user_time is 0)"
        return Source(name, None, reason=offered if error.errno == errno.EOPNOTSUPP else os.strerror(error.errno or 0))


def _bogomips(record: dict[str, str]) -> Source:
    name = "kernel (bogomips)"
    hz = bogomips_hz(record)
    return Source(name, hz, 5e3, reason="" if hz is not None else "/proc/cpuinfo does not tell")

"""Kinds of core in one processor: fast ones and frugal ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_cpulist, read_int

if TYPE_CHECKING:
    from lltool.root import Root

_NAMES = ("performance", "efficiency", "low-power")
_PERF_UNITS = ("cpu_core", "cpu_atom", "cpu_lowpower")
_SIGNIFICANT_GAP = 0.1
"""Favoured cores of one kind differ by a few percent; kinds differ by more (hwloc draws the line here as well)."""


@dataclass(frozen=True, slots=True)
class CoreKind:
    """The online CPUs of one kind; ``name`` is ``performance``, ``efficiency`` or ``low-power``.

    ``evidence`` says which file told them apart.
    """

    name: str
    cpus: tuple[int, ...]
    evidence: str


def read_kinds(root: Root, online: tuple[int, ...]) -> tuple[CoreKind, ...]:
    """Read the kinds of core, fastest first; one kind for all CPUs where nothing tells them apart."""
    named = _by_perf_unit(root, online)
    if named:
        return named
    # base_frequency before cpuinfo_max_freq: turbo bins make the maximum differ among equal cores.
    for file in ("cpu_capacity", "cpufreq/base_frequency", "cpufreq/cpuinfo_max_freq"):
        values = {cpu: read_int(root, f"/sys/devices/system/cpu/cpu{cpu}/{file}") for cpu in online}
        known = {cpu: value for cpu, value in values.items() if value is not None and value > 0}
        groups = _split_at_gaps(known) if len(known) == len(online) else []
        if len(groups) > 1:
            return tuple(
                CoreKind(name, cpus, f"{file} {_span(known, cpus)}")
                for name, cpus in zip(_NAMES, _at_most(groups, len(_NAMES)), strict=False)
            )
    return (CoreKind("performance", online, "nothing tells the cores apart"),) if online else ()


def _by_perf_unit(root: Root, online: tuple[int, ...]) -> tuple[CoreKind, ...]:
    kinds = []
    for name, unit in zip(_NAMES, _PERF_UNITS, strict=True):
        listed = read_cpulist(root, f"/sys/devices/{unit}/cpus") or ()
        cpus = tuple(cpu for cpu in listed if cpu in online)
        if cpus:
            kinds.append(CoreKind(name, cpus, f"/sys/devices/{unit}/cpus"))
    covered = sorted(cpu for kind in kinds for cpu in kind.cpus)
    return tuple(kinds) if covered == list(online) else ()


def _split_at_gaps(values: dict[int, int]) -> list[tuple[int, ...]]:
    ordered = sorted(values, key=lambda cpu: (-values[cpu], cpu))
    groups: list[list[int]] = []
    for cpu in ordered:
        if groups and values[cpu] >= values[groups[-1][-1]] * (1 - _SIGNIFICANT_GAP):
            groups[-1].append(cpu)
        else:
            groups.append([cpu])
    return [tuple(sorted(group)) for group in groups]


def _at_most(groups: list[tuple[int, ...]], limit: int) -> list[tuple[int, ...]]:
    slowest = tuple(sorted(cpu for group in groups[limit - 1 :] for cpu in group))
    return [*groups[: limit - 1], slowest] if len(groups) > limit else groups


def _span(values: dict[int, int], cpus: tuple[int, ...]) -> str:
    low, high = min(values[cpu] for cpu in cpus), max(values[cpu] for cpu in cpus)
    return str(low) if low == high else f"{low} to {high}"

"""What shares the measured cores' hardware, and whether the boot core is among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lltool.bench.conditions import DONE
from lltool.host.cpulist import format_cpulist
from lltool.host.readings import read_cpulist

if TYPE_CHECKING:
    from lltool.root import Root


def neighbours(root: Root, cores: Sequence[int]) -> dict[str, str]:
    """The conditions ``SMT siblings avoided`` and ``core 0 avoided`` of ``cores``, as ``done`` or what is not."""
    return {
        "SMT siblings avoided": _siblings(root, cores),
        "core 0 avoided": DONE if 0 not in cores else "core 0 is used: the system does part of its own work there",
    }


def siblings_of(root: Root, core: int) -> tuple[int, ...] | None:
    """The other online hardware threads of the physical core of ``core``; None where the kernel does not tell."""
    listed = read_cpulist(root, f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    return None if listed is None else tuple(cpu for cpu in listed if cpu != core)


def _siblings(root: Root, cores: Sequence[int]) -> str:
    found = {core: siblings_of(root, core) for core in cores}
    if None in found.values():
        return "not known: the kernel does not list hardware threads"
    together = sorted(core for core, siblings in found.items() if set(siblings or ()) & set(cores))
    if together:
        return f"cores {format_cpulist(together)} are hardware threads of one physical core"
    others = sorted({cpu for siblings in found.values() for cpu in siblings or ()})
    if others:
        return f"hardware threads {format_cpulist(others)} are online: what runs there shares the measured core"
    return DONE

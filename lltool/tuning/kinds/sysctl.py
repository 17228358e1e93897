"""Values below /proc/sys."""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.cpulist import CpuList
from lltool.tuning.kinds.cpumask import CpuMask
from lltool.tuning.kinds.places import NotApplicable


class Sysctl(Kind):
    """One file below /proc/sys, named by the setting's id: ``sysctl.vm.swappiness``."""

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        key = setting.removeprefix("sysctl.")
        path = "/proc/sys/" + key.replace(".", "/")
        if not host.root.exists(path):
            raise NotApplicable(f"this kernel has no {key}")
        return [Knob(path)]


class SysctlMask(CpuMask, Sysctl):
    """A sysctl that holds a CPU mask."""


class SysctlList(CpuList, Sysctl):
    """A sysctl that holds a CPU list."""

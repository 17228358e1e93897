"""Files that hold a CPU mask (``00000000,0000000f``); profiles and findings speak of CPU lists."""

from __future__ import annotations

from lltool.host.cpulist import format_cpulist, format_cpumask, parse_cpulist, parse_cpumask
from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob


class CpuMask(Kind):
    """One file holding one mask."""

    def read(self, root: Root, knob: Knob) -> str:
        return format_cpulist(parse_cpumask(root.read(knob.path)))

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.write(knob.path, format_cpumask(parse_cpulist(text)))

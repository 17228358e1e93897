"""Files that hold a CPU mask (``00000000,0000000f``); profiles and findings speak of CPU lists."""

from __future__ import annotations

from lltool.host.cpulist import format_cpulist, format_cpumask, parse_cpulist, parse_cpumask
from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.values import NONE


class CpuMask(Kind):
    """One mask a file; the empty one reads ``none``."""

    verified = "the mask is read back as a list of CPUs: one that the kernel cut down is partial"
    undone = "the old mask is written back"

    def read(self, root: Root, knob: Knob) -> str:
        return format_cpulist(parse_cpumask(root.read(knob.path))) or NONE

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.write(knob.path, format_cpumask(() if text == NONE else parse_cpulist(text)))

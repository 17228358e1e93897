"""Files that hold a CPU list (``0-3,8``)."""

from __future__ import annotations

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.values import NONE


class CpuList(Kind):
    """One list a file; the empty one reads ``none``."""

    verified = "the list is read back, whatever its spelling"
    undone = "the old list is written back"

    def read(self, root: Root, knob: Knob) -> str:
        return format_cpulist(parse_cpulist(root.read(knob.path))) or NONE

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.write(knob.path, "" if text == NONE else text)

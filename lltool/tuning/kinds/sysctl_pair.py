"""Two sysctls of which one counts: ``vm.dirty_ratio`` and ``vm.dirty_bytes``, and their background twins.

Writing one sets the other to 0, and the kernel refuses a 0 written to the ``_bytes`` member (mm/page-writeback.c).
So the value is that of the member in force, and going back means writing that member.
"""

from __future__ import annotations

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.sysctl import Sysctl
from lltool.tuning.values import Wish, normalised

_OTHER = {"ratio": "bytes", "bytes": "ratio"}


class SysctlPair(Sysctl):
    """One member of a pair. Where the other one is in force the value reads ``dirty_bytes=1048576``."""

    verified = "the member in force is read: a value of 0 says that the other one counts"
    undone = "the member that was in force is written, which switches this one off"

    def read(self, root: Root, knob: Knob) -> str:
        own = normalised(root.read(knob.path))
        other = _other(knob.path)
        if knob.path.endswith("_bytes"):
            return own if own != "0" else _named(other, root)
        return own if normalised(root.read(other)) == "0" else _named(other, root)

    def write(self, root: Root, knob: Knob, text: str) -> None:
        name, separator, value = text.partition("=")
        directory = knob.path.rpartition("/")[0]
        root.write(f"{directory}/{name}" if separator else knob.path, value if separator else text)

    def text_for(self, wish: Wish, live: str) -> str:
        return wish.text if "=" in live else super().text_for(wish, live)

    def met(self, entry: object, wish: Wish, live: str) -> bool:
        return "=" not in live and wish.met_by(live)


def _other(path: str) -> str:
    stem, _, unit = path.rpartition("_")
    return f"{stem}_{_OTHER[unit]}"


def _named(path: str, root: Root) -> str:
    return f"{path.rpartition('/')[2]}={normalised(root.read(path))}"

"""Programs that make others see a changed file: ``update-grub`` after a drop-in, ``daemon-reload`` after a unit.

Such a program runs after its files were written, and must run once more after an undo has taken them back. Both are
steps of the transaction, one on each side of the files: an undo, which goes backwards, then meets the first one last,
and repeats it as long as no record says that it was done.
"""

from __future__ import annotations

from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob

STALE, FRESH = "not run", "run"
AFTER_APPLY, AFTER_UNDO = "after writing", "after undoing"


class Refresh(Kind):
    """The knob's ``path`` is the command line; its ``part`` says which of the two runs it stands for."""

    persistent = True
    stateless = True

    def read(self, root: Root, knob: Knob) -> str:
        return ""

    def write(self, root: Root, knob: Knob, text: str) -> None:
        if (knob.part == AFTER_APPLY) == (text == FRESH):
            root.run(*knob.path.split(" "))

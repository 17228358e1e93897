"""Files that list their choices and put the one in force in brackets: ``always [madvise] never``."""

from __future__ import annotations

import re

from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob

_CHOSEN = re.compile(r"\[([^\]]+)\]")


class TransparentHugePages(Kind):
    """``/sys/kernel/mm/transparent_hugepage/*``: the bracketed word is the value."""

    def read(self, root: Root, knob: Knob) -> str:
        text = super().read(root, knob)
        chosen = _CHOSEN.search(text)
        return chosen[1] if chosen else text

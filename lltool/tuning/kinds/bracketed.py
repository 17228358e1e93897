"""Files that list their choices and set the one in force apart: ``always [madvise] never``, ``none (full) lazy``."""

from __future__ import annotations

from lltool.host.readings import bracketed
from lltool.root import Root
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob


class BracketedChoice(Kind):
    """The word in brackets or parentheses is the value."""

    verified = "the word in brackets is compared; what the file does not list is refused without a write"

    def read(self, root: Root, knob: Knob) -> str:
        text = super().read(root, knob)
        return bracketed(text)[0] or text

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        choices = bracketed(host.root.read_or(knob.path) or "")[1]
        return "" if wanted in choices else f"this kernel offers only {', '.join(choices)}"

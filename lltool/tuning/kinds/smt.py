"""Simultaneous multithreading: all second threads of the host switched off or on at once."""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable

_CONTROL = "/sys/devices/system/cpu/smt/control"
_WITHOUT = {"notsupported": "this CPU has one thread a core, or hides the others", "notimplemented": "not on this CPU"}


class SmtControl(Kind):
    """``smt/control``: ``on``, ``off``, or ``forceoff``, which only a reboot ends."""

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        text = host.root.read_or(_CONTROL)
        if text is None:
            raise NotApplicable("this kernel cannot switch SMT")
        if text in _WITHOUT:
            raise NotApplicable(f"SMT is {text}: {_WITHOUT[text]}")
        return [Knob(_CONTROL)]

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        return "forceoff holds until the next boot" if live == "forceoff" else ""

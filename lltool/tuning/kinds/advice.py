"""What lltool knows and does not set: removed knobs, knobs of firmware, folklore. Profiles cannot name them."""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable


class Advice(Kind):
    """No knob on any host; the entry's ``leave`` says why."""

    runtime = False
    verified = "lltool does not look at it"
    undone = "lltool never changes it"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        raise NotApplicable(entry.leave)

"""Time that the host below gave to others while this guest wanted to run. It can be read, not set."""

from __future__ import annotations

from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import Wish

_STAT = "/proc/stat"
_STEAL = 7  # user nice system idle iowait irq softirq steal: proc_stat(5)


class StealTime(Kind):
    """Stolen time since boot, in thousandths of all CPU time; the wish is the most that is accepted."""

    verified = "the share since boot is computed from the first line of /proc/stat"
    undone = "nothing is written, so nothing is undone"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        # Where time was stolen there is a thief.
        if not sum(_ticks(host.root)[_STEAL : _STEAL + 1]) and not host.facts.hypervisor.is_guest:
            raise NotApplicable("not a virtual machine: nobody steals")
        return [Knob(_STAT)]

    def read(self, root: Root, knob: Knob) -> str:
        ticks = _ticks(root)
        if len(ticks) <= _STEAL or not sum(ticks):
            raise ValueError("no stolen time is counted")
        # guest time is already part of user time
        return str(round(1000 * ticks[_STEAL] / sum(ticks[: _STEAL + 1])))

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        return int(live) <= int(wish.text)

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        return f"only the host below can change it: {live} of 1000 parts of the time were stolen since boot"


def _ticks(root: Root) -> list[int]:
    """The columns of all CPUs together; empty where there are none."""
    lines = (root.read_or(_STAT, "") or "").splitlines()
    return [int(word) for word in lines[0].split()[1:]] if lines else []

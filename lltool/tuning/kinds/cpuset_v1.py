"""Isolated cores without a reboot under cgroup v1: what `cset shield` does (Documentation/admin-guide/cgroup-v1).

The root set no longer balances; all its tasks that can move go to ``lltool_system`` with the other cores; ``lltool``
has the isolated ones and does not balance them.
"""

from __future__ import annotations

import errno

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.cgroup_partition import GROUP, move
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import NONE

_SYSTEM = f"{GROUP}_system"
_INCOMPLETE = "incomplete"
_ROUNDS = 10
"""Tasks that are born while the others move are found in a later round."""


class CpusetV1(Kind):
    """The isolated CPUs of the set ``lltool``; ``none`` without the sets, ``incomplete`` where a part is missing."""

    resets_threads = True
    verified = "both sets exist, the root set does not balance, and the isolated set names the cores"
    undone = "the root set balances again, the tasks of both sets move back to it, and the sets are removed"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        cgroup = host.facts.cgroup
        if cgroup.cpuset_version != 1 or cgroup.cpuset_mount is None:
            raise NotApplicable("cpusets are not under cgroup v1 here")
        return [Knob(f"{cgroup.cpuset_mount}/{GROUP}")]

    def read(self, root: Root, knob: Knob) -> str:
        mount = _mount(knob)
        if not root.exists(f"{mount}/cpuset.cpus"):
            raise FileNotFoundError(errno.ENOENT, "the hierarchy is not mounted", mount)
        sets = [root.exists(f"{mount}/{name}") for name in (GROUP, _SYSTEM)]
        balances = root.read(f"{mount}/cpuset.sched_load_balance") == "1"
        if not any(sets) and balances:
            return NONE
        cpus = root.read_or(f"{knob.path}/cpuset.cpus", "") or ""
        return format_cpulist(parse_cpulist(cpus)) if cpus and all(sets) and not balances else _INCOMPLETE

    def write(self, root: Root, knob: Knob, text: str) -> None:
        mount = _mount(knob)
        if text == NONE:
            self._remove(root, mount)
            return
        isolated = parse_cpulist(text)
        rest = set(parse_cpulist(root.read(f"{mount}/cpuset.effective_cpus"))) - set(isolated)
        memory_nodes = root.read(f"{mount}/cpuset.mems")
        for name, cpus in ((GROUP, isolated), (_SYSTEM, tuple(sorted(rest)))):
            group = f"{mount}/{name}"
            if not root.exists(group):
                root.mkdir(group)
            root.write(f"{group}/cpuset.cpus", format_cpulist(cpus))
            root.write(f"{group}/cpuset.mems", memory_nodes)
        root.write(f"{mount}/{GROUP}/cpuset.sched_load_balance", "0")
        _move_all(root, mount, f"{mount}/{_SYSTEM}")
        root.write(f"{mount}/cpuset.sched_load_balance", "0")

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # Sets that were half made, or half taken down by an undo that was cut off, are lltool's own.
        return live != _INCOMPLETE and super().foreign(live, after, wanted)

    def _remove(self, root: Root, mount: str) -> None:
        root.write(f"{mount}/cpuset.sched_load_balance", "1")
        for name in (_SYSTEM, GROUP):
            group = f"{mount}/{name}"
            if root.exists(group):
                _move_all(root, group, mount)
                root.rmdir(group)


def _mount(knob: Knob) -> str:
    return knob.path.rpartition("/")[0]


def _move_all(root: Root, source: str, target: str) -> None:
    for _ in range(_ROUNDS):
        moved = [move(root, f"{target}/tasks", task) for task in root.read(f"{source}/tasks").split()]
        if not any(moved):
            return

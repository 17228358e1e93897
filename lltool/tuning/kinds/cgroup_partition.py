"""Isolated cores without a reboot: a cgroup v2 partition (Documentation/admin-guide/cgroup-v2.rst, cpuset)."""

from __future__ import annotations

import errno

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import NONE

GROUP = "lltool"
_INVALID = "invalid"


def _v2_mount(host: TunedHost) -> str:
    cgroup = host.facts.cgroup
    if cgroup.cpuset_version == 1:
        raise NotApplicable("cpusets are under cgroup v1 here: isolation.cpuset_v1 is for that")
    if cgroup.cpuset_mount is None:
        raise NotApplicable("no cgroup v2 hierarchy with the cpuset controller is mounted")
    return cgroup.cpuset_mount


class CpusetController(Kind):
    """Whether groups below the root have the cpuset controller: ``cgroup.subtree_control`` of the root."""

    verified = "the controllers that the root passes on are read back"
    undone = "the controller is switched off again, unless a group uses it"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        return [Knob(f"{_v2_mount(host)}/cgroup.subtree_control", "cpuset")]

    def read(self, root: Root, knob: Knob) -> str:
        return "on" if knob.part in root.read(knob.path).split() else "off"

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.write(knob.path, f"{'+' if text == 'on' else '-'}{knob.part}")


class CgroupPartition(Kind):
    """The group ``lltool`` below the root as an isolated partition; its value is the CPUs, ``none`` without it.

    Where the kernel does not keep it valid the value reads ``invalid`` with the kernel's reason.
    """

    resets_threads = True
    verified = "cpuset.cpus.partition must read isolated, and not isolated invalid with a reason"
    undone = "the partition becomes a member, its processes move to the root group, and the group is removed"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        mount = _v2_mount(host)
        return [Knob(f"{mount}/{GROUP}")]

    def read(self, root: Root, knob: Knob) -> str:
        if not root.exists(knob.path):
            if not root.exists(knob.path.rpartition("/")[0]):
                raise FileNotFoundError(errno.ENOENT, "the hierarchy is not mounted", knob.path)
            return NONE
        state = root.read_or(f"{knob.path}/cpuset.cpus.partition", "without cpuset controller") or ""
        if state != "isolated":
            return f"{_INVALID}: {state}"
        return format_cpulist(parse_cpulist(root.read(f"{knob.path}/cpuset.cpus"))) or NONE

    def write(self, root: Root, knob: Knob, text: str) -> None:
        if text == NONE:
            self._remove(root, knob.path)
            return
        if not root.exists(knob.path):
            root.mkdir(knob.path)
        # systemd switches a controller off again once no unit of its own needs it, and the partition would go with it.
        # The kernel refuses that (EBUSY) while a group passes the controller on; cpuset is threaded, so that processes
        # may be in such a group nevertheless.
        root.write(f"{knob.path}/cgroup.subtree_control", "+cpuset")
        root.write(f"{knob.path}/cpuset.cpus", text)
        # Since 6.7 the cores are claimed by themselves where the group is a child of the root; saying so does no harm.
        if root.exists(f"{knob.path}/cpuset.cpus.exclusive"):
            root.write(f"{knob.path}/cpuset.cpus.exclusive", text)
        root.write(f"{knob.path}/cpuset.cpus.partition", "isolated")

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # A group that was half made, or half taken down by an undo that was cut off, is lltool's own.
        return not live.startswith(_INVALID) and super().foreign(live, after, wanted)

    def _remove(self, root: Root, group: str) -> None:
        if not root.exists(group):
            return
        if root.exists(f"{group}/cpuset.cpus.partition"):
            root.write(f"{group}/cpuset.cpus.partition", "member")
        for process in root.read(f"{group}/cgroup.procs").split():
            move(root, f"{group.rpartition('/')[0]}/cgroup.procs", process)
        root.rmdir(group)


def move(root: Root, procs: str, process: str) -> bool:
    """Move one process or thread to the group whose list ``procs`` is; False where it cannot be moved or has ended."""
    try:
        root.write(procs, process)
    except OSError as error:
        if error.errno not in {errno.ESRCH, errno.EINVAL, errno.EBUSY}:
            raise
        return False
    return True

"""Control groups: which version, where cpusets are, and which cores a partition isolates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_cpulist, read_text

if TYPE_CHECKING:
    from lltool.root import Root


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The control groups of the host.

    ``version`` is ``v1``, ``v2``, ``hybrid`` (v1 controllers beside a v2 hierarchy), ``none`` (nothing mounted) or
    ``unknown``. ``mount`` is the v2 hierarchy. ``cpuset_mount`` is where cpusets are controlled and
    ``cpuset_version`` 1 or 2 in that place. ``isolated`` are the CPUs of isolated partitions; ``None`` where the
    kernel has no such file (before 6.7, or cpusets under v1).
    """

    version: str
    mount: str | None
    cpuset_version: int | None
    cpuset_mount: str | None
    isolated: tuple[int, ...] | None


def read_cgroup(root: Root) -> Cgroup:
    """Read the mounted control groups from /proc/mounts."""
    mounts = root.read_or("/proc/self/mounts") or root.read_or("/proc/mounts")
    if mounts is None:
        return Cgroup("unknown", None, None, None, None)
    v2_mount, v1_mounts, cpuset_mount = None, [], None
    for line in mounts.splitlines():
        # device, mount point, type, options, dump, pass: fstab(5)
        columns = line.split()
        if len(columns) < 4:
            continue
        _, mount, kind, options = columns[:4]
        if kind == "cgroup2" and v2_mount is None:
            v2_mount = mount
        elif kind == "cgroup":
            v1_mounts.append(mount)
            if "cpuset" in options.split(","):
                cpuset_mount = mount
        elif kind == "cpuset":
            cpuset_mount = mount
    version = {(True, True): "hybrid", (True, False): "v2", (False, True): "v1"}.get(
        (v2_mount is not None, bool(v1_mounts)), "none"
    )
    if cpuset_mount is not None:
        return Cgroup(version, v2_mount, 1, cpuset_mount, None)
    controllers = (read_text(root, f"{v2_mount}/cgroup.controllers") or "").split() if v2_mount else []
    if "cpuset" not in controllers:
        return Cgroup(version, v2_mount, None, None, None)
    return Cgroup(version, v2_mount, 2, v2_mount, read_cpulist(root, f"{v2_mount}/cpuset.cpus.isolated"))

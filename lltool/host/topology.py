"""Packages, physical cores, hardware threads, NUMA nodes and L3 groups, online and offline CPUs.

Source: Documentation/admin-guide/cputopology.rst, Documentation/ABI/stable/sysfs-devices-system-cpu.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.caches import Cache, read_caches
from lltool.host.cpuinfo import read_cpuinfo
from lltool.host.cpulist import format_cpulist
from lltool.host.hybrid import CoreKind, read_kinds
from lltool.host.numa import NumaNode, read_nodes
from lltool.host.readings import read_cpulist, read_cpus, read_int, read_names

if TYPE_CHECKING:
    from lltool.root import Root

CPUS = "/sys/devices/system/cpu"


@dataclass(frozen=True, slots=True)
class Core:
    """One physical core; ``cpus`` are its online hardware threads (SMT siblings).

    ``core_id`` is the kernel's number, which is not unique in a package. ``package``, ``die`` and ``cluster`` are
    ``None`` where the kernel does not know them, ``node`` where no NUMA node claims the core.
    """

    cpus: tuple[int, ...]
    core_id: int | None
    cluster: int | None
    die: int | None
    package: int | None
    node: int | None
    kind: str


@dataclass(frozen=True, slots=True)
class Package:
    """One socket: its online CPUs."""

    id: int | None
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """The processors of a host. Every tuple of CPUs ascends; ``cores`` ascend by their lowest CPU.

    ``offline`` are CPUs that are present and switched off. ``l3_groups`` holds the CPUs of each L3 cache; empty
    without one. ``isolated`` is what the kernel keeps its scheduler off (``isolcpus=`` and isolated cgroup
    partitions), ``nohz_full`` what it keeps its tick off. ``notes`` say what the files left open or got wrong.
    """

    possible: tuple[int, ...]
    present: tuple[int, ...]
    online: tuple[int, ...]
    offline: tuple[int, ...]
    cores: tuple[Core, ...]
    packages: tuple[Package, ...]
    nodes: tuple[NumaNode, ...]
    l3_groups: tuple[tuple[int, ...], ...]
    kinds: tuple[CoreKind, ...]
    isolated: tuple[int, ...]
    nohz_full: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def core_of(self, cpu: int) -> Core:
        """Return the physical core of an online CPU; raises ``ValueError`` for any other."""
        for core in self.cores:
            if cpu in core.cpus:
                return core
        raise ValueError(f"CPU {cpu} is not online")

    @property
    def is_hybrid(self) -> bool:
        """Whether the processor mixes kinds of core."""
        return len(self.kinds) > 1


def read_topology(root: Root, caches: tuple[Cache, ...] | None = None) -> Topology:
    """Read the topology; where files are missing it falls back to older ones, and notes say so.

    ``caches`` saves reading them twice. A tree that names no CPU gives an empty topology with a note.
    """
    cpuinfo = read_cpuinfo(root)
    present = _present(root, cpuinfo)
    online, notes = _online(root, present, cpuinfo)
    present = tuple(sorted({*present, *online}))
    nodes, node_notes = read_nodes(root, online)
    kinds = read_kinds(root, online)
    cores, core_notes = _cores(root, online, cpuinfo, nodes, kinds)
    if caches is None:
        caches = read_caches(root, online)
    possible = read_cpulist(root, f"{CPUS}/possible") or present
    return Topology(
        possible=possible,
        present=present,
        online=online,
        offline=tuple(cpu for cpu in present if cpu not in online),
        cores=cores,
        packages=_packages(cores),
        nodes=nodes,
        l3_groups=tuple(sorted(group for cache in caches if cache.level == 3 for group in cache.instances)),
        kinds=kinds,
        isolated=_isolated(root, online),
        nohz_full=tuple(cpu for cpu in read_cpulist(root, f"{CPUS}/nohz_full") or () if cpu in online),
        notes=(*notes, *node_notes, *core_notes),
    )


def _present(root: Root, cpuinfo: dict[int, dict[str, str]]) -> tuple[int, ...]:
    listed = read_cpulist(root, f"{CPUS}/present")
    if listed:
        return listed
    names = (re.fullmatch(r"cpu(\d+)", name, re.ASCII) for name in read_names(root, CPUS))
    return tuple(sorted({*(int(match[1]) for match in names if match), *cpuinfo}))


def _online(
    root: Root, present: tuple[int, ...], cpuinfo: dict[int, dict[str, str]]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    listed = read_cpulist(root, f"{CPUS}/online")
    if listed:
        return listed, ()
    switched_off = {cpu for cpu in present if read_int(root, f"{CPUS}/cpu{cpu}/online") == 0}
    cpus = tuple(cpu for cpu in present if cpu not in switched_off)
    if cpus:
        return cpus, (f"{CPUS}/online is missing: online CPUs taken from each CPU's own files",)
    counted = tuple(sorted(int(number) for number in re.findall(r"(?m)^cpu(\d+) ", root.read_or("/proc/stat") or "")))
    if counted:
        return counted, ("online CPUs taken from /proc/stat",)
    return tuple(sorted(cpuinfo)), ("no file names the CPUs of this host",)


def _isolated(root: Root, online: tuple[int, ...]) -> tuple[int, ...]:
    # The first holds isolcpus= only, the second cgroup partitions only (kernel 6.7 and later).
    at_boot = read_cpulist(root, f"{CPUS}/isolated") or ()
    partitions = read_cpulist(root, "/sys/fs/cgroup/cpuset.cpus.isolated") or ()
    return tuple(sorted({*at_boot, *partitions} & set(online)))


def _cores(
    root: Root,
    online: tuple[int, ...],
    cpuinfo: dict[int, dict[str, str]],
    nodes: tuple[NumaNode, ...],
    kinds: tuple[CoreKind, ...],
) -> tuple[tuple[Core, ...], tuple[str, ...]]:
    node_of = {cpu: node.id for node in nodes for cpu in node.cpus}
    kind_of = {cpu: kind.name for kind in kinds for cpu in kind.cpus}
    cores: list[Core] = []
    unknown: list[int] = []
    placed: set[int] = set()
    for cpu in online:
        if cpu in placed:
            continue
        siblings = _siblings(root, cpu) or _siblings_by_id(cpu, online, cpuinfo)
        if siblings is None:
            unknown.append(cpu)
        threads = tuple(other for other in siblings or () if other in online and other not in placed)
        # A list of siblings that does not name the CPU itself is garbled.
        cpus = threads if cpu in threads else (cpu,)
        placed.update(cpus)
        record = cpuinfo.get(cpu, {})
        topology = f"{CPUS}/cpu{cpu}/topology"
        cores.append(
            Core(
                cpus=cpus,
                core_id=_known(read_int(root, f"{topology}/core_id"), record.get("core id")),
                cluster=_known(read_int(root, f"{topology}/cluster_id"), None),
                die=_known(read_int(root, f"{topology}/die_id"), None),
                package=_known(read_int(root, f"{topology}/physical_package_id"), record.get("physical id")),
                node=node_of.get(cpu),
                kind=kind_of[cpu],
            )
        )
    if not unknown:
        return tuple(cores), ()
    return tuple(cores), (f"SMT siblings of CPUs {format_cpulist(unknown)} are not known: each counts as a core",)


def _siblings(root: Root, cpu: int) -> tuple[int, ...] | None:
    topology = f"{CPUS}/cpu{cpu}/topology"
    for name in ("core_cpus", "thread_siblings"):  # the second is the name before kernel 5.2
        cpus = read_cpus(root, f"{topology}/{name}", f"{topology}/{name}_list")
        if cpus:
            return cpus
    return None


def _siblings_by_id(cpu: int, online: tuple[int, ...], cpuinfo: dict[int, dict[str, str]]) -> tuple[int, ...] | None:
    def identity(other: int) -> tuple[str | None, str | None]:
        record = cpuinfo.get(other, {})
        return record.get("physical id"), record.get("core id")

    mine = identity(cpu)
    return None if None in mine else tuple(other for other in online if identity(other) == mine)


def _known(from_sysfs: int | None, from_cpuinfo: str | None) -> int | None:
    # The kernel writes -1 (or 65535, which is -1 in 16 bits) for what firmware does not tell.
    if from_sysfs is not None and from_sysfs not in {-1, 0xFFFF}:
        return from_sysfs
    if from_cpuinfo is not None and from_cpuinfo.isascii() and from_cpuinfo.isdigit():
        return int(from_cpuinfo)
    return None


def _packages(cores: tuple[Core, ...]) -> tuple[Package, ...]:
    cpus: dict[int | None, list[int]] = {}
    for core in cores:
        cpus.setdefault(core.package, []).extend(core.cpus)
    return tuple(Package(number, tuple(sorted(found))) for number, found in cpus.items())

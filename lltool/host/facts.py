"""All facts about one host, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.boot import Boot, read_boot
from lltool.host.caches import Cache, read_caches
from lltool.host.cgroup import Cgroup, read_cgroup
from lltool.host.clock import Clock, read_clock
from lltool.host.cpu import Cpu, read_cpu
from lltool.host.hypervisor import Hypervisor, read_hypervisor
from lltool.host.interrupts import Interrupts, read_interrupts
from lltool.host.kernel import Kernel, read_kernel
from lltool.host.memory import Memory, read_memory
from lltool.host.nics import Nic, read_nics
from lltool.host.privileges import Privileges, read_privileges
from lltool.host.topology import Topology, read_topology
from lltool.host.tuners import Tuners, read_tuners

if TYPE_CHECKING:
    from lltool.root import Root


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a host is, at one moment. ``privileges`` is ``None`` for a recorded tree."""

    is_live: bool
    topology: Topology
    caches: tuple[Cache, ...]
    cpu: Cpu
    clock: Clock
    hypervisor: Hypervisor
    kernel: Kernel
    cgroup: Cgroup
    interrupts: Interrupts
    nics: tuple[Nic, ...]
    memory: Memory
    boot: Boot
    tuners: Tuners
    privileges: Privileges | None


def gather(root: Root) -> HostFacts:
    """Read every fact. A file that is missing, unreadable or garbled leaves its fact unknown; nothing is raised."""
    topology = read_topology(root)
    cpu = read_cpu(root)
    clock = read_clock(root, cpu.flags)
    interrupts = read_interrupts(root)
    return HostFacts(
        is_live=root.is_live,
        topology=topology,
        caches=read_caches(root, topology.online),
        cpu=cpu,
        clock=clock,
        hypervisor=read_hypervisor(root, clock.available, lambda: cpu),
        kernel=read_kernel(root),
        cgroup=read_cgroup(root),
        interrupts=interrupts,
        nics=read_nics(root, interrupts),
        memory=read_memory(root),
        boot=read_boot(root),
        tuners=read_tuners(root),
        privileges=read_privileges(root),
    )

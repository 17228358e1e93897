"""The core plan: which cores run the system, which are kept quiet for trading, which take interrupts, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lltool.errors import InvalidInput
from lltool.host.cpulist import format_cpulist

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lltool.host.nics import Nic
    from lltool.host.topology import Core, Topology
    from lltool.root import Root

CORES_PER_HOUSEKEEPING_CORE = 8
"""One physical core in eight of a NUMA node runs the system: enough for its kernel threads and interrupts."""

HOUSEKEEPING, ISOLATED, INTERRUPT, IDLE = "housekeeping", "isolated", "interrupt", "idle"


class Reason(NamedTuple):
    """Why some CPUs have a role: ``housekeeping``, ``isolated``, ``interrupt`` or ``idle``."""

    cpus: tuple[int, ...]
    role: str
    text: str


@dataclass(frozen=True, slots=True)
class CorePlan:
    """The roles of the online CPUs, ascending.

    ``housekeeping``, ``isolated`` and ``idle`` are disjoint and hold every online CPU; ``interrupt`` is a part of
    ``housekeeping``. ``idle`` are siblings of isolated CPUs that take no role, because what runs there would
    disturb them. ``preferred`` holds the isolated CPUs again, best first: on the network interface's node, one
    thread of each physical core before the second.
    """

    housekeeping: tuple[int, ...]
    isolated: tuple[int, ...]
    interrupt: tuple[int, ...]
    idle: tuple[int, ...]
    preferred: tuple[int, ...]
    reasons: tuple[Reason, ...]


def read_core_plan(root: Root) -> CorePlan:
    """The plan for a host as it is, with no CPUs requested."""
    from lltool.host.interrupts import read_interrupts
    from lltool.host.nics import read_nics
    from lltool.host.topology import read_topology

    return plan_cores(read_topology(root), read_nics(root, read_interrupts(root)))


def plan_cores(topology: Topology, nics: tuple[Nic, ...], requested: tuple[int, ...] | None = None) -> CorePlan:
    """Choose the cores.

    ``requested`` CPUs are isolated as they are. Without them, the CPUs that the kernel isolates already; without
    those, lltool's own choice, by whole physical cores. Raises ``InvalidInput`` with every fault of ``requested``.
    """
    if requested is not None:
        isolated, reasons = _requested(topology, requested)
        rest_text = "not requested"
    else:
        isolated, reasons = _isolated_by_kernel(topology)
        rest_text = "the kernel does not isolate it"
    if not isolated:
        isolated, choice = _chosen(topology)
        reasons += choice
        rest_text = ""
    idle = _idle_siblings(topology, isolated)
    housekeeping = tuple(cpu for cpu in topology.online if cpu not in isolated and cpu not in idle)
    if idle and not housekeeping:
        housekeeping, idle = idle, ()
        rest_text = (
            "no other core is left for the system: it shares its physical core with an isolated CPU, and disturbs it"
        )
    if rest_text:
        reasons.append(Reason(housekeeping, HOUSEKEEPING, rest_text))
    if idle:
        reasons.append(Reason(idle, IDLE, "shares a physical core with an isolated CPU: what runs there disturbs it"))
    nic_nodes = _nic_nodes(topology, nics)
    interrupt = _interrupt_cpus(topology, housekeeping, nic_nodes, reasons)
    return CorePlan(
        housekeeping=housekeeping,
        isolated=isolated,
        interrupt=interrupt,
        idle=idle,
        preferred=_preferred(topology, isolated, nic_nodes),
        reasons=tuple(reasons),
    )


def _requested(topology: Topology, requested: tuple[int, ...]) -> tuple[tuple[int, ...], list[Reason]]:
    cpus = tuple(sorted(set(requested)))
    faults = []
    absent = [cpu for cpu in cpus if cpu not in topology.present]
    if absent:
        faults.append(f"no such CPU: {format_cpulist(absent)}")
    offline = [cpu for cpu in cpus if cpu in topology.offline]
    if offline:
        faults.append(f"offline: {format_cpulist(offline)}")
    if not cpus:
        faults.append("the list is empty")
    elif topology.online and set(topology.online) <= set(cpus):
        faults.append("no core is left for the system: leave at least one out")
    if faults:
        raise InvalidInput(
            f"cannot use cores {format_cpulist(cpus) or '(none)'}",
            faults,
            next_step=f"choose among the online CPUs: {format_cpulist(topology.online) or 'none is known'}",
        )
    reasons = [Reason(cpus, ISOLATED, "requested")]
    for core in topology.cores:
        outside = tuple(cpu for cpu in core.cpus if cpu not in cpus)
        if outside and len(outside) < len(core.cpus):
            asked = tuple(cpu for cpu in core.cpus if cpu in cpus)
            text = f"SMT sibling {format_cpulist(outside)} was not requested with it"
            reasons.append(Reason(asked, ISOLATED, text))
    return cpus, reasons


def _isolated_by_kernel(topology: Topology) -> tuple[tuple[int, ...], list[Reason]]:
    for cpus, text in (
        (topology.isolated, "the kernel isolates it already (isolcpus= or a cgroup partition)"),
        (topology.nohz_full, "the kernel already keeps its tick off it (nohz_full=)"),
    ):
        if cpus and set(cpus) < set(topology.online):
            return cpus, [Reason(cpus, ISOLATED, text)]
        if cpus:
            left_aside = "the kernel isolates every CPU, and that is left aside here: nothing would run the system"
            return (), [Reason(topology.cores[0].cpus, HOUSEKEEPING, left_aside)]
    return (), []


def _chosen(topology: Topology) -> tuple[tuple[int, ...], list[Reason]]:
    cores = topology.cores
    if len(cores) < 2:
        if not cores:
            text = "no CPU is known here, so nothing can be isolated"
        elif len(cores[0].cpus) == 1:
            text = "the only core runs the system: nothing can be isolated"
        else:
            text = "all CPUs are threads of one physical core, which runs the system: nothing can be isolated"
        return (), [Reason(topology.online, HOUSEKEEPING, text)]
    reasons: list[Reason] = []
    system: list[Core] = []
    for node, members in _by_node(topology).items():
        system += _housekeeping_of(topology, node, members, reasons)
    quiet = [core for core in cores if core not in system]
    for kind in topology.kinds:
        cpus = _cpus(core for core in quiet if core.kind == kind.name)
        if cpus:
            text = "whole physical cores that the system can do without"
            reasons.append(Reason(cpus, ISOLATED, f"{kind.name} cores: {text}" if topology.is_hybrid else text))
    if not quiet:
        text = "performance core" if topology.is_hybrid else "core"
        text = f"nothing can be isolated: no {text} is left once every NUMA node has one for the system"
        reasons.insert(0, Reason(_cpus(cores), HOUSEKEEPING, text))
    return _cpus(quiet), reasons


def _by_node(topology: Topology) -> dict[int | None, list[Core]]:
    nodes: dict[int | None, list[Core]] = {}
    for core in topology.cores:
        nodes.setdefault(core.node, []).append(core)
    return nodes


def _housekeeping_of(topology: Topology, node: int | None, members: list[Core], reasons: list[Reason]) -> list[Core]:
    boot = topology.cores[0]
    place = f"NUMA node {node}" if node is not None else "the CPUs without a NUMA node"
    fast = topology.kinds[0].name
    frugal = [core for core in members if core.kind != fast]
    chosen: list[Core] = []
    if boot in members:
        chosen.append(boot)
        text = (
            "the boot CPU: the kernel keeps timekeeping and part of its own work there"
            if boot.cpus[0] == 0
            else "the lowest CPU online: the kernel keeps timekeeping and part of its own work there"
        )
        reasons.append(Reason(boot.cpus, HOUSEKEEPING, text))
    if frugal:
        added = [core for core in frugal if core not in chosen]
        if added:
            text = f"{' and '.join(dict.fromkeys(core.kind for core in added))} cores: too slow to trade on"
            reasons.append(Reason(_cpus(added), HOUSEKEEPING, text))
        return chosen + added
    wanted = max(1, -(-len(members) // CORES_PER_HOUSEKEEPING_CORE))
    rest = sorted(
        (core for core in members if core not in chosen), key=lambda core: _l3_distance(topology, core, members)
    )
    added = rest[: wanted - len(chosen)]
    if added:
        text = (
            f"one physical core in {CORES_PER_HOUSEKEEPING_CORE} of {place}, at least one: its memory, kernel threads "
            f"and interrupts need a core nearby ({wanted} of {len(members)})"
        )
        reasons.append(Reason(_cpus(added), HOUSEKEEPING, text))
    return chosen + added


def _l3_distance(topology: Topology, core: Core, members: list[Core]) -> tuple[bool, int]:
    # Filling one L3 group with the system's cores leaves the other groups to the isolated ones alone.
    first = members[0].cpus[0]
    shared = any(first in group and core.cpus[0] in group for group in topology.l3_groups)
    return not shared, core.cpus[0]


def _idle_siblings(topology: Topology, isolated: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(
        sorted(
            cpu
            for core in topology.cores
            if any(other in isolated for other in core.cpus)
            for cpu in core.cpus
            if cpu not in isolated
        )
    )


def _nic_nodes(topology: Topology, nics: tuple[Nic, ...]) -> tuple[int, ...]:
    nodes: set[int] = set()
    # An interface without a link is a spare port: it says nothing about where packets arrive.
    for nic in [nic for nic in nics if nic.is_up] or nics:
        if nic.node is not None:
            nodes.add(nic.node)
        elif 0 < len(nic.local_cpus) < len(topology.online):
            nodes.update(
                core.node for core in topology.cores if core.node is not None and core.cpus[0] in nic.local_cpus
            )
    return tuple(sorted(nodes))


def _interrupt_cpus(
    topology: Topology, housekeeping: tuple[int, ...], nic_nodes: tuple[int, ...], reasons: list[Reason]
) -> tuple[int, ...]:
    near = tuple(cpu for cpu in housekeeping if topology.core_of(cpu).node in nic_nodes)
    if near and near != housekeeping:
        where = ", ".join(map(str, nic_nodes))
        reasons.append(Reason(near, INTERRUPT, f"housekeeping on the network interface's NUMA node ({where})"))
        return near
    if len({core.node for core in topology.cores}) <= 1:
        text = "all housekeeping cores: there is one NUMA node"
    elif nic_nodes:
        text = "all housekeeping cores: the network interface's NUMA node has none"
    else:
        text = "all housekeeping cores: no network interface names its NUMA node"
    if housekeeping:
        reasons.append(Reason(housekeeping, INTERRUPT, text))
    return housekeeping


def _preferred(topology: Topology, isolated: tuple[int, ...], nic_nodes: tuple[int, ...]) -> tuple[int, ...]:
    def rank(cpu: int) -> tuple[bool, int, int]:
        core = topology.core_of(cpu)
        first_threads = [other for other in core.cpus if other in isolated]
        return core.node not in nic_nodes, first_threads.index(cpu), cpu

    return tuple(sorted(isolated, key=rank))


def _cpus(cores: Iterable[Core]) -> tuple[int, ...]:
    return tuple(sorted(cpu for core in cores for cpu in core.cpus))

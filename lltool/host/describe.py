"""The document of ``lltool host --json``, schema ``lltool.host/1``.

Sets of CPUs are text in the kernel's list form (``"0-3,8"``; ``""`` is no CPU). ``null`` is a value that this host
or this recorded tree does not tell. Sizes are bytes. The keys, all of which are always there:

``schema``, ``live`` (false for a recorded tree)
``cpu``         architecture, vendor, model_name, family, model, stepping, microcode [], flags [],
                arm_parts [implementer, part, name, cpus], product {vendor, name, board, firmware}
``topology``    possible, present, online, offline, isolated, nohz_full, packages [id, cpus],
                cores [cpus, core_id, cluster, die, package, node, kind], nodes [id, cpus, memory_bytes, distances],
                l3_groups [], kinds [name, cpus, evidence], notes []
``caches``      [level, name, size_bytes, line_bytes, ways, instances []]
``clock``       tsc_flags [], has_invariant_tsc, clocksource, available []
``hypervisor``  is_guest, name, evidence
``kernel``      release, version, options {NAME: {answer: yes|no|unknown, source}}, hz,
                preemption {built, current, source}, cmdline, isolated, nohz_full
``cgroup``      version, mount, cpuset_version, cpuset_mount, isolated
``interrupts``  default_affinity, lines [number, name, total, came_to, affinity, effective, is_managed],
                vectors {NAME: total}; ``came_to`` are the CPUs that received any
``nics``        [name, model, driver, bus_address, is_up, speed_mbps, node, local_cpus, rx_queues, tx_queues,
                irqs [], control_irqs [], irq_source, master]
``memory``      total_bytes, pools [node, page_bytes, total, free], transparent {enabled, defrag} or null,
                swaps [path, size_bytes, used_bytes, priority] or null
``boot``        loader, evidence
``tuners``      found [name, state, pids [], changes], has_processes
``privileges``  null for a recorded tree, else euid, capabilities [], allowed_cpus, container,
                is_proc_sys_writable, is_sys_writable
``cores``       housekeeping, isolated, interrupt, idle, preferred [] (CPU numbers, best first),
                reasons [cpus, role, text]
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lltool.host.cores import CorePlan, plan_cores
from lltool.host.cpulist import format_cpulist
from lltool.host.devices import device_name, link_speed_mbps
from lltool.host.facts import HostFacts, gather

if TYPE_CHECKING:
    from lltool.host.interrupts import Interrupts
    from lltool.host.topology import Topology
    from lltool.root import Root

SCHEMA = "lltool.host/1"


def describe_host(root: Root) -> dict[str, Any]:
    """Describe the host behind ``root`` as JSON types."""
    return describe(root, gather(root))


def describe(root: Root, facts: HostFacts) -> dict[str, Any]:
    """Describe facts already gathered from ``root``, with lltool's own core plan."""
    return {
        "schema": SCHEMA,
        "live": facts.is_live,
        "cpu": _cpu(facts),
        "topology": _topology(facts.topology),
        "caches": [
            {**asdict(cache), "instances": [format_cpulist(cpus) for cpus in cache.instances]} for cache in facts.caches
        ],
        "clock": _plain(asdict(facts.clock)),
        "hypervisor": asdict(facts.hypervisor),
        "kernel": _kernel(facts),
        "cgroup": {**asdict(facts.cgroup), "isolated": _cpulist(facts.cgroup.isolated)},
        "interrupts": _interrupts(facts.interrupts),
        "nics": _nics(root, facts),
        "memory": _plain(asdict(facts.memory)),
        "boot": asdict(facts.boot),
        "tuners": _plain(asdict(facts.tuners)),
        "privileges": _privileges(facts),
        "cores": _core_plan(plan_cores(facts.topology, facts.nics)),
    }


def _plain(value: Any) -> Any:
    """Tuples as lists, so that the document equals itself read back from JSON."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _cpulist(cpus: tuple[int, ...] | None) -> str | None:
    return format_cpulist(cpus) if cpus is not None else None


def _cpu(facts: HostFacts) -> dict[str, Any]:
    parts = [
        {
            "implementer": f"{part.implementer:#x}",
            "part": f"{part.part:#x}",
            "name": part.name,
            "cpus": format_cpulist(part.cpus),
        }
        for part in facts.cpu.arm_parts
    ]
    return {
        **asdict(facts.cpu),
        "microcode": list(facts.cpu.microcode),
        "flags": sorted(facts.cpu.flags),
        "arm_parts": parts,
    }


def _topology(topology: Topology) -> dict[str, Any]:
    sets = ("possible", "present", "online", "offline", "isolated", "nohz_full")
    members = ("packages", "cores", "nodes", "kinds")
    return {
        **{name: format_cpulist(getattr(topology, name)) for name in sets},
        **{
            name: [_plain({**asdict(item), "cpus": format_cpulist(item.cpus)}) for item in getattr(topology, name)]
            for name in members
        },
        "l3_groups": [format_cpulist(cpus) for cpus in topology.l3_groups],
        "notes": list(topology.notes),
    }


def _kernel(facts: HostFacts) -> dict[str, Any]:
    kernel = facts.kernel
    return {
        **asdict(kernel),
        "options": {option.name: {"answer": str(option.answer), "source": option.source} for option in kernel.options},
        "isolated": _cpulist(kernel.isolated),
        "nohz_full": _cpulist(kernel.nohz_full),
    }


def _interrupts(interrupts: Interrupts) -> dict[str, Any]:
    return {
        "default_affinity": _cpulist(interrupts.default_affinity),
        "lines": [
            {
                "number": line.number,
                "name": line.name,
                "total": sum(line.counts),
                "came_to": format_cpulist(
                    cpu for cpu, count in zip(interrupts.cpus, line.counts, strict=False) if count
                ),
                "affinity": _cpulist(line.affinity),
                "effective": _cpulist(line.effective),
                "is_managed": line.is_managed,
            }
            for line in interrupts.lines
        ],
        "vectors": {name: sum(counts) for name, counts in interrupts.vectors.items()},
    }


def _nics(root: Root, facts: HostFacts) -> list[dict[str, Any]]:
    return [
        {
            **_plain(asdict(nic)),
            "model": device_name(root, nic),
            "speed_mbps": link_speed_mbps(root, nic),
            "local_cpus": format_cpulist(nic.local_cpus),
        }
        for nic in facts.nics
    ]


def _privileges(facts: HostFacts) -> dict[str, Any] | None:
    if facts.privileges is None:
        return None
    return {**_plain(asdict(facts.privileges)), "allowed_cpus": format_cpulist(facts.privileges.allowed_cpus)}


def _core_plan(plan: CorePlan) -> dict[str, Any]:
    return {
        "housekeeping": format_cpulist(plan.housekeeping),
        "isolated": format_cpulist(plan.isolated),
        "interrupt": format_cpulist(plan.interrupt),
        "idle": format_cpulist(plan.idle),
        "preferred": list(plan.preferred),
        "reasons": [
            {"cpus": format_cpulist(reason.cpus), "role": reason.role, "text": reason.text} for reason in plan.reasons
        ],
    }

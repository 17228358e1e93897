"""The processors of a host as nested groups with the role of each CPU, for drawing. Reads a result's host document."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from lltool.bench.model import Result
from lltool.experiment.facts import at
from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.reports import Core, Cpu, Group

_ROLES = (
    ("measured", None),
    ("isolated", "cores.isolated"),
    ("housekeeping", "cores.housekeeping"),
    ("interrupts", "cores.interrupt"),
    ("left idle", "cores.idle"),
)


def topology_of(result: Result) -> tuple[Group, ...]:
    """Sockets, the NUMA nodes in each, their L3 groups, and the cores in those; empty where nothing is recorded."""
    topology = at(result.host, "topology")
    if not isinstance(topology, Mapping):
        return ()
    cores = [core for core in topology.get("cores") or () if isinstance(core, Mapping)]
    roles = _roles(result)
    l3 = [frozenset(_cpus(group)) for group in topology.get("l3_groups") or ()]
    return tuple(
        Group(
            f"Socket {package}" if package is not None else "Socket not known",
            tuple(
                Group(f"Node {node}" if node is not None else "Node not known", _l3_groups(of_node, l3, roles))
                for node, of_node in _split(of_package, "node")
            ),
        )
        for package, of_package in _split(cores, "package")
    )


def _split(cores: Sequence[Mapping[str, Any]], key: str) -> list[tuple[Any, list[Mapping[str, Any]]]]:
    values = dict.fromkeys(core.get(key) for core in cores)
    return [(value, [core for core in cores if core.get(key) == value]) for value in values]


def _l3_groups(
    cores: Sequence[Mapping[str, Any]], l3: Sequence[Collection[int]], roles: Mapping[int, tuple[str, ...]]
) -> tuple[Group, ...]:
    groups: dict[str, list[Core]] = {}
    for core in cores:
        cpus = _cpus(core.get("cpus"))
        cache = next((group for group in l3 if set(cpus) & set(group)), None)
        name = "No L3 recorded" if cache is None else f"L3 of CPUs {format_cpulist(sorted(cache))}"
        drawn = Core(tuple(Cpu(cpu, roles.get(cpu, ())) for cpu in cpus), str(core.get("kind") or ""))
        groups.setdefault(name, []).append(drawn)
    return tuple(Group(name, (), tuple(own)) for name, own in groups.items())


def _roles(result: Result) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    for role, path in _ROLES:
        cpus = (
            {core for run in result.runs for core in run.cores} if path is None else set(_cpus(at(result.host, path)))
        )
        for cpu in cpus:
            found[cpu] = (*found.get(cpu, ()), role)
    return found


def _cpus(text: Any) -> list[int]:
    try:
        return sorted(parse_cpulist(text)) if isinstance(text, str) else []
    except ValueError:
        return []

"""NUMA nodes: which CPUs and how much memory each holds, and how far they are apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.cpulist import format_cpulist
from lltool.host.readings import read_cpus, read_names

if TYPE_CHECKING:
    from lltool.root import Root

NODES = "/sys/devices/system/node"


@dataclass(frozen=True, slots=True)
class NumaNode:
    """One NUMA node. ``cpus`` are its online CPUs: none for a node of memory only.

    ``distances`` are the firmware's relative latencies to every node in ascending order of id (10: itself).
    """

    id: int
    cpus: tuple[int, ...]
    memory_bytes: int | None
    distances: tuple[int, ...]


def read_nodes(root: Root, online: tuple[int, ...]) -> tuple[tuple[NumaNode, ...], tuple[str, ...]]:
    """Read the NUMA nodes in ascending order of id, and notes on what the kernel's tables get wrong.

    A node whose CPUs already belong to an earlier one is left out, as hwloc does: some firmware gives every node
    all CPUs, and nothing can be placed by such a table.
    """
    nodes: list[NumaNode] = []
    notes: list[str] = []
    taken: dict[int, int] = {}
    for node_id in node_ids(root):
        directory = f"{NODES}/node{node_id}"
        listed = read_cpus(root, f"{directory}/cpumap", f"{directory}/cpulist")
        if listed is None:
            notes.append(f"node {node_id} does not say which CPUs it holds")
            listed = ()
        cpus = tuple(cpu for cpu in listed if cpu in online)
        shared = tuple(cpu for cpu in cpus if cpu in taken)
        if shared:
            owner = taken[shared[0]]
            notes.append(
                f"node {node_id} is left out: its CPUs {format_cpulist(shared)} are already in node {owner}, "
                "so the firmware's NUMA table is wrong"
            )
            continue
        taken.update(dict.fromkeys(cpus, node_id))
        nodes.append(NumaNode(node_id, cpus, _memory_bytes(root, directory), _distances(root, directory)))
    homeless = tuple(cpu for cpu in online if cpu not in taken)
    if homeless and nodes:
        notes.append(f"CPUs {format_cpulist(homeless)} belong to no NUMA node that is online")
    return tuple(nodes), tuple(notes)


def node_ids(root: Root) -> tuple[int, ...]:
    """List the ids of the NUMA nodes; they can have gaps."""
    names = (re.fullmatch(r"node(\d+)", name, re.ASCII) for name in read_names(root, NODES))
    return tuple(sorted(int(match[1]) for match in names if match))


def _memory_bytes(root: Root, directory: str) -> int | None:
    match = re.search(r"MemTotal:\s+(\d+) kB", root.read_or(f"{directory}/meminfo") or "", re.ASCII)
    return int(match[1]) * 1024 if match else None


def _distances(root: Root, directory: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in (root.read_or(f"{directory}/distance") or "").split())
    except ValueError:
        return ()

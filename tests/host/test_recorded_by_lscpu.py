"""Topology of recorded hosts against what lscpu (util-linux) makes of the same trees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lltool.host.cpu import read_cpu
from lltool.host.cpulist import parse_cpulist

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Recording

NAMES = ["lscpu-vmware_fpe", "lscpu-x86_64-64cpu-linux6.2", "lscpu-x86_64-epyc_7451"]

_UNIT_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}

Groups = set[frozenset[int]]


def _summary(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([^#\n:]+):\s+(.*)$", text))


def _columns(text: str) -> dict[str, Groups]:
    """Read the first of lscpu's two tables: column name to the groups of CPUs that have one id in it."""
    table = text.split("# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n")[1]
    rows = [line.split(",") for line in table.splitlines() if re.match(r"\d", line)]
    columns = {}
    for index, name in ((1, "Core"), (2, "Socket"), (3, "Node"), (5, "L1d"), (6, "L1i"), (7, "L2"), (8, "L3")):
        members: dict[str, set[int]] = {}
        for row in rows:
            members.setdefault(row[index], set()).add(int(row[0]))
        columns[name] = {frozenset(cpus) for cpus in members.values()}
    return columns


def _groups(cpus: Iterable[tuple[int, ...]]) -> Groups:
    return {frozenset(group) for group in cpus}


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_cores_sockets_and_nodes_hold_the_same_cpus(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    topology, columns = host.topology, _columns(host.expected)
    assert _groups(core.cpus for core in topology.cores) == columns["Core"]
    assert _groups(package.cpus for package in topology.packages) == columns["Socket"]
    assert _groups(node.cpus for node in topology.nodes) == columns["Node"]


def test_caches_are_shared_by_the_same_cpus(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    columns = _columns(host.expected)
    caches = host.caches
    assert {cache.name for cache in caches} == {"L1d", "L1i", "L2", "L3"}
    for cache in caches:
        assert _groups(cache.instances) == columns[cache.name], cache.name


def test_cache_sizes_and_instances(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    summary = _summary(host.expected)
    for cache in host.caches:
        match = re.fullmatch(r"([\d.]+) (KiB|MiB|GiB) \((\d+) instances?\)", summary[f"{cache.name} cache"])
        assert match is not None
        assert len(cache.instances) == int(match[3])
        assert cache.size_bytes is not None
        # lscpu gives the sum over all instances.
        assert cache.size_bytes * len(cache.instances) == float(match[1]) * _UNIT_BYTES[match[2]]


def test_counts(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    topology, summary = host.topology, _summary(host.expected)
    assert topology.online == parse_cpulist(summary["On-line CPU(s) list"])
    assert topology.offline == ()
    assert len(topology.packages) == int(summary["Socket(s)"])
    assert {len(core.cpus) for core in topology.cores} == {int(summary["Thread(s) per core"])}
    assert len(topology.cores) == int(summary["Core(s) per socket"]) * len(topology.packages)
    nodes = {f"NUMA node{node.id} CPU(s)": node.cpus for node in topology.nodes}
    assert nodes == {key: parse_cpulist(value) for key, value in summary.items() if re.match(r"NUMA node\d", key)}


def test_processor(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    cpu, summary = read_cpu(host.root), _summary(host.expected)
    assert cpu.vendor == summary["Vendor ID"]
    assert cpu.model_name == summary["Model name"]
    assert cpu.family == int(summary["CPU family"])
    assert cpu.model == int(summary["Model"])
    assert cpu.stepping == int(summary["Stepping"])
    assert cpu.microcode == (summary["Microcode version"],)
    assert cpu.flags == set(summary["Flags"].split())
    assert cpu.architecture == "x86_64"

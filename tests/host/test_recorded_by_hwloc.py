"""Topology of recorded hosts against what hwloc makes of the same trees."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

import pytest

from lltool.host.cpu import read_cpu
from lltool.host.cpulist import parse_cpumask
from lltool.host.kernel import read_kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Recording

NAMES = [
    "hwloc-128arm-2pa2n8cluster4co",
    "hwloc-16em64t-4s2c2t-offlines",
    "hwloc-20em64t-hybrid-1p6c2t+2ca4co1t",
    "hwloc-40intel64-2g2n4c+pcilocality",
    "hwloc-48amd64-4pa2n6c-sparse",
    "hwloc-64amd64-4s2n4ca2co",
    "hwloc-8em64t-2s2ca2c-buggynuma",
    "hwloc-96em64t-4no4pa3ca2co",
    "hwloc-nvidia-dgx-gb10",
    "hwloc-offline-cpu0-node0",
]
AMD_COMPUTE_UNITS = "hwloc-64amd64-4s2n4ca2co"

_UNIT_BYTES = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_OBJECT = re.compile(
    r"( *)(Machine|Package|Group|NUMANode|L\d[di]?Cache|Core|PU)\b(?:\(\w+\))?(?: L#\d+)?(?: \((.*)\))?"
)


@dataclass
class Expected:
    """What hwloc found. Memory of a node is in bytes, with the size of the unit that hwloc rounded it to."""

    packages: dict[int, tuple[int, ...]] = field(default_factory=dict)
    cores: list[tuple[int, ...]] = field(default_factory=list)
    pus: list[int] = field(default_factory=list)
    nodes: dict[int, tuple[tuple[int, ...], int, int]] = field(default_factory=dict)
    caches: Counter[tuple[str, int, int, int, tuple[int, ...]]] = field(default_factory=Counter)
    offline: tuple[int, ...] = ()
    kinds: list[tuple[int, ...]] = field(default_factory=list)
    infos: dict[str, str] = field(default_factory=dict)


@dataclass
class Line:
    """One object of hwloc's console output; ``number`` is the kernel's (``P#``)."""

    indent: int
    kind: str
    number: int
    attributes: dict[str, str]


def _read_console(text: str) -> Expected:
    expected = Expected()
    lines = _lines(text)
    for index, line in enumerate(lines):
        if line.kind == "Package":
            expected.packages[line.number] = _cpus_below(lines, index)
        elif line.kind == "Core":
            expected.cores.append(_cpus_below(lines, index))
        elif line.kind == "PU":
            expected.pus.append(line.number)
        elif line.kind == "NUMANode":
            # A node hangs beside the CPUs that are local to it.
            parent = max(above for above in range(index) if lines[above].indent < line.indent)
            local = line.attributes["local"]
            expected.nodes[line.number] = (
                _cpus_below(lines, parent),
                _size(local),
                _size("1" + local.lstrip("0123456789")),
            )
        elif line.kind.endswith("Cache"):
            size, line_bytes, ways = (line.attributes[key] for key in ("size", "linesize", "ways"))
            name = line.kind.removesuffix("Cache")
            expected.caches[name, _size(size), int(line_bytes), int(ways), _cpus_below(lines, index)] += 1
        expected.infos.update({key: value for key, value in line.attributes.items() if key.startswith(("CPU", "DMI"))})
    missing = re.search(r"not represented in topology: (\S+)", text)
    expected.offline = parse_cpumask(missing[1]) if missing else ()
    expected.kinds = [parse_cpumask(mask) for mask in re.findall(r"CPU kind #\d+ .*cpuset (\S+)", text)]
    infos = re.search(r"(?m)^Topology infos: (.*)$", text)
    expected.infos.update(re.findall(r"(\w+)=(\S+)", infos[1] if infos else ""))
    return expected


def _lines(text: str) -> list[Line]:
    lines = []
    for match in filter(None, map(_OBJECT.fullmatch, text.split("\n"))):
        attributes = {key: value.strip('"') for key, value in re.findall(r'(\w+)=("[^"]*"|\S*)', match[3] or "")}
        number = re.search(r"P#(\d+)", match[3] or "")
        lines.append(Line(len(match[1]), match[2], int(number[1]) if number else -1, attributes))
    return lines


def _cpus_below(lines: list[Line], index: int) -> tuple[int, ...]:
    below = takewhile(lambda line: line.indent > lines[index].indent, lines[index + 1 :])
    return tuple(sorted(line.number for line in below if line.kind == "PU"))


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)(KiB|MiB|GiB)", text)
    assert match is not None, text
    return int(match[1]) * _UNIT_BYTES[match[2]]


def _read_xml(text: str) -> Expected:
    expected = Expected()
    root = ET.fromstring(text)  # noqa: S314 - a file of the test data
    for element in root.iter("object"):
        kind, number = element.get("type", ""), int(element.get("os_index", "-1"))
        cpus = parse_cpumask(element.get("cpuset", "0"))
        if kind == "Package":
            expected.packages[number] = cpus
        elif kind == "Core":
            expected.cores.append(cpus)
        elif kind == "PU":
            expected.pus.append(number)
        elif kind == "NUMANode":
            expected.nodes[number] = (cpus, int(element.get("local_memory", "0")), 1)
        elif re.fullmatch(r"L\di?Cache", kind):
            suffix = {"0": "", "1": "d", "2": "i"}[element.get("cache_type", "0")]
            size, line, ways = (int(element.get(f"cache_{key}", "0")) for key in ("size", "linesize", "associativity"))
            expected.caches[f"L{element.get('depth')}{suffix}", size, line, ways, cpus] += 1
    expected.kinds = [parse_cpumask(kind.get("cpuset", "0")) for kind in root.iter("cpukind")]
    expected.infos = {info.get("name", ""): info.get("value", "") for info in root.iter("info")}
    return expected


def _expected(text: str) -> Expected:
    return _read_xml(text) if text.startswith("<?xml") else _read_console(text)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_packages_and_cpus(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    topology, expected = host.topology, _expected(host.expected)
    assert sorted(topology.online) == sorted(expected.pus)
    assert {package.id: package.cpus for package in topology.packages} == expected.packages


def test_offline_cpus(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    assert host.topology.offline == _expected(host.expected).offline


def test_physical_cores(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    cores = sorted(core.cpus for core in host.topology.cores)
    expected = sorted(_expected(host.expected).cores)
    if name == AMD_COMPUTE_UNITS:
        # By definition: hwloc counts both halves of an AMD compute unit (family 15h) as cores, because their core ids
        # differ. The kernel, lscpu and lltool pair them, because they share the front end, the L2 and the FPU.
        assert len(expected) == 64
        assert [(cpu,) for core in cores for cpu in core] == expected
        assert all(len(core) == 2 for core in cores)
    else:
        assert cores == expected


def test_numa_nodes_and_their_memory(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    nodes = {node.id: node for node in host.topology.nodes}
    expected = _expected(host.expected).nodes
    assert nodes.keys() == expected.keys()
    for number, (cpus, memory_bytes, rounding) in expected.items():
        assert nodes[number].cpus == cpus
        measured = nodes[number].memory_bytes
        assert measured is not None
        assert abs(measured - memory_bytes) < rounding


def test_caches(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    caches = {
        (cache.name, cache.size_bytes, cache.line_bytes, cache.ways, cpus)
        for cache in host.caches
        for cpus in cache.instances
    }
    expected = _expected(host.expected).caches
    if name == AMD_COMPUTE_UNITS:
        # By definition: kernel 2.6.32 says that L1i and L2 belong to one CPU each. hwloc knows that hardware and widens
        # them to the compute unit; lltool reports what the kernel says.
        caches = {
            (*cache, host.topology.core_of(cpus[0]).cpus if cache[0] in {"L1i", "L2"} else cpus)
            for *cache, cpus in caches
        }
    assert set(expected.values()) == {1}
    assert caches == set(expected)


def test_kinds_of_core_slowest_first(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    kinds = [kind.cpus for kind in reversed(host.topology.kinds)]
    assert kinds == (_expected(host.expected).kinds or [host.topology.online])


def test_l3_groups_are_the_l3_caches(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    expected = sorted(cpus for (level, *_, cpus) in _expected(host.expected).caches if level == "L3")
    assert sorted(host.topology.l3_groups) == expected


def test_processor_and_machine_by_name(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    cpu, infos = read_cpu(host.root), _expected(host.expected).infos
    checks = {
        "CPUModel": cpu.model_name,
        "CPUVendor": cpu.vendor,
        "CPUFamilyNumber": str(cpu.family),
        "CPUModelNumber": str(cpu.model),
        "CPUStepping": str(cpu.stepping),
        "Architecture": cpu.architecture,
        "DMIProductName": cpu.product.name,
        "DMISysVendor": cpu.product.vendor,
    }
    for key, value in checks.items():
        if key in infos:
            # lltool takes the padding out of names.
            assert value is not None
            assert " ".join(value.split()) == " ".join(infos[key].split()), key
    if "CPUPart" in infos:
        assert int(infos["CPUPart"], 16) in {part.part for part in cpu.arm_parts}


def test_kernel_release(name: str, recorded: Callable[[str], Recording]) -> None:
    host = recorded(name)
    if not host.root.exists("/proc/version"):
        # hwloc keeps the release in a file of its own, which is not the kernel's.
        assert read_kernel(host.root).release is None
        return
    assert read_kernel(host.root).release == _expected(host.expected).infos["OSRelease"]

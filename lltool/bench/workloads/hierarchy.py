"""Loads answered by a chosen level of the memory hierarchy, on a chosen size of pages, from a chosen node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.backing import Backing, read_backing
from lltool.bench.cores import online_cores
from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable, warm_up
from lltool.bench.workloads.bothmodes import Recording, measure_both
from lltool.bench.workloads.memory import map_hugetlb, map_transparent
from lltool.host.caches import read_caches
from lltool.host.numa import read_nodes
from lltool.kernels.clock import calibrate
from lltool.kernels.loops.chase import Chase
from lltool.kernels.memory import Mapping
from lltool.kernels.placement import bind_memory
from lltool.kernels.recorder import Recorder
from lltool.root import Root

LOADS_PER_BLOCK = 2048
LOADS_PER_FLUSH = 512
CALIBRATION_SECONDS = 0.005

TIMES_L2 = 2
"""A cycle through twice a cache that replaces the oldest line misses it every time. Not more: a guest often has only a
few megabytes of a large third level for itself, and 4 kB pages beyond the TLB's reach would be measured with it."""


def l1(cores: Sequence[int], effort: Effort) -> Measurement:
    """Half of the first level: everything hits it."""
    return _in_cache(cores, effort, "L1d", "4k")


def l2(cores: Sequence[int], effort: Effort) -> Measurement:
    """Half of the second level."""
    return _in_cache(cores, effort, "L2", "4k")


def l3(cores: Sequence[int], effort: Effort) -> Measurement:
    """Twice the second level, or half of the third where that is less."""
    return _in_cache(cores, effort, "L3", "4k")


def l3_thp(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same on transparent huge pages."""
    return _in_cache(cores, effort, "L3", "thp")


def l3_huge(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same on reserved huge pages."""
    return _in_cache(cores, effort, "L3", "hugetlb")


def ram(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Lines that were dropped from every cache just before: only memory can answer, whatever the caches' sizes."""
    return _flushed(_mapping(effort.working_set_bytes, "4k"), effort, {})


def ram_thp(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The same on transparent huge pages."""
    return _flushed(_mapping(effort.working_set_bytes, "thp"), effort, {})


def ram_huge(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The same on reserved huge pages."""
    return _flushed(_mapping(effort.working_set_bytes, "hugetlb"), effort, {})


def ram_nodes(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Memory of every NUMA node in turn, from the measured core: the notes hold each, the figures the slowest."""
    root = Root()
    nodes = [node.id for node in read_nodes(root, online_cores(root))[0] if node.memory_bytes]
    if len(nodes) < 2:
        raise NotApplicable(f"this host has {len(nodes) or 'no'} NUMA node{'' if len(nodes) == 1 else 's'} with memory")
    hz, _ = calibrate(CALIBRATION_SECONDS)
    found: dict[int, Measurement] = {}
    for node in nodes:
        bind_memory(node)
        found[node] = _flushed(_mapping(effort.working_set_bytes, "4k"), effort, {})
    centre_ns = {
        node: round(sorted(one.block_ticks)[len(one.block_ticks) // 2] / one.block_ops / hz * 1e9, 1)
        for node, one in found.items()
    }
    slowest = max(nodes, key=lambda node: centre_ns[node])
    chosen = found[slowest]
    chosen.notes.update({"nodes_ns": {str(node): value for node, value in centre_ns.items()}, "node": slowest})
    return chosen


def working_set_bytes(level: str, sizes: dict[str, int]) -> int:
    """The bytes whose loads ``level`` answers, from the sizes of the caches of one core by name.

    Raises ``NotApplicable`` where the kernel does not describe that level.
    """
    if level not in sizes:
        raise NotApplicable(f"the kernel describes no {level} cache for this core")
    half = sizes[level] // 2
    return min(half, TIMES_L2 * sizes["L2"]) if level == "L3" and "L2" in sizes else half


def _in_cache(cores: Sequence[int], effort: Effort, level: str, pages: str) -> Measurement:
    root = Root()
    sizes = {
        cache.name: cache.size_bytes
        for cache in read_caches(root, online_cores(root))
        if cache.size_bytes and any(cores[0] in instance for instance in cache.instances)
    }
    size = working_set_bytes(level, sizes)
    mapping = _mapping(size, pages)
    chase = Chase(mapping, size)
    # Once around, so that every line has been loaded since it was written.
    chase.cycle_length()
    notes = {"working_set_bytes": size, "cache_bytes": sizes[level], "backing": pages}
    return measure_both(effort, Recording(chase.block, chase.each), LOADS_PER_BLOCK, notes)


def _flushed(mapping: Mapping, effort: Effort, notes: dict[str, Any]) -> Measurement:
    chase = Chase(mapping, effort.working_set_bytes)
    single, scratch = Recorder(effort.samples), Recorder(1)

    def block() -> int:
        chase.flush(LOADS_PER_FLUSH)
        scratch.reset()
        chase.block(scratch, LOADS_PER_FLUSH)
        return scratch.ticks()[0]

    notes["steady"] = warm_up(block, effort)
    notes |= {"working_set_bytes": effort.working_set_bytes, "backing": mapping.kind}
    block_ticks = tuple(block() for _ in range(effort.blocks))
    while single.count < single.capacity:
        loads = min(LOADS_PER_FLUSH, single.capacity - single.count)
        chase.flush(loads)
        chase.each(single, loads)
    return Measurement(histogram(single), LOADS_PER_FLUSH, block_ticks, notes=notes)


def _mapping(size_bytes: int, pages: str) -> Mapping:
    """Memory on such pages as smaps confirms them; ``NotApplicable`` where the kernel gives others."""
    if pages == "hugetlb":
        mapping = map_hugetlb(size_bytes)
    elif pages == "thp":
        mapping = map_transparent(size_bytes)
    else:
        mapping = Mapping(size_bytes, "4k")
    backing: Backing = read_backing(Root(), mapping.start, len(mapping))
    if backing.name != pages:
        raise NotApplicable(f"the kernel backs this memory with {backing.name} pages, not {pages}")
    return mapping

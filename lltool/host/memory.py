"""Memory: how much, huge pages, transparent huge pages, swap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.numa import NODES, node_ids
from lltool.host.readings import bracketed, fields, read_int, read_names, read_text

if TYPE_CHECKING:
    from lltool.root import Root

_HUGEPAGES = "/sys/kernel/mm/hugepages"
_THP = "/sys/kernel/mm/transparent_hugepage"


@dataclass(frozen=True, slots=True)
class HugepagePool:
    """A pool of huge pages of one size; ``node`` is ``None`` for the sum over the host. Counts are pages."""

    node: int | None
    page_bytes: int
    total: int
    free: int | None


@dataclass(frozen=True, slots=True)
class TransparentHugepages:
    """What the kernel does unasked: ``enabled`` and ``defrag`` are the choices in force."""

    enabled: str | None
    defrag: str | None


@dataclass(frozen=True, slots=True)
class Swap:
    """One swap area in use."""

    path: str
    size_bytes: int
    used_bytes: int
    priority: int


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of the host.

    ``transparent`` is ``None`` on a kernel without them (PREEMPT_RT never has them); ``swaps`` is ``None`` where
    /proc/swaps is missing.
    """

    total_bytes: int | None
    pools: tuple[HugepagePool, ...]
    transparent: TransparentHugepages | None
    swaps: tuple[Swap, ...] | None


def available_bytes(root: Root) -> int | None:
    """Read how much memory can be had now without swapping (MemAvailable); ``None`` where the kernel does not say."""
    text = fields(root.read_or("/proc/meminfo") or "").get("MemAvailable", "")
    number = text.removesuffix("kB").strip()
    return int(number) * 1024 if number.isdigit() else None


def read_memory(root: Root) -> Memory:
    """Read the memory of the host; pools come for the host first, then for each node."""
    pools = list(_pools(root, None, _HUGEPAGES))
    for node in node_ids(root):
        pools += _pools(root, node, f"{NODES}/node{node}/hugepages")
    return Memory(_total_bytes(root), tuple(pools), _transparent(root), _swaps(root))


def _total_bytes(root: Root) -> int | None:
    match = re.fullmatch(r"(\d+) kB", fields(root.read_or("/proc/meminfo") or "").get("MemTotal", ""), re.ASCII)
    return int(match[1]) * 1024 if match else None


def _pools(root: Root, node: int | None, directory: str) -> tuple[HugepagePool, ...]:
    pools = []
    for name in read_names(root, directory):
        match = re.fullmatch(r"hugepages-(\d+)kB", name, re.ASCII)
        total = read_int(root, f"{directory}/{name}/nr_hugepages")
        if match and total is not None:
            free = read_int(root, f"{directory}/{name}/free_hugepages")
            pools.append(HugepagePool(node, int(match[1]) * 1024, total, free))
    return tuple(sorted(pools, key=lambda pool: pool.page_bytes))


def _transparent(root: Root) -> TransparentHugepages | None:
    enabled, defrag = (read_text(root, f"{_THP}/{name}") for name in ("enabled", "defrag"))
    if enabled is None:
        return None
    return TransparentHugepages(bracketed(enabled)[0], bracketed(defrag)[0] if defrag is not None else None)


def _swaps(root: Root) -> tuple[Swap, ...] | None:
    text = root.read_or("/proc/swaps")
    if text is None:
        return None
    swaps = []
    for line in text.splitlines()[1:]:
        # path, type, size in kB, used in kB, priority; the kernel writes a blank in a path as \040
        columns = line.split()
        try:
            path, _, size, used, priority = columns
            swaps.append(Swap(path.replace("\\040", " "), int(size) * 1024, int(used) * 1024, int(priority)))
        except ValueError:
            continue
    return tuple(swaps)

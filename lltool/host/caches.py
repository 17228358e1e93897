"""The caches of the processor: sizes, and which CPUs share each one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_cpus, read_int, read_names, read_text

if TYPE_CHECKING:
    from lltool.root import Root

_SUFFIX = {"Data": "d", "Instruction": "i", "Unified": ""}
_UNIT_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class Cache:
    """All caches of one level, type and size. ``instances`` holds, for each, the online CPUs that share it.

    ``size_bytes`` is the size of one instance; ``name`` is ``L1d``, ``L1i``, ``L2``, ``L3`` ...
    Hybrid processors have several entries of one name, which differ in size.
    """

    level: int
    name: str
    size_bytes: int | None
    line_bytes: int | None
    ways: int | None
    instances: tuple[tuple[int, ...], ...]


def read_caches(root: Root, online: tuple[int, ...]) -> tuple[Cache, ...]:
    """Read the caches of the online CPUs, by level and name; empty where the kernel does not describe them."""
    seen: set[tuple[str, tuple[int, ...]]] = set()
    found: dict[tuple[int, str, int | None, int | None, int | None], list[tuple[int, ...]]] = {}
    for cpu in online:
        directory = f"/sys/devices/system/cpu/cpu{cpu}/cache"
        for index in read_names(root, directory):
            if re.fullmatch(r"index\d+", index, re.ASCII) is None:
                continue
            path = f"{directory}/{index}"
            level, kind = read_int(root, f"{path}/level"), read_text(root, f"{path}/type")
            if level is None or kind not in _SUFFIX:
                continue
            name = f"L{level}{_SUFFIX[kind]}"
            cpus = _sharing(root, path, cpu, online)
            if (name, cpus) in seen:
                continue
            seen.add((name, cpus))
            size, line = _size_bytes(root, path), read_int(root, f"{path}/coherency_line_size")
            key = (level, name, size, line, _ways(root, path, size, line))
            found.setdefault(key, []).append(cpus)
    return tuple(
        Cache(*key, instances=tuple(instances))
        for key, instances in sorted(found.items(), key=lambda entry: (entry[0][:2], entry[1][0]))
    )


def _sharing(root: Root, path: str, cpu: int, online: tuple[int, ...]) -> tuple[int, ...]:
    sharing = read_cpus(root, f"{path}/shared_cpu_map", f"{path}/shared_cpu_list") or ()
    return tuple(other for other in sharing if other in online) or (cpu,)


def _ways(root: Root, path: str, size: int | None, line: int | None) -> int | None:
    stated = read_int(root, f"{path}/ways_of_associativity")
    sets = read_int(root, f"{path}/number_of_sets")
    sectors = read_int(root, f"{path}/physical_line_partition")
    if size and line and sets and sectors in {None, 1} and size % (sets * line) == 0:
        # Some firmware states fewer ways than its size and sets imply: 15 for 128 on Kunpeng 920.
        return size // (sets * line)
    return stated


def _size_bytes(root: Root, path: str) -> int | None:
    match = re.fullmatch(r"(\d+)([KMG]?)", read_text(root, f"{path}/size") or "", re.ASCII)
    return int(match[1]) * _UNIT_BYTES[match[2]] if match else None

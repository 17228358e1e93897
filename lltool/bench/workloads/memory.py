"""Loads from memory beyond the caches, on small and on huge pages."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any

from lltool.bench.backing import Backing, read_backing
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.bothmodes import Recording, measure_both
from lltool.kernels.loops.chase import Chase
from lltool.kernels.memory import Mapping
from lltool.root import Root

LOADS_PER_BLOCK = 2048

_MIB = 1 << 20

_HUGETLB_REFUSALS = {
    errno.ENOMEM: "the pool has too few free pages of 2 MiB",
    errno.EINVAL: "this kernel has no hugetlb pages",
    errno.ENOENT: "this kernel has no hugetlb pages of 2 MiB",
    errno.ENODEV: "this processor has no pages of 2 MiB",
}


def chase_4k(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Dependent loads on 4 kB pages."""
    mapping = Mapping(effort.working_set_bytes, "4k")
    backing = _backing(mapping)
    if backing.name != "4k":
        raise NotApplicable(f"the kernel does not back this memory with 4 kB pages but with {backing.name}")
    return _measure(mapping, effort, {"backing": backing.name})


def chase_huge(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The same loads on hugetlb pages, or on transparent huge pages where the pool has too few."""
    refused = None
    try:
        mapping = map_hugetlb(effort.working_set_bytes)
    except NotApplicable as reason:
        refused = str(reason)
        try:
            mapping = map_transparent(effort.working_set_bytes)
        except NotApplicable as other:
            raise NotApplicable(f"{refused}; {other}") from other
    backing = _backing(mapping)
    if backing.name not in ("hugetlb", "thp"):
        raise NotApplicable(
            f"{refused or 'hugetlb pages mapped'}; of {backing.size_bytes // _MIB} MiB, transparent huge pages back "
            f"{backing.thp_bytes // _MIB} MiB"
        )
    notes: dict[str, Any] = {"backing": backing.name}
    if refused is not None:
        notes["hugetlb"] = refused
    return _measure(mapping, effort, notes)


def map_hugetlb(size_bytes: int) -> Mapping:
    """Memory on reserved huge pages; ``NotApplicable`` where the pool has too few or there is none."""
    try:
        return Mapping(size_bytes, "hugetlb")
    except OSError as error:
        if error.errno not in _HUGETLB_REFUSALS:
            raise
        raise NotApplicable(f"hugetlb pages refused: {_HUGETLB_REFUSALS[error.errno]}") from error


def map_transparent(size_bytes: int) -> Mapping:
    """Memory for which transparent huge pages were asked; ``NotApplicable`` where this kernel has none."""
    try:
        return Mapping(size_bytes, "thp")
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        raise NotApplicable("this kernel has no transparent huge pages") from error


def _backing(mapping: Mapping) -> Backing:
    return read_backing(Root(), mapping.start, len(mapping))


def _measure(mapping: Mapping, effort: Effort, notes: dict[str, Any]) -> Measurement:
    chase = Chase(mapping, effort.working_set_bytes)
    notes["working_set_bytes"] = effort.working_set_bytes
    return measure_both(effort, Recording(chase.block, chase.each), LOADS_PER_BLOCK, notes)

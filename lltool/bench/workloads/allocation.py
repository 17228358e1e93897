"""64 bytes taken and given back: pool, arena, and malloc beside them."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.loops.allocation import Allocation

PAIRS_PER_BLOCK = 5000


def unchecked(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The free list of inner loops."""
    return _measure("unchecked", effort)


def checked(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The pool with handles, each of them checked."""
    return _measure("checked", effort)


def shared(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The pool for any number of threads, used by one."""
    return _measure("shared", effort)


def malloc(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The C library's allocator."""
    return _measure("malloc", effort)


def arena(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The arena, reset when full."""
    return _measure("arena", effort)


def _measure(kind: str, effort: Effort) -> Measurement:
    return measure_both(effort, Allocation(kind), PAIRS_PER_BLOCK, {"allocator": kind, "bytes": 64})

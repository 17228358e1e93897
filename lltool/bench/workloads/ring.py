"""Records through an SPSC ring on one core, ours and the chapter's."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.loops.ring import Pass

PASSES_PER_BLOCK = 5000
BATCHES_PER_BLOCK = 500


def pair_8(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Push and pop of 8 bytes, sequenced slots."""
    return _single("sequenced 8", effort)


def pair_64(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Push and pop of 64 bytes, sequenced slots."""
    return _single("sequenced 64", effort)


def pair_indexed_8(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Push and pop of 8 bytes, records under one index."""
    return _single("indexed 8", effort)


def pair_indexed_64(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Push and pop of 64 bytes, records under one index."""
    return _single("indexed 64", effort)


def pair_sketch_8(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Push and pop of 8 bytes through the chapter's ring."""
    return _single("sketch 8", effort)


def batch_8(_cores: Sequence[int], effort: Effort) -> Measurement:
    """32 records of 8 bytes pushed and popped at once."""
    return _batch("batch 8", effort)


def batch_64(_cores: Sequence[int], effort: Effort) -> Measurement:
    """32 records of 64 bytes pushed and popped at once."""
    return _batch("batch 64", effort)


def _single(kind: str, effort: Effort) -> Measurement:
    return _measure(kind, effort, PASSES_PER_BLOCK, "a push and a pop")


def _batch(kind: str, effort: Effort) -> Measurement:
    return _measure(kind, effort, BATCHES_PER_BLOCK, "a push and a pop of 32 records")


def _measure(kind: str, effort: Effort, ops: int, operation: str) -> Measurement:
    loop = Pass(kind)
    return measure_both(effort, loop, ops, {"ring": kind, "operation": operation, "path": loop.path})

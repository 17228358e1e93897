"""Copying a small payload out of a seqlock."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.kernels.loops import seqlock as loop
from lltool.kernels.recorder import Recorder
from lltool.kernels.seqlock import Seqlock

READS_PER_BLOCK = 20_000


def read(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Reads of 32 bytes while nobody writes: what a reader pays between two updates."""
    lock = Seqlock(loop.PAYLOAD_SIZE)
    lock.write(bytes(range(loop.PAYLOAD_SIZE)))
    recorder = Recorder(effort.samples)
    steady = warm_up(lambda: loop.block(lock, READS_PER_BLOCK)[0], effort)
    block_ticks = tuple(loop.block(lock, READS_PER_BLOCK)[0] for _ in range(effort.blocks))
    loop.each(lock, recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder),
        block_ops=READS_PER_BLOCK,
        block_ticks=block_ticks,
        notes={"steady": steady, "writer": "none", "payload_bytes": loop.PAYLOAD_SIZE},
    )

"""A record through two SPSC rings, from one core to another and back."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.peer import peer_thread
from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable, warm_up
from lltool.kernels.loops.hop import Hop
from lltool.kernels.recorder import Recorder

ROUND_TRIPS_PER_BLOCK = 500


def hop(cores: Sequence[int], effort: Effort) -> Measurement:
    """Round trips of an 8-byte record; an operation is one round trip, which is two hops."""
    return _hop(cores, effort, 8)


def hop_64(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same with a record of 64 bytes."""
    return _hop(cores, effort, 64)


def _hop(cores: Sequence[int], effort: Effort, record_size: int) -> Measurement:
    if len(cores) < 2:
        raise NotApplicable("a hop needs two cores: on one it would be a switch between two threads")
    recorder = Recorder(effort.samples)
    pair = Hop(record_size=record_size)
    with peer_thread(cores[1], pair.echo, pair.stop):
        steady = warm_up(lambda: pair.block(ROUND_TRIPS_PER_BLOCK), effort)
        block_ticks = tuple(pair.block(ROUND_TRIPS_PER_BLOCK) for _ in range(effort.blocks))
        pair.each(recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder),
        block_ops=ROUND_TRIPS_PER_BLOCK,
        block_ticks=block_ticks,
        notes={"steady": steady, "operation": "a round trip: two hops, so a hop is half of each figure"},
    )

"""Two threads that each increment a counter of their own: how far apart the counters have to be."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.peer import peer_thread
from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable, warm_up
from lltool.kernels.loops.sharing import Counters
from lltool.kernels.recorder import Recorder

INCREMENTS_PER_BLOCK = 5000


def same_line(cores: Sequence[int], effort: Effort) -> Measurement:
    """Neighbouring words of one cache line."""
    return _measure(8, cores, effort)


def apart_64(cores: Sequence[int], effort: Effort) -> Measurement:
    """Neighbouring lines, which a prefetcher may move as a pair."""
    return _measure(64, cores, effort)


def apart_128(cores: Sequence[int], effort: Effort) -> Measurement:
    """Different pairs of lines."""
    return _measure(128, cores, effort)


def _measure(distance_bytes: int, cores: Sequence[int], effort: Effort) -> Measurement:
    if len(cores) < 2:
        raise NotApplicable("two threads on one core do not run at the same time")
    counters = Counters(distance_bytes)
    recorder = Recorder(effort.samples)
    with peer_thread(cores[1], counters.hammer, counters.stop):
        steady = warm_up(lambda: counters.block(INCREMENTS_PER_BLOCK), effort)
        block_ticks = tuple(counters.block(INCREMENTS_PER_BLOCK) for _ in range(effort.blocks))
        counters.each(recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder),
        block_ops=INCREMENTS_PER_BLOCK,
        block_ticks=block_ticks,
        notes={"steady": steady, "distance_bytes": distance_bytes, "increments_of_peer": counters.counts[1]},
    )

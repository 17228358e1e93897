"""A record through two SPSC rings, from one core to another and back."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.loops.hop import Hop
from lltool.kernels.loops.queue_hop import QueueHop

ROUND_TRIPS_PER_BLOCK = 500


def hop(cores: Sequence[int], effort: Effort) -> Measurement:
    """Round trips of an 8-byte record; an operation is one round trip, which is two hops."""
    return _measure(cores, effort, Hop(record_size=8))


def hop_64(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same with a record of 64 bytes."""
    return _measure(cores, effort, Hop(record_size=64))


def hop_indexed(cores: Sequence[int], effort: Effort) -> Measurement:
    """Our ring with one index a side: two lines move a hop, and no look at the other side is wasted."""
    return _measure(cores, effort, QueueHop("indexed"))


def hop_sketch(cores: Sequence[int], effort: Effort) -> Measurement:
    """The chapter's ring."""
    return _measure(cores, effort, QueueHop("sketch"))


def hop_mutex(cores: Sequence[int], effort: Effort) -> Measurement:
    """A queue under a lock."""
    return _measure(cores, effort, QueueHop("mutex"))


def _measure(cores: Sequence[int], effort: Effort, pair: Hop | QueueHop) -> Measurement:
    if len(cores) < 2:
        raise NotApplicable("a hop needs two cores: on one it would be a switch between two threads")
    with peer_thread(cores[1], pair.echo, pair.stop):
        return measure_both(
            effort,
            pair,
            ROUND_TRIPS_PER_BLOCK,
            {"operation": "a round trip: two hops, so a hop is half of each figure"},
        )

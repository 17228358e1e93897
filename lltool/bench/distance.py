"""How far apart two cores are: the cache-line probe before and after a two-core run."""

from __future__ import annotations

from lltool.bench.model import Distance
from lltool.bench.peer import peer_thread

CLASS_LIMITS_NS = (("smt", 75.0), ("near", 300.0))
"""Upper limits of the round trip for each class; anything slower is ``far``.

The modes seen on a guest whose cores move over the host were 47 ns (hyperthreads of one core), 100-130 ns (one
last-level cache) and 460-560 ns (different ones): the limits lie between them (reference: peers, fact 1).
"""

BATCHES = 100
TRIPS_PER_BATCH = 50


def probe_ticks(peer_core: int) -> float:
    """The median round trip of a cache line between the calling thread's core and ``peer_core``, in ticks.

    About 2 ms. Raises ``OSError`` where the peer cannot be pinned.
    """
    from lltool.kernels.loops.probe import Line
    from lltool.kernels.recorder import Recorder

    line = Line()
    recorder = Recorder(BATCHES)
    with peer_thread(peer_core, line.answer, line.stop):
        line.ask(recorder, BATCHES, TRIPS_PER_BATCH)
    return sorted(recorder.ticks())[BATCHES // 2 - 1] / TRIPS_PER_BATCH


def classify(round_trip_ns: float) -> str:
    """``smt``, ``near`` or ``far``."""
    for name, limit_ns in CLASS_LIMITS_NS:
        if round_trip_ns < limit_ns:
            return name
    return "far"


def distance(before_ns: float, after_ns: float) -> Distance:
    """Both probes of a run; their class is ``mixed`` where they disagree: the cores moved meanwhile."""
    before, after = classify(before_ns), classify(after_ns)
    return Distance(before_ns, after_ns, before if before == after else "mixed")

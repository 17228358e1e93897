"""The round trip of one cache line between every two cores."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Sequence
from statistics import median

from lltool.bench.conditions import pin_to
from lltool.bench.cores import is_usable, online_cores
from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.kernels.clock import calibrate
from lltool.kernels.loops.probe import Line
from lltool.kernels.recorder import Recorder
from lltool.root import Root

BATCHES = 40
TRIPS_PER_BATCH = 50
CALIBRATION_SECONDS = 0.005


def matrix(cores: Sequence[int], effort: Effort) -> Measurement:
    """Every pair of cores that this process may use, in random order, as far as ``effort.seconds`` reach.

    The notes hold the median of each pair in nanoseconds, as ``matrix_ns["0-1"]``; a block is one pair.
    """
    usable = [core for core in online_cores(Root()) if is_usable(core)]
    pairs = list(itertools.combinations(usable, 2))
    if not pairs:
        raise NotApplicable("one core: there is no other to hand anything to")
    random.shuffle(pairs)
    hz, _ = calibrate(CALIBRATION_SECONDS)
    deadline = time.monotonic() + effort.seconds
    found: dict[tuple[int, int], float] = {}
    try:
        for pair in pairs:
            if found and time.monotonic() > deadline:
                break
            found[pair] = _round_trip_ticks(*pair)
    finally:
        pin_to(cores[0])
    return Measurement(
        block_ops=TRIPS_PER_BATCH,
        block_ticks=tuple(round(ticks) for ticks in found.values()),
        notes={
            "matrix_ns": {
                f"{one}-{other}": round(ticks / TRIPS_PER_BATCH / hz * 1e9, 1)
                for (one, other), ticks in sorted(found.items())
            },
            "pairs": len(pairs),
            "pairs_measured": len(found),
        },
    )


def _round_trip_ticks(one: int, other: int) -> float:
    """The median batch between two cores, in ticks; the first quarter warms up."""
    line, recorder = Line(), Recorder(BATCHES)
    pin_to(one)
    with peer_thread(other, line.answer, line.stop):
        line.ask(recorder, BATCHES, TRIPS_PER_BATCH)
    return median(recorder.ticks()[BATCHES // 4 :])

"""Copying a small payload out of a seqlock, and into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.clock import calibrate
from lltool.kernels.loops import seqlock as loop
from lltool.kernels.recorder import Recorder
from lltool.kernels.seqlock import Seqlock
from lltool.kernels.shutdown import ShutdownToken

OPS_PER_BLOCK = 20_000
WRITE_PERIOD_NS = 2000
CALIBRATION_SECONDS = 0.02


def read(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Reads of 32 bytes while nobody writes: what a reader pays between two updates."""
    return _measure_reads(written_lock(), effort, {"writer": "none"})


def read_written(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same while another core writes every 2 microseconds."""
    if len(cores) < 2:
        raise NotApplicable("a reader and a writer on one core do not meet within a read")
    lock, token = written_lock(), ShutdownToken()
    period_ticks = round(calibrate(CALIBRATION_SECONDS)[0] * WRITE_PERIOD_NS / 1e9)

    def write_beside() -> None:
        loop.write_at_pace(lock, token, period_ticks)

    with peer_thread(cores[1], write_beside, token.request):
        return _measure_reads(lock, effort, {"writer": f"every {WRITE_PERIOD_NS} ns on core {cores[1]}"})


def write(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Writes of 32 bytes while nobody reads."""
    lock = written_lock()

    class Writes:
        def block(self, count: int, /) -> int:
            return loop.write_block(lock, count)

        def each(self, recorder: Recorder, count: int, /) -> None:
            loop.write_each(lock, recorder, count)

    return measure_both(effort, Writes(), OPS_PER_BLOCK, {"reader": "none", "payload_bytes": loop.PAYLOAD_SIZE})


def written_lock() -> Seqlock:
    """A lock with something in it."""
    lock = Seqlock(loop.PAYLOAD_SIZE)
    lock.write(bytes(range(loop.PAYLOAD_SIZE)))
    return lock


def _measure_reads(lock: Seqlock, effort: Effort, notes: dict[str, Any]) -> Measurement:
    class Reads:
        def block(self, count: int, /) -> int:
            return loop.block(lock, count)[0]

        def each(self, recorder: Recorder, count: int, /) -> None:
            loop.each(lock, recorder, count)

    return measure_both(effort, Reads(), OPS_PER_BLOCK, {**notes, "payload_bytes": loop.PAYLOAD_SIZE})

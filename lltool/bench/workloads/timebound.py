"""Measuring in both modes what takes so long that time, not a number of samples, has to end a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.kernels.recorder import Recorder

BLOCK_SHARE = 0.4
"""Share of ``Effort.seconds`` for block mode; the rest is for single operations."""
MIN_BLOCKS = 3
OPS_PER_LOOK = 100
"""Single operations between two looks at the clock."""


def measure_timebound(
    effort: Effort,
    block: Callable[[int], int],
    each: Callable[[Recorder, int], None],
    ops: int,
    notes: dict[str, Any],
) -> Measurement:
    """Blocks of ``ops`` operations, then single ones, each until there are as many as ``effort`` asks or time is up.

    ``block(n)`` runs n operations and gives their ticks; ``each(recorder, n)`` records the ticks of n single ones.
    """
    recorder = Recorder(effort.samples)
    steady = warm_up(lambda: block(ops), effort)
    blocks: list[int] = []
    deadline = time.monotonic() + BLOCK_SHARE * effort.seconds
    while len(blocks) < effort.blocks and (len(blocks) < MIN_BLOCKS or time.monotonic() < deadline):
        blocks.append(block(ops))
    deadline = time.monotonic() + (1 - BLOCK_SHARE) * effort.seconds
    while recorder.count < effort.samples and (recorder.count == 0 or time.monotonic() < deadline):
        each(recorder, min(OPS_PER_LOOK, effort.samples - recorder.count))
    return Measurement(
        samples=histogram(recorder),
        block_ops=ops,
        block_ticks=tuple(blocks),
        notes={"steady": steady, **notes},
    )

"""Parsing the 29-byte market data message in place."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.kernels.loops import parse as loop
from lltool.kernels.message import QUOTE, SIZE, TRADE, pack
from lltool.kernels.recorder import Recorder

MESSAGES = 4096
SEED = 29


def parse(_cores: Sequence[int], effort: Effort) -> Measurement:
    """Check one message and load its four fields behind the type; the next one follows in the same buffer."""
    buffer = messages()
    recorder = Recorder(effort.samples)
    steady = warm_up(lambda: loop.block(buffer, MESSAGES)[0], effort)
    block_ticks = tuple(loop.block(buffer, MESSAGES)[0] for _ in range(effort.blocks))
    loop.each(buffer, recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder),
        block_ops=MESSAGES,
        block_ticks=block_ticks,
        notes={"steady": steady, "message_bytes": SIZE, "buffer_bytes": len(buffer)},
    )


def messages() -> bytes:
    """``MESSAGES`` messages of both types, the same in every run."""
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
    return b"".join(
        pack(
            source.choice((TRADE, QUOTE)),
            source.randrange(1 << 12),
            source.randrange(1 << 40),
            source.randrange(1, 1 << 20),
            source.randrange(1 << 60),
        )
        for _ in range(MESSAGES)
    )

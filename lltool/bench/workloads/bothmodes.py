"""Measuring in both modes what is short: blocks for the centre, then single operations for the tail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, warm_up
from lltool.kernels.recorder import Recorder


class Loop(Protocol):
    """A loop of the kernels."""

    def block(self, count: int, /) -> int:
        """Run ``count`` operations in one stretch; gives their ticks."""

    def each(self, recorder: Recorder, count: int, /) -> None:
        """Run ``count`` operations and record the ticks of each."""


class Recording:
    """A loop whose functions both record: ``block`` the ticks of a whole block, ``each`` those of every operation."""

    def __init__(self, block: Callable[[Recorder, int], None], each: Callable[[Recorder, int], None]) -> None:
        self._block = block
        self._each = each
        self._scratch = Recorder(1)

    def block(self, count: int, /) -> int:
        """Run ``count`` operations in one stretch; gives their ticks."""
        self._scratch.reset()
        self._block(self._scratch, count)
        return self._scratch.ticks()[0]

    def each(self, recorder: Recorder, count: int, /) -> None:
        """Run ``count`` operations and record the ticks of each."""
        self._each(recorder, count)


def measure_both(effort: Effort, loop: Loop, ops: int, notes: dict[str, Any]) -> Measurement:
    """As many blocks of ``ops`` operations and as many single ones as ``effort`` asks."""
    recorder = Recorder(effort.samples)
    steady = warm_up(lambda: loop.block(ops), effort)
    block_ticks = tuple(loop.block(ops) for _ in range(effort.blocks))
    loop.each(recorder, effort.samples)
    return Measurement(
        samples=histogram(recorder), block_ops=ops, block_ticks=block_ticks, notes={"steady": steady, **notes}
    )


class CheckedLoop(Protocol):
    """A loop over something that repeats, which counts what was good."""

    def __len__(self) -> int: ...

    def block(self, count: int, /) -> tuple[int, int]:
        """Run ``count`` operations in one stretch; gives their ticks and how many were good."""

    def each(self, recorder: Recorder, count: int, /) -> int:
        """Run ``count`` operations and record the ticks of each; gives how many were good."""


def measure_checked(effort: Effort, loop: CheckedLoop, notes: dict[str, Any]) -> Measurement:
    """The same, a block being the whole list. Raises RuntimeError when something in it was refused."""
    recorder = Recorder(effort.samples)
    steady = warm_up(lambda: loop.block(len(loop))[0], effort)
    blocks = [loop.block(len(loop)) for _ in range(effort.blocks)]
    good = loop.each(recorder, effort.samples)
    if good != effort.samples or any(count != len(loop) for _, count in blocks):
        raise RuntimeError("a message of the workload was refused")
    return Measurement(
        samples=histogram(recorder),
        block_ops=len(loop),
        block_ticks=tuple(ticks for ticks, _ in blocks),
        notes={"steady": steady, **notes},
    )

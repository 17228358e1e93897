"""What a benchmark's code in the worker process receives and gives back.

Each module in ``workloads/`` holds functions ``(cores, effort) -> Measurement``; the catalogue names them. They run
in a fresh process that is already pinned to ``cores[0]``; a second core is theirs to use for a peer thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lltool.bench.model import Histogram


class NotApplicable(Exception):
    """This benchmark has no meaning on this host; the message says why."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much one run measures, and what a result calls it.

    ``samples`` stamp pairs in per-operation mode, ``blocks`` in block mode; ``seconds`` bounds benchmarks that
    watch time pass; ``working_set_bytes`` is the memory of those that must miss the caches. Warm-up lasts at least
    ``warm_seconds`` and until the blocks agree, at most ``warm_limit_seconds``.
    """

    name: str
    samples: int
    blocks: int
    seconds: float
    warm_seconds: float
    warm_limit_seconds: float
    working_set_bytes: int = 64 << 20

    @property
    def run_seconds(self) -> float:
        """About how long a run measures that time ends."""
        return self.warm_seconds + self.seconds

    def cut_to(self, share: float) -> Effort:
        """This effort with ``share`` (above 0, at most 1) of every part of it but the working set."""
        if share == 1:
            return self
        return replace(
            self,
            name=f"{self.name}, cut to {share:.2g}",
            samples=max(FEWEST_SAMPLES, round(share * self.samples)),
            blocks=max(FEWEST_BLOCKS, round(share * self.blocks)),
            seconds=share * self.seconds,
            warm_seconds=share * self.warm_seconds,
            warm_limit_seconds=share * self.warm_limit_seconds,
        )


FEWEST_SAMPLES = 2000
"""20 beyond p99 in each run."""
FEWEST_BLOCKS = 10

QUICK = Effort(
    "quick",
    samples=20_000,
    blocks=50,
    seconds=0.2,
    warm_seconds=0.03,
    warm_limit_seconds=0.15,
    working_set_bytes=16 << 20,
)
FULL = Effort("full", samples=250_000, blocks=200, seconds=1.0, warm_seconds=0.2, warm_limit_seconds=5.0)


def effort_of(*, quick: bool, share: float = 1.0) -> Effort:
    """The effort of a run, or ``share`` of it."""
    return (QUICK if quick else FULL).cut_to(share)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run measured; the fields are those of :class:`lltool.bench.model.Run`."""

    samples: Histogram | None = None
    block_ops: int = 0
    block_ticks: tuple[int, ...] = ()
    duration_ticks: int = 0
    notes: dict[str, Any] = field(default_factory=dict)


Workload = Callable[[Sequence[int], Effort], Measurement]

STEADY_BLOCKS = 3
STEADY_TOLERANCE = 0.01


def warm_up(run_block: Callable[[], int], effort: Effort) -> bool:
    """Run blocks until three in a row agree within 1 %; tell whether they did before the limit.

    ``run_block`` runs one block and returns its length in ticks. A host that never gets steady is measured all the
    same: the run says so in its notes (reference: measurement 1.6).
    """
    started = time.monotonic()
    recent: list[int] = []
    while True:
        recent = [*recent[-(STEADY_BLOCKS - 1) :], run_block()]
        elapsed = time.monotonic() - started
        agree = len(recent) == STEADY_BLOCKS and max(recent) - min(recent) <= STEADY_TOLERANCE * min(recent)
        if elapsed >= effort.warm_seconds and agree:
            return True
        if elapsed >= effort.warm_limit_seconds:
            return False

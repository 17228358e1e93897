"""Handing the turn to another thread and back: by each means of waking it, on two cores and on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from lltool.bench.peer import peer_thread
from lltool.bench.workload import Effort, Measurement, NotApplicable
from lltool.bench.workloads.timebound import measure_timebound
from lltool.kernels.loops.handoff import Handoff

Means = Literal["spin", "mutex", "condvar", "futex", "eventfd", "pipe"]

POLLING: tuple[Means, ...] = ("spin", "mutex")
ROUND_TRIPS_PER_BLOCK = 50
ROUND_TRIPS_PER_BLOCK_POLLING = 1000


def spin(cores: Sequence[int], effort: Effort) -> Measurement:
    """A word that both sides poll."""
    return _measure("spin", cores, effort)


def mutex(cores: Sequence[int], effort: Effort) -> Measurement:
    """A word under a lock that both sides take until it is their turn."""
    return _measure("mutex", cores, effort)


def condvar(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same lock with a condition variable."""
    return _measure("condvar", cores, effort)


def futex(cores: Sequence[int], effort: Effort) -> Measurement:
    """A word on which the kernel puts the waiting side to sleep."""
    return _measure("futex", cores, effort)


def eventfd(cores: Sequence[int], effort: Effort) -> Measurement:
    """One eventfd each way, blocking reads."""
    return _measure("eventfd", cores, effort)


def pipe(cores: Sequence[int], effort: Effort) -> Measurement:
    """One pipe each way, blocking reads."""
    return _measure("pipe", cores, effort)


def switch(cores: Sequence[int], effort: Effort) -> Measurement:
    """Two threads on one core: each hand-off by futex makes the kernel switch from one to the other."""
    return _measure("futex", cores[:1], effort)


def _measure(means: Means, cores: Sequence[int], effort: Effort) -> Measurement:
    peer_core = cores[1] if len(cores) > 1 else cores[0]
    if peer_core == cores[0] and means in POLLING:
        raise NotApplicable("both sides poll: on one core each would wait for the end of the other's time slice")
    notes: dict[str, Any] = {"operation": "a round trip: two hand-offs, so one is half of each figure"}
    if peer_core == cores[0]:
        notes["peer"] = f"on the same core {peer_core}: each hand-off is also a switch between two threads"
    game = Handoff(means)
    ops = ROUND_TRIPS_PER_BLOCK_POLLING if means in POLLING else ROUND_TRIPS_PER_BLOCK
    with peer_thread(peer_core, game.answer, game.stop):
        return measure_timebound(effort, game.block, game.each, ops, notes)

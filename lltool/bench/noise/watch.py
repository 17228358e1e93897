"""Threads that spin on the cores in question, all at the same time, and what they saw."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.bench.conditions import pin_to
from lltool.bench.noise.counters import run_delay_ns
from lltool.bench.noise.model import Gap
from lltool.errors import LltoolError
from lltool.kernels.clock import ticks as stamp
from lltool.kernels.loops.gaps import watch
from lltool.kernels.placement import prefault_stack
from lltool.kernels.recorder import Recorder
from lltool.root import Root

MOST_GAPS = 1 << 20
"""Room for gaps of one core, 16 MiB: one every 5 µs for 5 s. Further ones are counted as unrecorded."""

FIFO_PRIORITY = 80
"""Above every thread of the kernel that is not meant to come first (its interrupt threads have 50)."""

WARM_TICKS = 1 << 24


@dataclass(frozen=True, slots=True)
class Watched:
    """What one core showed: its gaps in order, from ``begin`` for ``ticks``.

    ``thread`` is the kernel's number of the watcher. ``unrecorded`` gaps found no room. ``run_delay_ns`` is None where
    the kernel does not count it.
    """

    core: int
    thread: int
    begin: int
    ticks: int
    gaps: tuple[Gap, ...]
    unrecorded: int
    run_delay_ns: int | None

    @property
    def lost_ticks(self) -> int:
        """The sum of all gaps."""
        return sum(gap.end - gap.start for gap in self.gaps)


def watch_cores(
    root: Root, cores: Sequence[int], duration_ticks: int, threshold_ticks: int, *, fifo: bool
) -> tuple[Watched, ...]:
    """Spin on all of ``cores`` at once. Raises ``LltoolError`` where one cannot be used, or SCHED_FIFO is refused."""
    start = threading.Barrier(len(cores))
    found: dict[int, Watched] = {}
    raised: list[Exception] = []

    def run(core: int) -> None:
        try:
            lengths, starts = Recorder(MOST_GAPS), Recorder(MOST_GAPS)
            pin_to(core)
            if fifo:
                _become_fifo()
            prefault_stack()
            start.wait()
            watch(Recorder(1), WARM_TICKS, duration_ticks)
            delay = run_delay_ns(root)
            begin = stamp()
            ticks = watch(lengths, duration_ticks, threshold_ticks, starts)
            later = run_delay_ns(root)
            gaps = tuple(
                Gap(core, since, since + length) for since, length in zip(starts.ticks(), lengths.ticks(), strict=True)
            )
            thread = threading.get_native_id()
            found[core] = Watched(core, thread, begin, ticks, gaps, lengths.lost, _difference(delay, later))
        except threading.BrokenBarrierError:
            pass  # the thread that broke it has said why
        except (LltoolError, OSError, MemoryError) as error:
            raised.append(error)
            start.abort()

    threads = [threading.Thread(target=run, args=(core,), name=f"watch core {core}", daemon=True) for core in cores]
    # Daemons: a process that is told to end does not wait for its watchers.
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return tuple(found[core] for core in cores)


def _become_fifo() -> None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIFO_PRIORITY))
    except PermissionError as error:
        raise LltoolError(
            f"the watching thread cannot run as SCHED_FIFO {FIFO_PRIORITY}",
            cause="operation not permitted",
            next_step="run as root, or without --fifo",
        ) from error


def _difference(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before

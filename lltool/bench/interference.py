"""What disturbed a run while it measured: counted, labelled, never a reason to drop a sample.

Labels are those of whole runs, because the run is the unit of all statistics; the counters of the kernel would also be
too coarse for a block of some microseconds, and reading them between blocks would disturb what is measured.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from lltool.bench.model import Interference
from lltool.host.interrupts import parse_interrupts

if TYPE_CHECKING:
    from lltool.root import Root

TICK = "LOC"
"""The timer tick comes on every core that is not tickless: it is counted, but makes no run a disturbed one."""

CANARY_TOLERANCE = 0.05
"""A core that runs by more than this faster or slower afterwards was not one host before and after."""

CANARIES = 5

_STEAL_FIELD = 8


class Witness:
    """Counts what happens on ``cores`` and to this process, from its construction on."""

    def __init__(self, root: Root, cores: Sequence[int]) -> None:
        from lltool.kernels.frequency import stamped_core

        self._root = root
        self._cores = tuple(cores)
        self._speed = _canary_ticks()
        self._interrupts = interrupts_on(root, self._cores)
        self._steal = steal_clock_ticks(root, self._cores)
        self._moves = _moves(root)
        self._core = stamped_core()
        self._usage = resource.getrusage(resource.RUSAGE_SELF)

    def seen(self) -> Interference:
        """What came since. Migrations are the kernel's count where it keeps one, else whether the stamps moved."""
        from lltool.kernels.frequency import stamped_core

        usage = resource.getrusage(resource.RUSAGE_SELF)
        moved = stamped_core() != self._core
        moves = _moves(self._root)
        counted = 0 if moves is None or self._moves is None else moves - self._moves
        steal = steal_clock_ticks(self._root, self._cores)
        later = interrupts_on(self._root, self._cores)
        interrupts = {name: count - self._interrupts.get(name, 0) for name, count in later.items()}
        return Interference(
            involuntary_switches=usage.ru_nivcsw - self._usage.ru_nivcsw,
            minor_faults=usage.ru_minflt - self._usage.ru_minflt,
            major_faults=usage.ru_majflt - self._usage.ru_majflt,
            migrations=max(counted, int(moved)),
            steal_seconds=None
            if steal is None or self._steal is None
            else (steal - self._steal) / os.sysconf("SC_CLK_TCK"),
            interrupts={name: count for name, count in interrupts.items() if count > 0},
            canary_change=self._speed / _canary_ticks() - 1,
        )


def labels(interference: Interference | None) -> tuple[str, ...]:
    """What disturbed a run, in words; empty for a clean one, and for one that was not watched.

    Minor faults make no label: they are the memory that a benchmark prepares for itself.
    """
    if interference is None:
        return ()
    found = {
        "involuntary switches": interference.involuntary_switches,
        "major faults": interference.major_faults,
        "migrations": interference.migrations,
        "steal": interference.steal_seconds,
        "interrupts": sum(count for name, count in interference.interrupts.items() if name != TICK),
        "change of speed": abs(interference.canary_change) > CANARY_TOLERANCE,
    }
    return tuple(name for name, amount in found.items() if amount)


def interrupts_on(root: Root, cores: Sequence[int]) -> dict[str, int]:
    """Interrupts of ``cores`` since boot, by name: a vector's (``RES``), or the actions of a line (``eth0``)."""
    cpus, rows = parse_interrupts(root.read_or("/proc/interrupts") or "")
    columns = [cpus.index(core) for core in cores if core in cpus]
    found: dict[str, int] = {}
    for label, counts, description in rows:
        if len(counts) == len(cpus):
            name = description.split()[-1] if label.isdigit() and description else label
            found[name] = found.get(name, 0) + sum(counts[column] for column in columns)
    return found


def steal_clock_ticks(root: Root, cores: Sequence[int]) -> int | None:
    """How long the hypervisor ran something else instead of ``cores``, in units of USER_HZ; None if not known."""
    names = {f"cpu{core}" for core in cores}
    rows = [line.split() for line in (root.read_or("/proc/stat") or "").splitlines()]
    stolen = [int(row[_STEAL_FIELD]) for row in rows if len(row) > _STEAL_FIELD and row[0] in names]
    return sum(stolen) if len(stolen) == len(names) else None


def _moves(root: Root) -> int | None:
    """How often the scheduler moved the calling thread; None where the kernel keeps no such count."""
    for line in (root.read_or("/proc/thread-self/sched") or "").splitlines():
        if line.startswith("se.nr_migrations"):
            return int(line.split()[-1])
    return None


def _canary_ticks() -> float:
    from lltool.kernels.clock import canary

    return median(canary() for _ in range(CANARIES))

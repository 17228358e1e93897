"""Kernel threads and the settings that take their CPUs in passing.

The kernel gives every thread of the root group all CPUs that no partition has, whenever a partition comes or goes
(update_tasks_cpumask in kernel/cgroup/cpuset.c): the memory threads of a node and the threads of interrupts lose
those that they had. They are therefore recorded before it, which an undo comes to after it, and set once more at the
end of the transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from lltool.host.cpulist import format_cpulist
from lltool.host.readings import read_cpulist
from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.kthread_affinity import KernelThreadAffinity, movable_threads
from lltool.tuning.observation import Observation
from lltool.tuning.step import Step, Write

_POSSIBLE = "/sys/devices/system/cpu/possible"


def remembering_steps(observations: Sequence[Observation], root: Root) -> list[Step]:
    """A step that records the CPUs of threads without changing them, where a setting is about to reset them."""
    resetting = [each.setting for each in observations if each.to_write and each.kind.resets_threads]
    if not resetting:
        return []
    kind, reset = KernelThreadAffinity(), format_cpulist(read_cpulist(root, _POSSIBLE) or ())
    writes: list[Write] = []
    for knob in movable_threads(root):
        # A thread that has ended needs nothing.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            live = kind.read(root, knob)
            if live != reset:
                writes.append(Write(knob, live, live))
    return [Step(resetting[0], "kthread_affinity", tuple(writes))] if writes else []


def settle(steps: Sequence[Step], root: Root) -> None:
    """Write what a later step of the same transaction took back in passing once more."""
    wanted: dict[Knob, tuple[Kind, str]] = {}
    for step in steps:
        if step.kind.reset_in_passing:
            wanted |= {each.knob: (step.kind, each.wanted) for each in step.writes}
    for knob, (kind, text) in wanted.items():
        # The CPUs of a memory thread may all be in the partition now: where it then is, is up to the kernel.
        with contextlib.suppress(OSError):
            if kind.read(root, knob) != text:
                kind.write(root, knob, text)

"""What a setting changes in passing: values of other settings, which nobody asked it to change.

The kernel gives every thread of the root group all CPUs that no partition has, whenever a partition comes or goes
(update_tasks_cpumask in kernel/cgroup/cpuset.c): the memory threads of a node and the threads of interrupts lose
those that they had. irqbalance moves interrupts until it has been stopped. Such values are recorded before the
setting, which an undo comes to after it, and written once more at the end of the transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from lltool.host.cpulist import format_cpulist
from lltool.host.readings import read_cpulist
from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.kthread_affinity import KernelThreadAffinity, movable_threads
from lltool.tuning.observation import Observation
from lltool.tuning.step import Step, Write

_POSSIBLE = "/sys/devices/system/cpu/possible"


def remembering_steps(observations: Sequence[Observation], root: Root) -> list[Step]:
    """Steps that record values without changing them, where ``observations`` are about to change them in passing."""
    changing = [each for each in observations if each.to_write]
    steps = [_threads(each.setting, root) for each in changing if each.kind.resets_threads][:1]
    if any(each.entry.kind == "service" for each in changing):
        steps += [_met(each) for each in observations if each.entry.kind == "irq_affinity" and each.settled is None]
    return [step for step in steps if step.writes]


def settle(steps: Sequence[Step], root: Root) -> None:
    """Write what was changed in passing once more."""
    wanted: dict[Knob, tuple[Kind, str]] = {}
    for step in steps:
        if step.kind.changed_in_passing:
            wanted |= {each.knob: (step.kind, each.wanted) for each in step.writes}
    for knob, (kind, text) in wanted.items():
        # What still refuses has refused before, or its CPUs are in the partition now: what it then has, it is found by.
        with contextlib.suppress(OSError):
            if kind.read(root, knob) != text:
                kind.write(root, knob, text)


def _threads(setting: str, root: Root) -> Step:
    """The CPUs of the threads that have not all of them, which is what the kernel gives them."""
    all_cpus = format_cpulist(read_cpulist(root, _POSSIBLE) or ())
    return Step(setting, "kthread_affinity", tuple(write for write in _live(root) if write.wanted != all_cpus))


def _live(root: Root) -> Iterator[Write]:
    kind = KernelThreadAffinity()
    for knob in movable_threads(root):
        # A thread that has ended needs nothing.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            live = kind.read(root, knob)
            yield Write(knob, live, live)


def _met(observation: Observation) -> Step:
    """The values that are as wanted, which the setting's own step leaves out."""
    states = [state for state in observation.knobs if state.met and state.live is not None]
    writes = tuple(Write(state.knob, state.live or "", state.live or "") for state in states)
    return Step(observation.setting, observation.entry.kind, writes)

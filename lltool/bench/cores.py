"""Which cores a benchmark runs on, and which are watched for noise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lltool.errors import InvalidInput
from lltool.host.cores import read_core_plan
from lltool.host.cpulist import format_cpulist, parse_cpulist

if TYPE_CHECKING:
    from lltool.host.cores import CorePlan
    from lltool.root import Root

ONLINE = "/sys/devices/system/cpu/online"


def measured_cores(requested: str | None, root: Root) -> tuple[int, ...]:
    """The cores of ``--cores``, else those that :func:`choose_cores` takes of the host's plan."""
    return choose_cores(read_core_plan(root)) if requested is None else requested_cores(requested, root)


def watched_cores(requested: str | None, root: Root) -> tuple[int, ...]:
    """The cores of ``--cores``, else every isolated one; where none may be used, the one that is measured on."""
    if requested is not None:
        return requested_cores(requested, root)
    plan = read_core_plan(root)
    return tuple(core for core in plan.preferred if is_usable(core)) or choose_cores(plan)[:1]


def requested_cores(text: str, root: Root) -> tuple[int, ...]:
    """The cores of ``--cores``, in the order given: ``3,1`` measures on core 3, with core 1 as its peer.

    Raises ``InvalidInput`` with every fault: not a list, not online, not allowed to this process.
    """
    cores: list[int] = []
    faults: list[str] = []
    for part in text.split(","):
        try:
            found = parse_cpulist(part)
        except ValueError as error:
            faults.append(str(error))
            continue
        if not found:
            faults.append(f"CPU list {text!r} has an empty part")
        cores.extend(core for core in found if core not in cores)
    online = online_cores(root)
    absent = [core for core in cores if core not in online]
    if absent:
        faults.append(f"not online here: {format_cpulist(absent)}")
    forbidden = [core for core in cores if core in online and not is_usable(core)]
    if forbidden:
        faults.append(f"outside the cpuset of this process: {format_cpulist(forbidden)}")
    if faults:
        raise InvalidInput(
            f"--cores {text}: cannot be used",
            faults,
            next_step=f"choose among {format_cpulist(core for core in online if is_usable(core))}",
        )
    return tuple(cores)


def choose_cores(plan: CorePlan, requested: Sequence[int] | None = None) -> tuple[int, ...]:
    """The cores for benchmarks, best first: the first is measured on, the second is its peer.

    ``requested`` cores and no others; without them the isolated cores of ``plan``, best first, then its housekeeping
    cores from the highest down, because the lowest one does most of the system's work. Cores that this process may
    not use are left out; where none of the plan is left, those that it may use.
    """
    if requested is not None:
        return tuple(requested)
    planned = tuple(core for core in (*plan.preferred, *reversed(plan.housekeeping)) if is_usable(core))
    return planned or tuple(sorted(os.sched_getaffinity(0), reverse=True))


def online_cores(root: Root) -> tuple[int, ...]:
    """The cores that are online; where the kernel does not say, those this process may use."""
    text = root.read_or(ONLINE)
    return parse_cpulist(text) if text is not None else tuple(sorted(os.sched_getaffinity(0)))


def is_usable(core: int) -> bool:
    """Whether this process may run on ``core``.

    Found by trying: the current affinity does not tell, because a kernel that isolates a core leaves it out of
    everybody's affinity and still accepts it.
    """
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {core})
    except OSError:
        return False
    os.sched_setaffinity(0, before)
    return True

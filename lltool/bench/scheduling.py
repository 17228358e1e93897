"""The priority of a measuring thread, and what the kernel takes from it all the same.

Sources: sched(7); Documentation/scheduler/sched-rt-group.rst; kernel/sched/deadline.c (the fair server, since 6.12,
gives ordinary tasks 50 ms of every second of a core that a real-time thread keeps busy).
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lltool.bench.conditions import DONE, NOT_ASKED_FOR, words

if TYPE_CHECKING:
    from lltool.root import Root

PRIORITY = 49
"""One below the threads that handle interrupts (50): a benchmark that waits for their work must not keep it off."""

RT_RUNTIME = "/proc/sys/kernel/sched_rt_runtime_us"
RT_PERIOD = "/proc/sys/kernel/sched_rt_period_us"
DEBUG = "/sys/kernel/debug"
FAIR_SERVER = f"{DEBUG}/sched/fair_server"

_FAIR_SERVER_SINCE = (6, 12)


@contextlib.contextmanager
def held_priority(root: Root, cores: Sequence[int], *, wanted: bool) -> Iterator[dict[str, str]]:
    """Run the block, and every thread that it starts, as SCHED_FIFO; yields the conditions that came of it.

    Throttling and fair server are named only where the priority was given: nobody else is concerned by them.
    """
    if not wanted:
        yield {"SCHED_FIFO": NOT_ASKED_FOR}
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as error:
        yield {"SCHED_FIFO": _refusal(root, error)}
        return
    try:
        yield {
            "SCHED_FIFO": DONE,
            "real-time throttling off": _throttling(root),
            "fair server off": _fair_server(root, cores),
        }
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _refusal(root: Root, error: OSError) -> str:
    text = f"priority {PRIORITY} refused: {words(error)}"
    if error.errno != errno.EPERM:
        return text
    if os.geteuid() == 0:
        group = _rt_group(root)
        where = "the cgroup" if group is None else group
        return f"{text}; with CAP_SYS_NICE it means that {where} has no real-time budget (RT_GROUP_SCHED)"
    return f"{text}; it takes CAP_SYS_NICE or RLIMIT_RTPRIO"


def _rt_group(root: Root) -> str | None:
    """The file that withholds the budget: ``cpu.rt_runtime_us`` of this process's version-1 group, where it is 0."""
    for line in (root.read_or("/proc/self/cgroup") or "").splitlines():
        _, controllers, group = line.split(":", 2)
        if "cpu" in controllers.split(","):
            for mount in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"):
                path = f"{mount}{group.rstrip('/')}/cpu.rt_runtime_us"
                if root.read_or(path) == "0":
                    return path
    return None


def _throttling(root: Root) -> str:
    runtime, period = root.read_or(RT_RUNTIME), root.read_or(RT_PERIOD)
    if runtime is None or period is None:
        return f"not known: {RT_RUNTIME} cannot be read"
    if runtime == "-1" or int(runtime) >= int(period):
        return DONE
    return f"in force: real-time threads get {runtime} of every {period} us of a core that others wait for"


def _fair_server(root: Root, cores: Sequence[int]) -> str:
    runtimes = {core: root.read_or(f"{FAIR_SERVER}/cpu{core}/runtime") for core in cores}
    known = {core: runtime for core, runtime in runtimes.items() if runtime is not None}
    if known:
        in_force = {core: int(runtime) for core, runtime in known.items() if runtime != "0"}
        if not in_force:
            return DONE
        listed = ", ".join(f"{runtime / 1e6:g} ms on core {core}" for core, runtime in in_force.items())
        return f"in force: ordinary tasks get up to {listed} a period ({FAIR_SERVER})"
    if _version(root) < _FAIR_SERVER_SINCE:
        return DONE
    if not root.exists(f"{DEBUG}/sched"):
        return f"not known: {DEBUG} is not mounted, or not for this user"
    return f"not known: this kernel has no {FAIR_SERVER}"


def _version(root: Root) -> tuple[int, ...]:
    release = (root.read_or("/proc/sys/kernel/osrelease") or "").split("-")[0].split(".")
    return tuple(int(part) for part in release[:2] if part.isdecimal())

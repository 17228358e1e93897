"""Which CPUs kernel threads may use, as far as they can be moved."""

from __future__ import annotations

import errno

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import Wish

# include/linux/sched.h
_PF_KTHREAD = 0x00200000
_PF_NO_SETAFFINITY = 0x04000000
_KTHREADD = "2"  # the parent of all other kernel threads
_FLAGS = 6  # fields of /proc/PID/stat behind the name, from 0: state ppid pgrp session tty tpgid flags


class KernelThreadAffinity(Kind):
    """The allowed CPUs of every kernel thread that is not bound.

    The knob's part is the thread's name, so that another one with its number is not taken for it.
    """

    changed_in_passing = True
    verified = "the allowed CPUs of each thread are read back"
    undone = "each thread that still lives gets its old CPUs"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        knobs = movable_threads(host.root)
        if not knobs:
            raise NotApplicable("no kernel thread can be moved here")
        return knobs

    def read(self, root: Root, knob: Knob) -> str:
        status = root.read(f"{knob.path}/status")
        if not status.startswith(f"Name:\t{knob.part}\n"):
            raise _ended(knob)
        cpus = status.partition("\nCpus_allowed_list:\t")[2].partition("\n")[0]
        if not cpus:
            raise ValueError("the kernel does not say which CPUs it may use")
        return format_cpulist(parse_cpulist(cpus))

    def write(self, root: Root, knob: Knob, text: str) -> None:
        if _movable(root.read(f"{knob.path}/stat")) != knob.part:
            raise _ended(knob)
        root.set_affinity(int(knob.path.rpartition("/")[2]), parse_cpulist(text))

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        return set(parse_cpulist(live)) <= set(parse_cpulist(wish.text))

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # A partition that goes leaves every thread more CPUs than lltool did: that is the kernel's doing.
        return super().foreign(live, after, wanted) and not _exceeds(live, after or "")

    def refused(self, error: OSError) -> str:
        if error.errno == errno.EINVAL:
            return "the kernel binds this thread"
        if error.errno in {errno.ENOENT, errno.ESRCH}:
            return "the thread has ended"
        return super().refused(error)


def movable_threads(root: Root) -> list[Knob]:
    """Every kernel thread that is not bound."""
    children = root.read_or(f"/proc/{_KTHREADD}/task/{_KTHREADD}/children")
    # Without CONFIG_PROC_CHILDREN every process has to be looked at.
    processes = root.listdir("/proc") if children is None else [_KTHREADD, *children.split()]
    return [
        Knob(f"/proc/{process}", name)
        for process in processes
        if process.isdigit() and (name := _movable(root.read_or(f"/proc/{process}/stat") or ""))
    ]


def _exceeds(live: str, after: str) -> bool:
    return after[:1].isdigit() and set(parse_cpulist(live)) > set(parse_cpulist(after))


def _movable(stat: str) -> str:
    """The name of an unbound kernel thread; empty for anything else."""
    name, _, rest = stat.partition("(")[2].rpartition(") ")
    fields = rest.split()
    if len(fields) <= _FLAGS:
        return ""
    flags = int(fields[_FLAGS])
    return name if flags & _PF_KTHREAD and not flags & _PF_NO_SETAFFINITY else ""


def _ended(knob: Knob) -> OSError:
    return FileNotFoundError(errno.ENOENT, "the thread has ended", knob.path)

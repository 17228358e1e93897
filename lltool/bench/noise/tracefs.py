"""A private tracefs instance that records what the kernel does on some cores, with time-stamp counter times.

An instance has its own buffers, events and clock: nobody else's tracing is touched. Its name holds the process that
made it; one that a killed process left behind is removed by the next run.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from lltool.bench.noise.model import Event
from lltool.bench.noise.trace_text import parse_trace
from lltool.errors import from_os_error
from lltool.host.cpulist import format_cpumask
from lltool.root import Root

TRACEFS = "/sys/kernel/tracing"
INSTANCES = f"{TRACEFS}/instances"
CLOCK = "x86-tsc"
BUFFER_KIB = 8192

CORE_EVENTS = ("sched/sched_switch", "irq/irq_handler_entry", "irq/irq_handler_exit", "irq/softirq_entry",
               "irq/softirq_exit", "nmi/nmi_handler")  # fmt: skip
"""Needed on the watched cores; those that a kernel lacks are left out. The vectors of x86 come on top."""
VECTOR_EVENTS = re.compile(r".*_(entry|exit)")
VECTORS = "irq_vectors"
IPI_EVENTS = ("ipi/ipi_send_cpu", "ipi/ipi_send_cpumask")
"""Watched on all cores: the sender of an interrupt is another one."""

_OURS = re.compile(r"lltool-noise-(?P<pid>\d+)-(?P<started>\d+)-\w+")


class TracingUnavailable(Exception):
    """tracefs cannot be used here; the message says why."""


@dataclass(slots=True)
class Trace:
    """What was recorded. ``lost`` counts events that found the buffers full; ``missing`` names absent events."""

    events: list[Event]
    sent: list[Event]
    lost: int
    missing: tuple[str, ...]


class Recording:
    """Two instances: everything on the watched cores, and the sending of interrupts on all of them."""

    def __init__(self, root: Root, cores: Collection[int]) -> None:
        self._root = root
        own = f"{INSTANCES}/lltool-noise-{os.getpid()}-{_started(root, os.getpid())}"
        self._cores, self._senders = f"{own}-cores", f"{own}-senders"
        self._watched = cores
        self._missing: list[str] = []

    def set_up(self) -> None:
        """Make both instances. Raises ``OSError``."""
        for instance in (self._cores, self._senders):
            self._root.mkdir(instance)
            self._root.write(f"{instance}/tracing_on", "0")
            self._root.write(f"{instance}/trace_clock", CLOCK)
            self._root.write(f"{instance}/buffer_size_kb", str(BUFFER_KIB))
        self._root.write(f"{self._cores}/tracing_cpumask", format_cpumask(self._watched))
        vectors = [
            f"{VECTORS}/{name}"
            for name in self._root.listdir(f"{self._cores}/events/{VECTORS}")
            if VECTOR_EVENTS.fullmatch(name)
        ]
        self._enable(self._cores, (*CORE_EVENTS, *vectors))
        self._enable(self._senders, IPI_EVENTS)

    def _enable(self, instance: str, events: Collection[str]) -> None:
        for event in events:
            path = f"{instance}/events/{event}/enable"
            if self._root.exists(path):
                self._root.write(path, "1")
            else:
                self._missing.append(event)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Record for the length of the block."""
        for instance in (self._cores, self._senders):
            self._root.write(f"{instance}/tracing_on", "1")
        try:
            yield
        finally:
            for instance in (self._cores, self._senders):
                self._root.write(f"{instance}/tracing_on", "0")

    def read(self) -> Trace:
        """All that was recorded."""
        return Trace(
            events=self._events(self._cores),
            sent=self._events(self._senders),
            lost=self._lost(self._cores),
            missing=tuple(self._missing),
        )

    def _events(self, instance: str) -> list[Event]:
        return list(parse_trace(self._root.read(f"{instance}/trace").splitlines()))

    def _lost(self, instance: str) -> int:
        lost = 0
        for path in self._root.glob(f"{instance}/per_cpu/*/stats"):
            found = re.findall(r"^(?:overrun|dropped events): (\d+)$", self._root.read(path), re.MULTILINE)
            lost += sum(map(int, found))
        return lost

    def remove(self) -> None:
        """Remove both instances, with everything in them."""
        for instance in (self._cores, self._senders):
            if self._root.exists(instance):
                remove_instance(self._root, instance)


@contextlib.contextmanager
def recording(root: Root, cores: Collection[int]) -> Iterator[Recording]:
    """A recording that is set up, and removed at the end. Raises :class:`TracingUnavailable` with the reason."""
    _reach_tracefs(root)
    clocks = (root.read_or(f"{TRACEFS}/trace_clock") or "").replace("[", "").replace("]", "").split()
    if CLOCK not in clocks:
        raise TracingUnavailable(f"this kernel's tracing has no clock {CLOCK}, so its times cannot be joined to gaps")
    remove_stale(root)
    found = Recording(root, cores)
    try:
        try:
            found.set_up()
        except OSError as error:
            raise TracingUnavailable(f"no tracing instance can be made in {INSTANCES}: {_words(error)}") from error
        yield found
    finally:
        found.remove()


def _reach_tracefs(root: Root) -> None:
    if root.exists(f"{TRACEFS}/trace_clock"):
        return
    if not root.exists(TRACEFS):
        raise TracingUnavailable("this kernel has no tracefs")
    try:
        root.mount_privately("tracefs", TRACEFS)
    except OSError as error:
        raise TracingUnavailable(f"tracefs is not mounted, and cannot be: {_words(error)}") from error


def remove_stale(root: Root) -> list[str]:
    """Remove the instances of runs whose process is gone; gives their names."""
    removed = []
    for name in root.listdir(INSTANCES):
        found = _OURS.fullmatch(name)
        if found is not None and _started(root, int(found["pid"])) != found["started"]:
            remove_instance(root, f"{INSTANCES}/{name}")
            removed.append(name)
    return removed


def remove_instance(root: Root, instance: str) -> None:
    """Stop and remove one instance. Raises ``LltoolError`` where the kernel refuses."""
    try:
        root.write(f"{instance}/tracing_on", "0")
        root.rmdir(instance)
    except OSError as error:
        raise from_os_error(f"remove the tracing instance {instance}", error) from error


def _started(root: Root, pid: int) -> str:
    """When a process started, in clock ticks since boot; empty for one that is gone: process numbers come again."""
    stat = root.read_or(f"/proc/{pid}/stat")
    return "" if stat is None else stat.rpartition(")")[2].split()[19]


def _words(error: OSError) -> str:
    return os.strerror(error.errno or 0).lower()

"""What the kernel counts on each core, before and after: the level below a trace.

Counters tell how often, not how long. Two are times: the run delay of the watching thread, which is time that other
threads had its core, and the time that the hypervisor says it stole.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from lltool.bench.noise.model import Cause, Kind
from lltool.bench.noise.timeline import VECTORS
from lltool.host.interrupts import parse_interrupts
from lltool.root import Root

OTHER_THREADS = Cause(Kind.THREAD, "(other threads, by run delay)")
STOLEN = Cause(Kind.UNEXPLAINED, "hypervisor, by its own count of stolen time")

ROWS = {
    "LOC": VECTORS["local_timer"],
    "RES": VECTORS["reschedule"],
    "CAL": VECTORS["call_function"],
    "TLB": Cause(Kind.IPI, "TLB shootdown"),
    "IWI": VECTORS["irq_work"],
    "NMI": Cause(Kind.NMI, ""),
    "PMI": Cause(Kind.NMI, "performance monitoring"),
    "HYP": Cause(Kind.INTERRUPT, "hypervisor callback"),
    "TRM": VECTORS["thermal_apic"],
    "THR": VECTORS["threshold_apic"],
    "MCP": Cause(Kind.TIMER, "machine check poll"),
}
"""The rows of /proc/interrupts that have no line of their own, as arch/x86/kernel/irq.c prints them."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Counts by core and cause, and stolen time by core in nanoseconds."""

    counts: dict[tuple[int, Cause], int]
    stolen_ns: dict[int, int]


def read_counters(root: Root) -> Counters:
    """All counters of all cores; empty where /proc does not show them."""
    counts = _interrupts(root) | _softirqs(root)
    return Counters(counts, _stolen_ns(root))


def counted(before: Counters, after: Counters, core: int) -> dict[Cause, int]:
    """How often each cause came on ``core`` in between, those that did."""
    found = {
        cause: count - before.counts.get((of, cause), 0) for (of, cause), count in after.counts.items() if of == core
    }
    return {cause: count for cause, count in sorted(found.items(), key=lambda one: -one[1]) if count > 0}


def run_delay_ns(root: Root) -> int | None:
    """How long the calling thread has been ready to run and did not, since it started; None where not counted."""
    words = (root.read_or("/proc/thread-self/schedstat") or "").split()
    return int(words[1]) if len(words) == 3 else None  # run time, run delay, time slices


def _interrupts(root: Root) -> dict[tuple[int, Cause], int]:
    cores, rows = parse_interrupts(root.read_or("/proc/interrupts") or "")
    found: dict[tuple[int, Cause], int] = {}
    for label, counts, description in rows:
        if label.isdigit():
            cause = Cause(Kind.INTERRUPT, description.split()[-1] if description.split() else label)
        elif label in ROWS:
            cause = ROWS[label]
        else:
            continue
        for core, count in zip(cores, counts, strict=False):
            found[core, cause] = found.get((core, cause), 0) + count
    return found


def _softirqs(root: Root) -> dict[tuple[int, Cause], int]:
    cores, rows = parse_interrupts(root.read_or("/proc/softirqs") or "")
    return {
        (core, Cause(Kind.SOFTIRQ, label)): count
        for label, counts, _ in rows
        for core, count in zip(cores, counts, strict=False)
    }


def _stolen_ns(root: Root) -> dict[int, int]:
    unit_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    found = {}
    for line in (root.read_or("/proc/stat") or "").splitlines():
        label, *words = line.split()
        if label.startswith("cpu") and label[3:].isdigit() and len(words) >= 8:
            found[int(label[3:])] = int(words[7]) * unit_ns
    return found

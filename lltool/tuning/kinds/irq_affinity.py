"""Which CPUs handle device interrupts.

Managed interrupts follow their queue and cannot be moved: since 6.12 the kernel clears the write bits of their
file and answers EPERM, before that it answered EIO.
"""

from __future__ import annotations

import errno

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.host.interrupts import parse_interrupts
from lltool.host.readings import read_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable, devices_of
from lltool.tuning.values import Wish

_REFUSALS = {
    errno.EIO: "managed by the kernel: it follows its queue and cannot be moved",
    errno.ENOSPC: "the wanted CPUs have no interrupt vector left",
}


class IrqAffinity(Kind):
    """``/proc/irq/N/smp_affinity_list`` of every interrupt in use, or of one network interface (``irq.nic.eth0``)."""

    changed_in_passing = True
    verified = (
        "each list is read back: it may be smaller than the wish, but never leave it; one that came since and is still"
        " handled elsewhere is partial"
    )
    belied = "it has come since it was asked to move, and did not"
    undone = "the old list of each interrupt is written back; one that went away with its device is named"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        if not entry.device:
            numbers = [number for number in host.root.listdir("/proc/irq") if number.isdigit()]
            nothing = "no interrupt can be moved here"
        else:
            devices = devices_of(entry, setting, host)
            numbers = [str(irq) for nic in host.facts.nics if nic.name in devices for irq in nic.irqs]
            nothing = f"{', '.join(devices)} has no interrupts of its own"
        paths = [f"/proc/irq/{number}/smp_affinity_list" for number in sorted(numbers, key=int)]
        knobs = [Knob(path) for path in paths if host.root.exists(path)]
        if not knobs:
            raise NotApplicable(nothing)
        return knobs

    def read(self, root: Root, knob: Knob) -> str:
        return format_cpulist(parse_cpulist(root.read(knob.path)))

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        # An interrupt spread by its driver over some of the wanted CPUs is where it should be.
        cpus = set(parse_cpulist(live))
        return bool(cpus) and cpus <= set(parse_cpulist(wish.text))

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        if not host.root.is_writable_by_mode(knob.path):
            return "managed by the kernel: it follows its queue and cannot be moved"
        return ""

    def remark(self, root: Root, knob: Knob, wish: Wish) -> str:
        stray = _stray(root, knob, wish.text)
        return f"still handled by CPU {format_cpulist(stray)} until it comes the next time" if stray else ""

    def evidence(self, root: Root, knob: Knob, wanted: str) -> str:
        """How often it has come to the CPUs that it is to leave."""
        stray = _stray(root, knob, wanted)
        if not stray:
            return ""
        number = knob.path.split("/")[3]
        cpus, rows = parse_interrupts(root.read_or("/proc/interrupts", "") or "")
        counts = next((counts for label, counts, _ in rows if label == number), ())
        return " ".join(f"{cpu}:{count}" for cpu, count in zip(cpus, counts, strict=False) if cpu in stray)

    def refused(self, error: OSError) -> str:
        return _REFUSALS.get(error.errno or 0) or super().refused(error)


def _stray(root: Root, knob: Knob, wanted: str) -> set[int]:
    """The CPUs outside the wish that would handle it now: some chips move it when it comes (kernel/irq/migration.c)."""
    effective = read_cpulist(root, f"{knob.path.rpartition('/')[0]}/effective_affinity_list") or ()
    return set(effective) - set(parse_cpulist(wanted))

"""What helps against each cause: a setting of lltool where there is one, else words."""

from __future__ import annotations

import re
from typing import NamedTuple

from lltool.bench.noise.model import Cause, Kind


class Fix(NamedTuple):
    """``setting`` is an id of the settings catalogue, None where no setting helps; ``text`` says what to do."""

    setting: str | None
    text: str


_THREADS = (
    (r"idle", Fix("sysctl.kernel.sched_rt_runtime_us", "lift the limit that stopped the watching real-time thread")),
    (r"khugepaged", Fix("memory.khugepaged_defrag", "stop the assembling of huge pages in the background")),
    (r"ksmd", Fix("memory.ksm_run", "stop the merging of equal pages")),
    (r"kcompactd\d*", Fix("sysctl.vm.compaction_proactiveness", "stop compaction without need")),
    (r"watchdog|cpuhp", Fix("sysctl.kernel.soft_watchdog", "stop the watchdog")),
    (r"migration", Fix("sysctl.kernel.soft_watchdog", "stop the watchdog; else a stop of all cores by the kernel")),
    (r"rcu.*", Fix("boot.rcu_nocbs", "move the callbacks of RCU away")),
    (r"ksoftirqd", Fix("irq.affinity", "move the interrupts away whose work this is")),
    (r"kworker \(unbound\)", Fix("isolation.workqueue_cpumask", "keep unbound work on the housekeeping cores")),
    (
        r"kworker",
        Fix("sysctl.vm.stat_interval", "work bound to this core, most often the counters of vmstat: less often"),
    ),
)
_THREAD = Fix("boot.isolcpus", "isolate the core, or pin this thread elsewhere")
_BELOW_FIFO = Fix(
    "isolation.fair_server", "isolate the core; ordinary threads get 50 ms of each second beside a real-time one"
)

_TICK = Fix("boot.nohz_full", "let the core run without a tick")
_DEVICE = Fix("irq.affinity", "move the interrupt to a housekeeping core")
_BELOW = Fix(None, "nothing in this kernel: ask the hypervisor for a core of your own, or the firmware for fewer SMIs")

_SOFTIRQS = {
    "TIMER": _TICK,
    "HRTIMER": _TICK,
    "SCHED": _TICK,
    "RCU": Fix("boot.rcu_nocbs", "move the callbacks of RCU away"),
    "NET_RX": _DEVICE,
    "NET_TX": _DEVICE,
    "BLOCK": _DEVICE,
    "IRQ_POLL": _DEVICE,
    "TASKLET": _DEVICE,
    "HI": _DEVICE,
}

_IPIS = (
    (r"reschedule.*", Fix("boot.isolcpus", "isolate the core: someone woke a thread on it")),
    (r"TLB.*", Fix(None, "a thread of the same process unmapped or protected memory: do that before the hot phase")),
    (r".*", Fix(None, "the sender asked every core to do something: stop or move what the sender runs")),
)


_BY_KIND = {
    Kind.TIMER: _TICK,
    Kind.INTERRUPT: _DEVICE,
    Kind.NMI: Fix("sysctl.kernel.nmi_watchdog", "stop the watchdog; else stop profiling"),
    Kind.UNEXPLAINED: _BELOW,
}


def fix_for(cause: Cause, *, fifo: bool = False) -> Fix:
    """What helps against ``cause``; ``fifo``: it disturbed a real-time thread, which other threads cannot preempt."""
    if cause.kind is Kind.THREAD:
        return _first(_THREADS, cause.name, _BELOW_FIFO if fifo else _THREAD)
    if cause.kind is Kind.IPI:
        return _first(_IPIS, cause.name, _IPIS[-1][1])
    if cause.kind is Kind.SOFTIRQ:
        return _SOFTIRQS.get(cause.name, _TICK)
    return _BY_KIND[cause.kind]


def _first(rules: tuple[tuple[str, Fix], ...], name: str, otherwise: Fix) -> Fix:
    return next((fix for pattern, fix in rules if re.fullmatch(pattern, name)), otherwise)


def settings_named() -> frozenset[str]:
    """Every setting that a fix names."""
    every = [fix for _, fix in (*_THREADS, *_IPIS)] + [_THREAD, _BELOW_FIFO, *_SOFTIRQS.values(), *_BY_KIND.values()]
    return frozenset(fix.setting for fix in every if fix.setting)

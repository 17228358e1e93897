"""From the events of one core to what had it when: segments that do not overlap.

Contexts nest: a thread is interrupted, an interrupt by an NMI, a softirq by another interrupt. An instant belongs to
the innermost one, so that the durations are net of each other and add up (as the kernel's osnoise tracer counts them).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from lltool.bench.noise.model import Cause, Event, Kind, Segment

VECTORS = {
    "local_timer": Cause(Kind.TIMER, "local timer"),
    "reschedule": Cause(Kind.IPI, "reschedule"),
    "call_function": Cause(Kind.IPI, "function call"),
    "call_function_single": Cause(Kind.IPI, "function call"),
    "irq_work": Cause(Kind.INTERRUPT, "irq_work"),
    "x86_platform_ipi": Cause(Kind.IPI, "platform"),
    "thermal_apic": Cause(Kind.INTERRUPT, "thermal"),
    "threshold_apic": Cause(Kind.INTERRUPT, "machine check threshold"),
    "deferred_error_apic": Cause(Kind.INTERRUPT, "deferred error"),
    "error_apic": Cause(Kind.INTERRUPT, "APIC error"),
    "spurious_apic": Cause(Kind.INTERRUPT, "spurious"),
}
"""The tracepoints of irq_vectors that come in pairs (``local_timer_entry``, ``local_timer_exit``)."""

SENT = frozenset({"reschedule", "call_function", "call_function_single"})

_SWITCH = re.compile(
    r"prev_comm=(?P<prev>.*) prev_pid=(?P<prev_pid>\d+) prev_prio=.* ==> next_comm=(?P<next>.*) next_pid=(?P<pid>\d+) "
)
_KWORKER = re.compile(r"kworker/(?P<pool>u?)\d+:\d+(?P<high>H?)(?:[-+].*)?")
_PER_CPU = re.compile(r"(?P<name>[a-z_]+)/\d+")
_NMI = re.compile(r"(?P<handler>\S+) delta_ns: (?P<ns>\d+)")

Sender = Callable[[Event], str]
"""Names who sent the interrupt that an event received; empty where that is not known."""


def segments(
    events: Iterable[Event], spinner: int, span: tuple[int, int], sender: Sender, tick_hz: float
) -> list[Segment]:
    """What had one core during ``span`` (begin, end) other than the thread ``spinner``, in order.

    ``events`` are those of that core, ascending. A thread that had the core before the first switch seen is named by
    that switch; an interrupt whose entry or exit was lost ends with the next switch.
    """
    begin, end = span
    found: list[Segment] = []
    thread: Cause | None = None
    nested: list[Cause] = []
    since = begin

    def until(now: int) -> None:
        nonlocal since
        cause = nested[-1] if nested else thread
        if cause is not None and now > since:
            found.append(Segment(since, now, cause))
        since = max(since, now)

    switched = False
    for event in events:
        now = min(max(event.ticks, begin), end)
        if event.name == "sched_switch":
            switch = _SWITCH.match(event.text)
            if switch is None:
                continue
            if not switched and int(switch["prev_pid"]) != spinner:
                thread = thread_cause(switch["prev"], int(switch["prev_pid"]))
            switched = True
            until(now)
            nested.clear()
            thread = None if int(switch["pid"]) == spinner else thread_cause(switch["next"], int(switch["pid"]))
        elif event.name == "nmi_handler":
            until(now)
            _insert_nmi(found, event, now, tick_hz)
        elif (cause := _entered(event, sender)) is not None:
            until(now)
            nested.append(cause)
        elif nested and event.name.endswith("_exit"):
            until(now)
            nested.pop()
    until(end)
    return found


def thread_cause(name: str, pid: int) -> Cause:
    """A thread by its name; the numbers of per-CPU and pool threads of the kernel are left out."""
    if pid == 0:
        return Cause(Kind.THREAD, "idle")
    if worker := _KWORKER.fullmatch(name):
        return Cause(Kind.THREAD, f"kworker{' (unbound)' if worker['pool'] else ''}")
    if per_cpu := _PER_CPU.fullmatch(name):
        return Cause(Kind.THREAD, per_cpu["name"])
    return Cause(Kind.THREAD, name)


def _entered(event: Event, sender: Sender) -> Cause | None:
    """The context that ``event`` enters; None where it enters none."""
    if not event.name.endswith("_entry"):
        return None
    vector = event.name.removesuffix("_entry")
    if vector in VECTORS:
        cause = VECTORS[vector]
        by = sender(event) if vector in SENT else ""
        return Cause(cause.kind, f"{cause.name} from {by}") if by else cause
    if vector == "irq_handler":
        return Cause(Kind.INTERRUPT, event.text.partition(" name=")[2] or event.text)
    if vector == "softirq":
        return Cause(Kind.SOFTIRQ, event.text.partition("action=")[2].rstrip("]") or event.text)
    return None


def _insert_nmi(found: list[Segment], event: Event, now: int, tick_hz: float) -> None:
    # The one tracepoint comes at its end and tells how long it took; it may lie within a segment that is complete.
    match = _NMI.search(event.text)
    if match is None:
        return
    start = now - round(int(match["ns"]) * tick_hz / 1e9)
    if found and found[-1].end > start:
        last = found.pop()
        if last.start < start:
            found.append(last._replace(end=start))
        start = max(start, last.start)
    found.append(Segment(start, now, Cause(Kind.NMI, match["handler"].removesuffix(":"))))


def by_core(events: Iterable[Event]) -> dict[int, list[Event]]:
    """The events of each core, ascending in time."""
    found: dict[int, list[Event]] = {}
    for event in events:
        found.setdefault(event.core, []).append(event)
    return {core: sorted(own, key=lambda event: event.ticks) for core, own in found.items()}

"""Who sent an interrupt from one core to another: joined by the target and the time."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from lltool.bench.noise.model import Event
from lltool.host.cpulist import parse_cpumask

FRESH_SECONDS = 0.01
"""An interrupt is delivered within microseconds, or, in a guest, when the host lets the target run again."""

_ONE = re.compile(r"cpu=(\d+)")
_MANY = re.compile(r"cpumask=([0-9a-f,]+)")
_CALLSITE = re.compile(r"callsite=([^\s+]+)")
_CALLBACK = re.compile(r"callback=(\S+)")
_RESCHEDULE_HAS_NO_CALLBACK = frozenset({"0x0", "(nil)", "0000000000000000"})


class Senders:
    """The senders seen in a trace of ``ipi_send_cpu`` and ``ipi_send_cpumask`` over all cores."""

    def __init__(self, events: Iterable[Event], tick_hz: float) -> None:
        self._fresh_ticks = FRESH_SECONDS * tick_hz
        self._sent: dict[tuple[int, bool], list[tuple[int, str]]] = {}
        for event in sorted(events, key=lambda one: one.ticks):
            for target in _targets(event):
                self._sent.setdefault((target, _is_reschedule(event)), []).append((event.ticks, _name(event)))

    def name(self, received: Event) -> str:
        """Who sent what ``received`` entered: the latest to this core; empty where nothing fits."""
        sent = self._sent.get((received.core, received.name == "reschedule_entry"), [])
        index = bisect_right(sent, received.ticks, key=lambda one: one[0]) - 1
        if index < 0 or received.ticks - sent[index][0] > self._fresh_ticks:
            return ""
        return sent[index][1]


def _targets(event: Event) -> tuple[int, ...]:
    if event.name == "ipi_send_cpu" and (one := _ONE.search(event.text)):
        return (int(one[1]),)
    if event.name == "ipi_send_cpumask" and (many := _MANY.search(event.text)):
        return parse_cpumask(many[1])
    return ()


def _is_reschedule(event: Event) -> bool:
    callback = _CALLBACK.search(event.text)
    return callback is None or callback[1].partition("+")[0] in _RESCHEDULE_HAS_NO_CALLBACK


def _name(event: Event) -> str:
    callsite = _CALLSITE.search(event.text)
    return event.task if _is_reschedule(event) or callsite is None else f"{event.task} ({callsite[1]})"

"""The lines of a trace file in tracefs, as events.

Format: Documentation/trace/ftrace.rst, "Output format"; with the clock ``x86-tsc`` the time is a plain tick count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lltool.bench.noise.model import Event

# "          <idle>-0       [001] d.h1. 12500622132074: irq_handler_entry: irq=36 name=virtio1-req.0". A thread's name
# may hold blanks and dashes; the last dash before the core belongs to the number.
_LINE = re.compile(
    r"\s*(?P<task>.+)-(?P<pid>\d+)\s+\[(?P<core>\d+)\] \S+ +(?P<ticks>\d+): (?P<name>\w+): ?(?P<text>.*)"
)


def parse_trace(lines: Iterable[str]) -> Iterator[Event]:
    """Each event of a trace, in the order of the file; comments, notes on lost events and broken lines are left out."""
    for line in lines:
        if line.startswith("#") or (found := _LINE.match(line)) is None:
            continue
        yield Event(
            core=int(found["core"]),
            ticks=int(found["ticks"]),
            name=found["name"],
            task=found["task"].strip(),
            pid=int(found["pid"]),
            text=found["text"].strip(),
        )

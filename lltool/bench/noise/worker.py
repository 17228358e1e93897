"""The process that watches: ``python -m lltool.bench.noise.worker``, a specification on stdin, one document on stdout.

Specification: ``{"cores": [...], "seconds": S, "fifo": BOOL, "parent": PID}``. Two passes: the untraced one gives the
numbers, the traced one the reasons; they are never mixed.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from lltool.bench.conditions import lock_memory
from lltool.bench.noise.attribution import EDGE_SECONDS, explain
from lltool.bench.noise.counters import counted, read_counters
from lltool.bench.noise.document import by_counters, by_shape, by_trace, pass_document
from lltool.bench.noise.model import Event, Explained
from lltool.bench.noise.senders import Senders
from lltool.bench.noise.timeline import by_core, segments
from lltool.bench.noise.tracefs import Trace, TracingUnavailable, recording
from lltool.bench.noise.watch import FIFO_PRIORITY, Watched, watch_cores
from lltool.errors import LltoolError
from lltool.root import Root

THRESHOLD_NS = 300
"""As benchmark noise.gaps has it: ten times a turn of the loop, and below the shortest interrupt."""

CALIBRATION_SECONDS = 0.05


def main() -> None:
    """Read the specification, watch, print the document."""
    from lltool.kernels.placement import die_with_parent

    # Not killed: the tracing instance has to go first, also when the parent is killed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    die_with_parent(signal.SIGTERM)
    specification = json.load(sys.stdin)
    if os.getppid() != specification["parent"]:
        sys.exit("the process that asked for this is gone")
    try:
        document = observe(Root(), specification["cores"], specification["seconds"], fifo=specification["fifo"])
    except LltoolError as error:
        document = {"failed": str(error)}
    json.dump(document, sys.stdout)


def observe(root: Root, cores: Sequence[int], seconds: float, *, fifo: bool) -> dict[str, Any]:
    """Watch ``cores`` untraced, then traced where that is possible; the document, schema ``lltool.noise/1``."""
    from lltool.kernels.clock import calibrate

    lock_memory(root)
    gc.disable()
    hz, _ = calibrate(CALIBRATION_SECONDS)
    duration, threshold = round(seconds * hz), round(THRESHOLD_NS * hz / 1e9)
    before = read_counters(root)
    untraced = watch_cores(root, cores, duration, threshold, fifo=fifo)
    after = read_counters(root)
    document: dict[str, Any] = {
        "schema": "lltool.noise/1",
        "cores": list(cores),
        "seconds": seconds,
        "threshold_ns": THRESHOLD_NS,
        "policy": f"SCHED_FIFO {FIFO_PRIORITY}" if fifo else "SCHED_OTHER",
        "tick_hz": hz,
        "untraced": pass_document(untraced, hz),
    }
    try:
        with recording(root, cores) as one:
            with one.running():
                traced = watch_cores(root, cores, duration, threshold, fifo=fifo)
            trace = one.read()
    except TracingUnavailable as reason:
        counts = {watched.core: counted(before, after, watched.core) for watched in untraced}
        if any(counts.values()):
            stolen = {core: after.stolen_ns[core] - before.stolen_ns.get(core, 0) for core in after.stolen_ns}
            return document | by_counters(untraced, counts, stolen, hz, str(reason))
        return document | by_shape(untraced, hz, f"{reason}; /proc/interrupts cannot be read")
    return (
        document
        | {"traced": pass_document(traced, hz)}
        | by_trace(join(traced, trace, hz), traced, trace, hz, fifo=fifo)
    )


def join(watched: Sequence[Watched], trace: Trace, tick_hz: float) -> list[Explained]:
    """The gaps of every core with the causes that the trace shows, in the order of the cores."""
    senders = Senders(trace.sent, tick_hz)
    events: dict[int, list[Event]] = by_core(trace.events)
    found: list[Explained] = []
    for one in watched:
        own = events.get(one.core, [])
        # A full buffer lets go of the oldest: nothing is known of the time before those that are left.
        begin = max(one.begin, own[0].ticks) if trace.lost and own else one.begin
        known = segments(own, one.thread, (begin, one.begin + one.ticks), senders.name, tick_hz)
        found += explain(one.gaps, known, round(EDGE_SECONDS * tick_hz))
    return found


if __name__ == "__main__":
    main()

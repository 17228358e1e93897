"""Entering the kernel: a system call, also on a core without a tick, and a page fault."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.recording import histogram
from lltool.bench.workload import Effort, Measurement, NotApplicable, warm_up
from lltool.bench.workloads.bothmodes import measure_both
from lltool.host.cpulist import parse_cpulist
from lltool.kernels.loops import syscalls
from lltool.kernels.memory import Mapping
from lltool.kernels.recorder import Recorder
from lltool.root import Root

CALLS_PER_BLOCK = 2000
FAULTING_BYTES = 4 << 20
PAGES_PER_BLOCK = 256

NOHZ_FULL = "/sys/devices/system/cpu/nohz_full"


class _Calls:
    """System calls as a loop."""

    block = staticmethod(syscalls.call_block)
    each = staticmethod(syscalls.call_each)


def call(_cores: Sequence[int], effort: Effort) -> Measurement:
    """getppid, which does nothing but enter and leave."""
    return _call(effort, {})


def call_nohz_full(cores: Sequence[int], effort: Effort) -> Measurement:
    """The same on a core under nohz_full, whose every entry and exit also keeps the books of time and RCU."""
    text = (Root().read_or(NOHZ_FULL) or "").strip()
    without_tick = () if text in {"", "(null)"} else parse_cpulist(text)
    if cores[0] not in without_tick:
        raise NotApplicable(f"core {cores[0]} is not under nohz_full= (cores that are: {text.strip('()') or 'none'})")
    return _call(effort, {"nohz_full": text})


def _call(effort: Effort, notes: dict[str, Any]) -> Measurement:
    return measure_both(effort, _Calls(), CALLS_PER_BLOCK, notes)


def page_fault(_cores: Sequence[int], effort: Effort) -> Measurement:
    """The first write to a page of 4 kB that the process has and the kernel has not backed yet."""
    faults = syscalls.Faults(Mapping(FAULTING_BYTES, "4k"))
    recorder = Recorder(effort.samples)

    def block() -> int:
        faults.give_back()
        return faults.block(PAGES_PER_BLOCK)

    steady = warm_up(block, effort)
    block_ticks = tuple(block() for _ in range(effort.blocks))
    while recorder.count < effort.samples:
        faults.give_back()
        faults.each(recorder, min(faults.pages, effort.samples - recorder.count))
    return Measurement(
        samples=histogram(recorder),
        block_ops=PAGES_PER_BLOCK,
        block_ticks=block_ticks,
        notes={"steady": steady},
    )

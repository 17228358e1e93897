"""Every benchmark by name: what it measures, with which code, and which figure stands for it."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from lltool.bench.benchmark import SINGLE, Benchmark, entry
from lltool.bench.machine import MACHINE
from lltool.bench.pipelines import PIPELINES
from lltool.bench.primitives import PRIMITIVES
from lltool.errors import InvalidInput

BENCHMARKS = (
    entry(
        "timer.cost", "Time stamp", "5.7.2", "timer:cost",
        "a fenced pair of time stamps, as it brackets every single operation measured here",
        in_trial=True,
    ),
    entry(
        "timer.wakeup", "Timer wake-up", "5.5.2", "timer:wakeup",
        "from the time a sleeping thread asked for to its first instruction, on a fixed schedule",
        loop="open", metrics=SINGLE, headline="p99", in_trial=True,
    ),
    entry(
        "noise.gaps", "Noise on a spinning core", "5.5.1", "noise:gaps",
        "time that interrupts, other tasks, firmware and hypervisor take from a thread that never sleeps, and "
        "how long the gaps are",
        metrics=("lost", "p50", "p99"), in_trial=True,
    ),
    entry(
        "memory.chase_4k", "Memory load, 4 kB pages", "5.2.1", "memory:chase_4k",
        "a dependent load at a random line of a working set beyond the core's own caches, on 4 kB pages",
        in_trial=True,
    ),
    entry(
        "memory.chase_huge", "Memory load, huge pages", "5.5.2", "memory:chase_huge",
        "the same load on huge pages (hugetlb, else transparent), as /proc/self/smaps confirms them",
        in_trial=True,
    ),
    entry(
        "spsc.hop", "SPSC queue, round trip", "5.3.2", "spsc:hop",
        "an 8-byte record to another core and back through two rings: two hops, one is half of it",
        cores=2, in_trial=True,
    ),
    entry(
        "seqlock.read", "Seqlock read", "5.3.4", "seqlock:read",
        "a stable copy of 32 bytes while nobody writes",
        in_trial=True,
    ),
    entry(
        "book.l2_update", "L2 book update", "5.3.3", "book:l2_update",
        "a level added, changed or taken away near the best, then both best prices read",
        in_trial=True,
    ),
    entry(
        "message.parse", "Zero-copy parse", "5.6.1", "message:parse",
        "a 29-byte message checked in place and its fields loaded",
        in_trial=True,
    ),
    entry(
        "json.depth", "Binance JSON depth update", "5.4.2", "decode:json_depth",
        "a depth update of 5 + 5 levels, about 420 bytes, checked and converted to fixed point",
    ),
    entry(
        "sbe.parse_depth", "Binance SBE depth update", "5.6.1", "decode:sbe_depth",
        "the same update in SBE, checked and converted to fixed point",
    ),
    entry(
        "fix.parse_order", "FIX 4.4 order", "5.6.2", "decode:fix_order",
        "a new order: fields found, length and sum verified, price and quantity converted",
    ),
    entry(
        "fix.build_order", "FIX 4.4 order, built", "5.6.2", "encode:fix_order",
        "the same order written into its template: three numbers, four texts, length and sum",
    ),
    entry(
        "message.parse_layout", "Record of a declared layout", "5.6.1", "encode:layout",
        "36 bytes of ten big-endian fields, type checked, decoded into the host's record",
    ),
    entry(
        "tcp.rtt", "TCP loopback round trip", "5.4.1", "tcp:rtt",
        "64 bytes to another core and back over TCP, default sockets, blocking on both ends",
        cores=2, headline="p50", shares_core=True, in_trial=True,
    ),
    entry(
        "tcp.rtt_tuned", "TCP loopback, chapter options", "5.4.1", "tcp:rtt_tuned",
        "the same with TCP_NODELAY, TCP_QUICKACK re-armed, 4 MiB buffers, keepalive and SO_BUSY_POLL",
        cores=2, headline="p50", shares_core=True, in_trial=True,
    ),
    *PRIMITIVES,
    *MACHINE,
    *PIPELINES,
)  # fmt: skip


def select(patterns: Sequence[str]) -> tuple[Benchmark, ...]:
    """The benchmarks that match any of ``patterns`` (``tcp.*``), in the order of the catalogue.

    Raises ``InvalidInput`` with every pattern that matches none, and the names nearest to it.
    """
    faults = [_unknown(pattern) for pattern in patterns if not any(_matches(known, pattern) for known in BENCHMARKS)]
    if faults:
        raise InvalidInput("unknown benchmark", faults, next_step="`lltool bench list` shows all names")
    return tuple(known for known in BENCHMARKS if any(_matches(known, pattern) for pattern in patterns))


def trial_set() -> tuple[Benchmark, ...]:
    """The benchmarks of `lltool trial`."""
    return tuple(known for known in BENCHMARKS if known.in_trial)


def survey(*, quick: bool) -> tuple[Benchmark, ...]:
    """The benchmarks of `lltool bench all`."""
    return tuple(known for known in BENCHMARKS if known.in_all and (known.in_quick or not quick))


def by_name(name: str) -> Benchmark:
    """The benchmark of exactly this name; raises ``InvalidInput`` like :func:`select`."""
    for known in BENCHMARKS:
        if known.name == name:
            return known
    raise InvalidInput("unknown benchmark", [_unknown(name)], next_step="`lltool bench list` shows all names")


def _matches(benchmark: Benchmark, pattern: str) -> bool:
    return fnmatch.fnmatchcase(benchmark.name, pattern)


def _unknown(pattern: str) -> str:
    import difflib

    near = difflib.get_close_matches(pattern, [known.name for known in BENCHMARKS], n=3, cutoff=0.4)
    return f"{pattern!r}: no such benchmark" + (f"; near: {', '.join(near)}" if near else "")

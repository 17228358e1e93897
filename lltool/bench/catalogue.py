"""Every benchmark by name: what it measures, with which code, and which figure stands for it."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from lltool.bench.benchmark import Benchmark
from lltool.bench.machine import MACHINE
from lltool.bench.primitives import PRIMITIVES
from lltool.errors import InvalidInput

BENCHMARKS = (
    Benchmark(
        name="timer.cost",
        title="Time stamp",
        section="5.7.2",
        workload="lltool.bench.workloads.timer:cost",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a fenced pair of time stamps, as it brackets every single operation measured here",
        in_trial=True,
    ),
    Benchmark(
        name="timer.wakeup",
        title="Timer wake-up",
        section="5.5.2",
        workload="lltool.bench.workloads.timer:wakeup",
        cores_needed=1,
        loop="open",
        metrics=("p50", "p99", "p99.9"),
        headline="p99",
        summary="from the time a sleeping thread asked for to its first instruction, on a fixed schedule",
        in_trial=True,
    ),
    Benchmark(
        name="noise.gaps",
        title="Noise on a spinning core",
        section="5.5.1",
        workload="lltool.bench.workloads.noise:gaps",
        cores_needed=1,
        loop="closed",
        metrics=("lost", "p50", "p99"),
        headline="lost",
        summary="time that interrupts, other tasks, firmware and hypervisor take from a thread that never sleeps, and "
        "how long the gaps are",
        in_trial=True,
    ),
    Benchmark(
        name="memory.chase_4k",
        title="Memory load, 4 kB pages",
        section="5.2.1",
        workload="lltool.bench.workloads.memory:chase_4k",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a dependent load at a random line of a working set beyond the core's own caches, on 4 kB pages",
        in_trial=True,
    ),
    Benchmark(
        name="memory.chase_huge",
        title="Memory load, huge pages",
        section="5.5.2",
        workload="lltool.bench.workloads.memory:chase_huge",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="the same load on huge pages (hugetlb, else transparent), as /proc/self/smaps confirms them",
        in_trial=True,
    ),
    Benchmark(
        name="spsc.hop",
        title="SPSC queue, round trip",
        section="5.3.2",
        workload="lltool.bench.workloads.spsc:hop",
        cores_needed=2,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="an 8-byte record to another core and back through two rings: two hops, one is half of it",
        in_trial=True,
    ),
    Benchmark(
        name="seqlock.read",
        title="Seqlock read",
        section="5.3.4",
        workload="lltool.bench.workloads.seqlock:read",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a stable copy of 32 bytes while nobody writes",
        in_trial=True,
    ),
    Benchmark(
        name="book.l2_update",
        title="L2 book update",
        section="5.3.3",
        workload="lltool.bench.workloads.book:l2_update",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a level added, changed or taken away near the best, then both best prices read",
        in_trial=True,
    ),
    Benchmark(
        name="message.parse",
        title="Zero-copy parse",
        section="5.6.1",
        workload="lltool.bench.workloads.message:parse",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a 29-byte message checked in place and its fields loaded",
        in_trial=True,
    ),
    Benchmark(
        name="json.depth",
        title="Binance JSON depth update",
        section="5.4.2",
        workload="lltool.bench.workloads.decode:json_depth",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a depth update of 5 + 5 levels, about 420 bytes, checked and converted to fixed point",
    ),
    Benchmark(
        name="sbe.parse_depth",
        title="Binance SBE depth update",
        section="5.6.1",
        workload="lltool.bench.workloads.decode:sbe_depth",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="the same update in SBE, checked and converted to fixed point",
    ),
    Benchmark(
        name="fix.parse_order",
        title="FIX 4.4 order",
        section="5.6.2",
        workload="lltool.bench.workloads.decode:fix_order",
        cores_needed=1,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="centre",
        summary="a new order: fields found, length and sum verified, price and quantity converted",
    ),
    Benchmark(
        name="tcp.rtt",
        title="TCP loopback round trip",
        section="5.4.1",
        workload="lltool.bench.workloads.tcp:rtt",
        cores_needed=2,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="p50",
        summary="64 bytes to another core and back over TCP, default sockets, blocking on both ends",
        shares_core=True,
        in_trial=True,
    ),
    Benchmark(
        name="tcp.rtt_tuned",
        title="TCP loopback, chapter options",
        section="5.4.1",
        workload="lltool.bench.workloads.tcp:rtt_tuned",
        cores_needed=2,
        loop="closed",
        metrics=("centre", "p50", "p99", "p99.9"),
        headline="p50",
        summary="the same with TCP_NODELAY, TCP_QUICKACK re-armed, 4 MiB buffers, keepalive and SO_BUSY_POLL",
        shares_core=True,
        in_trial=True,
    ),
    *PRIMITIVES,
    *MACHINE,
)


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

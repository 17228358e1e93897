"""A page as a trial on a small virtual machine gives it: made-up figures of real size and shape."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from typing import Any

from lltool.reports.page import (
    ArmFigure,
    ChangeRow,
    Chart,
    Core,
    Cpu,
    Group,
    History,
    HistoryPoint,
    Level,
    Matrix,
    Noise,
    NoiseCause,
    NoiseCore,
    NoiseGap,
    Page,
    Row,
    RunColumn,
    Runs,
    SettingRow,
    Shift,
    Spectrum,
    Stage,
    Stages,
    Tuning,
    WorstSample,
)

# name, title, section, unit, centre before, after, tail weight before, after, samples, outcome
HOSTILE = (
    "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}&amp;"
    "\x00\x1b[2J\u202e\u2066\u05d0\u200b\udc80"
)
HOSTILE_SHOWN = (
    "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{7*7}}&amp;"
    "\\x00\\x1b[2J\\u202e\\u2066\\u05d0\\u200b\\udc80"
)

_BENCHMARKS: tuple[tuple[str, str, str, str, float, float, float, float, int, str], ...] = (
    (
        "memory.chase_4k",
        "Pointer chase, 4 kB pages",
        "5.2 Memory Management and Cache Optimization",
        "ns",
        97.3,
        96.9,
        0.12,
        0.12,
        1_000_000,
        "equivalent",
    ),
    (
        "memory.chase_huge",
        "Pointer chase, huge pages",
        "5.2 Memory Management and Cache Optimization",
        "ns",
        0.0,
        0.0,
        0.0,
        0.0,
        0,
        "not compared",
    ),
    (
        "spsc.hop",
        "SPSC hop between two cores",
        "5.3 Lock-Free Data Structures",
        "ns",
        131.0,
        138.0,
        0.21,
        0.20,
        2_000_000,
        "inconclusive",
    ),
    (
        "seqlock.read",
        "Seqlock read under a writer",
        "5.3 Lock-Free Data Structures",
        "ns",
        24.7,
        24.8,
        0.25,
        0.24,
        2_000_000,
        "equivalent",
    ),
    (
        "book.l2_update",
        "L2 book update",
        "5.3 Lock-Free Data Structures",
        "ns",
        46.1,
        49.9,
        0.22,
        0.24,
        2_000_000,
        "worse",
    ),
    (
        "tcp.rtt",
        "TCP loopback round trip",
        "5.4 Network I/O Optimization",
        "us",
        27.4,
        21.9,
        0.40,
        0.27,
        100_000,
        "better",
    ),
    (
        "tcp.rtt_tuned",
        "TCP loopback round trip, socket options of the chapter",
        "5.4 Network I/O Optimization",
        "us",
        26.8,
        21.6,
        0.40,
        0.28,
        100_000,
        "better",
    ),
    (
        "timer.wakeup",
        "Wake-up of a timer",
        "5.5 CPU Affinity and Scheduling",
        "us",
        58.2,
        9.4,
        0.55,
        0.32,
        20_000,
        "better",
    ),
    (
        "noise.gaps",
        "Gaps on a spinning core",
        "5.5 CPU Affinity and Scheduling",
        "us",
        2.61,
        2.48,
        0.60,
        0.66,
        6_200,
        "inconclusive",
    ),
    (
        "message.parse",
        "Zero-copy parse of a message",
        "5.6 Message Parsing and Serialization",
        "ns",
        31.0,
        30.6,
        0.18,
        0.18,
        2_000_000,
        "equivalent",
    ),
    (
        "timer.cost",
        "Reading the clock",
        "5.7 Profiling and Benchmarking",
        "ns",
        21.4,
        21.4,
        0.20,
        0.18,
        2_000_000,
        "equivalent",
    ),
)
_REASONS = {
    "better": "the whole interval lies beyond the margin of 3 %",
    "worse": "the whole interval lies beyond the margin of 3 %",
    "equivalent": "the whole interval lies within the margin of 3 %",
    "inconclusive": "the interval reaches over the margin of 3 %",
    "not compared": "no huge page could be had: HugePages_Free is 0 and THP is never",
}


def _percentiles(samples: int) -> list[float]:
    steps = [step / 20 for step in range(18)]
    for nines in range(1, 10):
        steps += [1 - share * 10.0**-nines for share in (1, 0.5, 0.2)]
    return [q for q in (round(step, 12) for step in steps) if samples * (1 - q) >= 1 - 1e-9]


def spectrum(arm: str, centre: float, weight: float, samples: int, runs: int = 10) -> Spectrum:
    """A tail that grows with the logarithm of 1/(1-q), as scheduling and caches make it."""
    points = [
        (q, round(centre * (0.9 + 0.1 * min(1.0, q / 0.5)) * math.exp(weight * (-math.log10(1 - q)) ** 1.35), 3))
        for q in _percentiles(samples)
    ]
    return Spectrum(arm, tuple(points), samples, runs)


SHIFT = (Shift(0.5, -0.02, 0.005, 0.03), Shift(0.99, -0.4, -0.3, 0.2))


def runs_of(lines: tuple[Spectrum, ...]) -> Runs:
    """Two runs an arm, in turn, over the range of ``lines``."""
    lowest = min(line.points[0][1] for line in lines)
    edges = tuple(lowest * 2**step for step in range(6))
    columns = tuple(
        RunColumn(arm, f"2026-11-24T09:12:{place:02}Z", 5000, lowest * (1.5 + place), lowest * 30, shares)
        for place, (arm, shares) in enumerate(
            [
                ("untuned", ((0, 0.9), (1, 0.09), (4, 0.01))),
                ("tuned", ((0, 0.95), (1, 0.05))),
                ("tuned", ((0, 0.9999), (4, 0.0001))),
                ("untuned", ((1, 1.0),)),
            ]
        )
    )
    return Runs("p50", "single operations", edges, columns)


def figure(value: float) -> str:
    return f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def _rows(name: str, title: str, section: str, unit: str, lines: tuple[Spectrum, ...], outcome: str) -> list[Row]:
    if not lines:
        return [
            Row(name, title, section, "median", unit, "", "", "", "", outcome, _REASONS[outcome], "0 + 0", False, True)
        ]
    before, after = (dict(line.points) for line in lines)
    rows = []
    for metric, q in (("median", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)):
        if q not in before or q not in after:
            continue
        change = (after[q] / before[q] - 1) * 100
        interval = f"{change - 4:+.1f} to {change + 3:+.1f} %"
        beyond = lines[0].samples * (1 - q)
        rows.append(
            Row(
                name, title, section, metric, unit, figure(before[q]), figure(after[q]), f"{change:+.1f} %", interval,
                outcome, _REASONS[outcome], "10 + 10", beyond < 10, metric == "p99",
            )
        )  # fmt: skip
    return rows


_SETTINGS = (
    SettingRow("cpu.governor", "CPU frequency governor", "", "", "performance", "not-applicable",
               "no cpufreq driver: the hypervisor owns the frequency"),
    SettingRow("cpu.pm_qos.resume_latency", "Exit latency of idle states", "n/a (cpu1)", "0 (cpu1)", "0", "ok", ""),
    SettingRow("sysctl.vm.swappiness", "How readily the kernel swaps", "60", "0", "0", "ok", ""),
    SettingRow("sysctl.net.ipv4.tcp_rmem", "Receive buffer of a TCP socket", "4096\t131072\t6291456",
               "4096\t87380\t16777216", "4096 87380 16777216", "ok",
               "the chapter's default of 87380 is smaller than the kernel's 131072"),
    SettingRow("sysctl.net.ipv4.tcp_low_latency", "TCP low latency mode", "0", "1", "1", "no-effect",
               "accepted, but ignored since kernel 4.14"),
    SettingRow("thp.enabled", "Transparent huge pages", "always [madvise] never", "always madvise [never]", "never",
               "ok", ""),
    SettingRow("irq.27.affinity", "CPUs that may handle interrupt 27 (virtio2-input.0)", "0-1", "0-1", "0", "refused",
               "a managed interrupt: the kernel places it itself"),
    SettingRow("boot.isolcpus", "CPUs outside the scheduler's balancing", "", "", "managed_irq,domain,1", "drift",
               "takes a reboot: not staged without --persist"),
    SettingRow("sysctl.kernel.timer_migration", "Timers move to busy CPUs", "0", "0", "0", "ok", "was already so"),
)  # fmt: skip


def demo_page(copies: int = 1) -> Page:
    """The whole page; ``copies`` repeats the benchmarks under other names."""
    rows: list[Row] = []
    charts: list[Chart] = []
    for copy in range(copies):
        mark = f".{copy}" if copy else ""
        for name, title, section, unit, before, after, tail_before, tail_after, samples, outcome in _BENCHMARKS:
            lines: tuple[Spectrum, ...] = ()
            if samples:
                lines = (
                    spectrum("untuned", before, tail_before, samples),
                    spectrum("tuned", after, tail_after, samples),
                )
                floor = 20.8 if unit == "ns" else 0.0208
                charts.append(Chart(name + mark, title, unit, floor, lines, SHIFT, runs_of(lines)))
            rows += _rows(name + mark, title, section, unit, lines, outcome)
    return Page(
        title="Trial of profile hft on lab-7",
        created="2026-11-24 09:12:44 UTC",
        design="ABBA, 5 blocks, 10 runs an arm",
        arms=("untuned", "tuned"),
        verdicts=(
            "The wake-up of a timer fell at p99 from 236 to 21.3 us (-91.0 %, 95 % interval -95.0 to -88.0): better.",
            "TCP loopback round trip p99 fell from 76.0 to 43.6 us (-42.6 %, 95 % interval -46.6 to -39.6): better.",
            "L2 book update p99 rose from 80.8 to 92.0 ns (+13.9 %, 95 % interval +9.9 to +16.9): worse.",
            "2 of 11 benchmarks are inconclusive: more runs would decide.",
        ),
        cautions=(
            "A virtual machine (KVM): only like distance classes of its two cores are compared.",
            "memory.chase_huge was not measured: no huge page could be had.",
            "boot.isolcpus takes a reboot and took no part in this trial.",
        ),
        rows=tuple(rows),
        charts=tuple(charts),
        settings=_SETTINGS,
        host=(
            ("Host name", "lab-7"),
            ("CPU", "AMD EPYC-Milan Processor"),
            ("Topology", "1 socket, 1 NUMA node, 2 cores, no SMT"),
            ("L3", "32 MiB shared by 0-1"),
            ("Memory", "7.8 GiB"),
            ("Kernel", "6.1.0-28-amd64, PREEMPT_DYNAMIC (voluntary)"),
            ("Hypervisor", "KVM"),
            ("Cores", "housekeeping 0, isolated 1, interrupts 0"),
            ("Network", "eth0 virtio_net, 2 queues"),
            ("Other tuners", "none"),
            ("Privileges", "root"),
        ),
        passport=(
            ("Clock", "tsc, invariant, 2,595.124 MHz"),
            ("Quantum", "0.39 ns"),
            ("Floor", "20.8 ns (p50 of an empty pair)"),
            ("Frequency sources", "calibrated 2,595.124 MHz; kernel 2,595.124 MHz (0.0 ppm apart)"),
            ("Core skew", "below 12 ns"),
            ("Canary", "3.69 GHz before, 3.68 GHz after"),
            ("Steal", "0.4 % of the time"),
        ),
        reproduce=(
            "lltool trial --profile hft --quick --cores 0,1 -o lltool-results",
            "lltool report lltool-results/before.json lltool-results/after.json",
        ),
        data=({"schema": "lltool.result/1", "host": {"name": "lab-7"}, "runs": []},),
    )


def everything(page: Page) -> Page:
    """``page`` with all that only some pages have: topology, matrices, noise, levels, stages, tuning, a history."""
    pairs = {(0, 1): 88.4, (0, 2): 412.0, (0, 3): 398.0, (1, 2): 405.0, (1, 3): 401.0, (2, 3): 91.2}
    sockets = tuple(
        Group(
            f"Socket {socket}",
            (Group(f"Node {socket}", (Group(f"L3 of CPUs {cpus[0]},{cpus[1]}", (), _cores(cpus)),)),),
        )
        for socket, cpus in enumerate(((0, 1), (2, 3)))
    )
    points = tuple(
        HistoryPoint(day, f"night {day}", f"2026-11-{day:02}", 20.0 + day % 5, 19.0, 27.0, 5, f"{20 + day % 5}.0")
        for day in range(1, 25)
    )
    return replace(
        page,
        topology=sockets,
        matrices=(
            Matrix("untuned", (0, 1, 2, 3), pairs),
            Matrix("tuned", (0, 1, 2, 3), {pair: value * 0.9 for pair, value in pairs.items()}),
        ),
        levels=tuple(
            Level(title, name, "centre", chapter, _figures(before, after))
            for title, name, chapter, before, after in (
                ("Load from L1", "memory.l1", 1.0, 1.31, 1.30),
                ("Load from RAM, 4 kB pages", "memory.ram", 100.0, 97.3, 96.9),
                ("TCP loopback round trip", "tcp.rtt", 500_000.0, 27_400.0, 21_900.0),
            )
        ),
        stages=Stages(
            "The pipeline itself was not measured: these are its parts.",
            (
                Stage("Network I/O", "TCP loopback, one way", "p99", "< 10 us", 10_000.0, _figures(31_000.0, 9_100.0)),
                Stage("Risk check", "Risk check", "centre", "< 100 ns", 100.0, _figures(11.2, 11.1)),
                Stage("unaccounted", "Pipeline", "p50", "", None, _figures(-12.0, 310.0)),
            ),
        ),
        noise=tuple(
            Noise(
                arm,
                "1 s untraced for the numbers, SCHED_OTHER, gaps of at least 300 ns.",
                tuple(
                    NoiseCore(
                        core,
                        "1.2 %",
                        "412",
                        ("1.1 us", "44 us", "3.1 ms"),
                        (("thread", 0.009 * scale), ("timer", 0.003)),
                    )
                    for core in (0, 1)
                ),
                (
                    NoiseCause(
                        "thread kworker/1:1",
                        "75 %",
                        "9 ms",
                        "12",
                        "3.1 ms",
                        "isolation.workqueue_cpumask",
                        "keep work queues off",
                    ),
                    NoiseCause("timer", "25 %", "3 ms", "400", "", "", "boot with nohz_full"),
                ),
                (NoiseGap(1, "3.1 ms", "0.412 s", "thread kworker/1:1 3.1 ms"), NoiseGap(0, "44 us", "0.5 s", "")),
            )
            for arm, scale in (("untuned", 1.0), ("tuned", 0.2))
        ),
        tuning=Tuning(
            "Profile hft, applied and undone 5 times, once a block.",
            (
                ChangeRow("sysctl.vm.swappiness", "/proc/sys/vm/swappiness", "60", "0", "0", ""),
                ChangeRow("irq.27.affinity", "/proc/irq/27/smp_affinity", "3", "1", "3", "input/output error"),
            ),
        ),
        charts=tuple(_with_worst(chart) for chart in page.charts),
        histories=(History("tcp.rtt", "TCP loopback round trip", "p50", "us", points),),
        results=24,
    )


def _figures(before: float, after: float) -> tuple[ArmFigure, ...]:
    return (ArmFigure("untuned", before, f"{before:g} ns"), ArmFigure("tuned", after, f"{after:g} ns"))


def _with_worst(chart: Chart) -> Chart:
    if chart.runs is None:
        return chart
    worst = (
        WorstSample(
            3, "tuned", "3.1 ms", "switched off its core 2 times; interrupts: LOC 12", "thread kworker/1:1 (3.1 ms)"
        ),
        WorstSample(1, "untuned", "44 us", "nothing that the kernel counts", ""),
    )
    return replace(chart, runs=replace(chart.runs, worst=worst))


def _cores(cpus: tuple[int, int]) -> tuple[Core, ...]:
    roles = {0: ("housekeeping", "interrupts"), 1: ("measured", "isolated")}
    return tuple(Core((Cpu(cpu, roles.get(cpu, ())),), "") for cpu in cpus)


def hostile(value: Any) -> Any:
    """``value`` with every string in it made hostile; names that join rows to charts and arms stay distinct."""
    if isinstance(value, str):
        return f"{HOSTILE}{value}" if value else value
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if isinstance(value, dict):
        return {hostile(key): hostile(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: hostile(getattr(value, f.name)) for f in dataclasses.fields(value)})
    return value

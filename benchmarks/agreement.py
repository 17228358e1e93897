"""lltool against independent programs, in one run on this machine, whether both see the same latency.

    sudo .venv/bin/python benchmarks/agreement.py --rounds 9

Needs cyclictest (Debian rt-tests), sockperf, gcc, and multichase (its source is on GitHub, google/multichase) on the
PATH; what is missing is left out and said. Each round measures with
both, one after the other, in an order that alternates, so that a slow minute of the machine falls on both. The table
shows the median of each over the rounds and the median of the ratios within a round.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

from lltool.bench.catalogue import by_name
from lltool.bench.estimates import estimate
from lltool.bench.model import Run
from lltool.bench.runner import run_once
from lltool.bench.scheduling import PRIORITY

HERE = Path(__file__).resolve().parent
LIMIT = 0.10
WAKEUP_PERIOD_US = 200
MESSAGE_BYTES = 64
SECONDS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure, measured by lltool (``ours``) and by another program (``theirs``), in ``unit``."""

    what: str
    other: str
    unit: str
    ours: Callable[[], float]
    theirs: Callable[[], float]


def lltool_figure(benchmark: str, metric: str, *cores: int, fifo: bool = False) -> float:
    """One full run of a benchmark, as an ordinary thread or as SCHED_FIFO; fails loudly where it was not measured."""
    known = by_name(benchmark)
    run: Run = run_once(known, cores, "agreement", 0, 0, quick=False, hold=fifo)
    found = estimate([run], metric)
    if found is None:
        sys.exit(f"{benchmark}: {run.failed or run.not_applicable}")
    if fifo and run.conditions["SCHED_FIFO"] != "done":
        sys.exit(f"{benchmark}: {run.conditions['SCHED_FIFO']}")
    return found.value


def cyclictest(core: int) -> float:
    """The p50 of cyclictest in nanoseconds: nearest rank in its histogram of 1 us."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        output(
            "cyclictest", "-q", "-m", "-t1", f"-a{core}", f"-p{PRIORITY}", "--policy=fifo", f"-i{WAKEUP_PERIOD_US}",
            f"-D{SECONDS}", "-h100000", f"--json={report}",
        )  # fmt: skip
        (thread,) = json.loads(report.read_text())["thread"].values()
    counts = {int(value): count for value, count in thread["histogram"].items()}
    wanted, seen = (sum(counts.values()) + 1) // 2, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            # A bucket holds [value, value + 1) us: its middle is off by half of that at most.
            return (value + 0.5) * 1e3
    sys.exit("cyclictest: an empty histogram")


def sockperf(core: int, peer: int) -> float:
    """The median round trip of sockperf in nanoseconds, TCP with TCP_NODELAY, both ends pinned."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    place = ["--tcp", "-i", "127.0.0.1", "-p", port]
    server = subprocess.Popen(
        ["taskset", "-c", str(peer), "sockperf", "server", *place],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(0.5)
        text = output(
            "taskset", "-c", str(core), "sockperf", "ping-pong", *place, "-m", str(MESSAGE_BYTES), "-t", str(SECONDS),
            "--full-rtt",
        )  # fmt: skip
    finally:
        server.terminate()
        server.wait()
    found = re.search(r"percentile 50\.0+ += +([\d.]+)", text)
    if found is None:
        sys.exit(f"sockperf printed no median:\n{text}")
    return float(found[1]) * 1e3


def multichase(core: int, size_bytes: int) -> float:
    """The mean cost of a dependent load through ``size_bytes`` in random order, in nanoseconds, on 4 kB pages."""
    return float(
        output(
            "taskset", "-c", str(core), "multichase", "-X", "-a", "-n", "3", "-s", "64", "-m", str(size_bytes), "-T",
            str(size_bytes),
        )
    )  # fmt: skip


def output(*command: str) -> str:
    """What ``command`` prints; ends this program with what it said where it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def comparisons(core: int, peer: int, program: str | None) -> list[Comparison]:
    """All that can be compared on this machine; says what cannot, and why."""
    found: list[Comparison] = []
    if shutil.which("cyclictest") and os.geteuid() == 0:
        found.append(
            Comparison(
                f"timer wake-up p50, SCHED_FIFO {PRIORITY}",
                "cyclictest",
                "us",
                lambda: lltool_figure("timer.wakeup", "p50", core, fifo=True) / 1e3,
                lambda: cyclictest(core) / 1e3,
            )
        )
    else:
        print("left out: cyclictest (needs rt-tests and root)", file=sys.stderr)
    if shutil.which("sockperf"):
        found.append(
            Comparison(
                "TCP round trip p50, 64 B",
                "sockperf ping-pong",
                "us",
                lambda: lltool_figure("tcp.rtt_nodelay", "p50", core, peer) / 1e3,
                lambda: sockperf(core, peer) / 1e3,
            )
        )
    else:
        print("left out: sockperf (not installed)", file=sys.stderr)
    if program is None:
        print("left out: the programs in C (needs gcc)", file=sys.stderr)
        return found
    sizes = {"memory.l1": "memory.l1", "memory.l2": "memory.l2", "memory.l3": "memory.l3", "memory.chase_4k": "64 MiB"}
    found.append(
        Comparison(
            "cache line round trip",
            "plain C",
            "ns",
            lambda: lltool_figure("core.matrix", "centre", core),
            lambda: float(output(program, "core", str(core), str(peer))),
        )
    )
    found += [
        Comparison(
            f"load, {label}",
            "plain C",
            "ns",
            lambda name=name: lltool_figure(name, "centre", core),  # type: ignore[misc]
            lambda name=name: float(output(program, "chase", str(core), str(working_set(name, core)))),  # type: ignore[misc]
        )
        for name, label in sizes.items()
    ]
    if shutil.which("multichase"):
        found += [
            Comparison(
                f"load, {label}",
                "multichase",
                "ns",
                lambda name=name: lltool_figure(name, "centre", core),  # type: ignore[misc]
                lambda name=name: multichase(core, working_set(name, core)),  # type: ignore[misc]
            )
            for name, label in sizes.items()
        ]
    else:
        print("left out: multichase (not on the PATH)", file=sys.stderr)
    found.append(
        Comparison(
            "time lost to noise",
            "plain C",
            "ppm",
            lambda: lltool_figure("noise.gaps", "lost", core),
            lambda: float(output(program, "noise", str(core), "1")),
        )
    )
    return found


@cache
def working_set(benchmark: str, core: int) -> int:
    """The bytes that a memory benchmark of lltool walks through here."""
    run = run_once(by_name(benchmark), (core,), "agreement", 0, 0, quick=False, hold=False)
    return int(run.notes["working_set_bytes"])


def main() -> None:
    """Measure in rounds and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--cores", default=None, help="the measured core and its peer, as 1,0")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0), reverse=True)
    core, peer = map(int, options.cores.split(",")) if options.cores else cores[:2]
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/agreement" if shutil.which("gcc") else None
        if program:
            output("gcc", "-O2", "-pthread", str(HERE / "agreement.c"), "-o", program)
        print("| figure | lltool | other | by | ratio (rounds from .. to) | within 10 % |")
        print("| --- | ---: | ---: | --- | --- | --- |")
        for one in comparisons(core, peer, program):
            pairs = []
            for number in range(options.rounds):
                if number % 2:
                    theirs, ours = one.theirs(), one.ours()
                else:
                    ours, theirs = one.ours(), one.theirs()
                pairs.append((ours, theirs))
            ratios = sorted(ours / theirs for ours, theirs in pairs)
            print(
                f"| {one.what} | {median(ours for ours, _ in pairs):.4g} {one.unit} "
                f"| {median(theirs for _, theirs in pairs):.4g} {one.unit} | {one.other} "
                f"| {median(ratios):.3f} ({ratios[0]:.2f} .. {ratios[-1]:.2f}) "
                f"| {'yes' if abs(median(ratios) - 1) <= LIMIT else 'no'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""Size and CPU time of reports: before and after of 40 benchmarks, and a history of 500 results.

    python benchmarks/report.py

The runs are made up with the shape of real ones (a lognormal body, a heavy tail, 50 blocks); nothing is measured.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.model import Histogram, Interference, Result, Run
from lltool.experiment.page import build_page
from lltool.reports import render
from lltool.tuning.catalogue import load_catalogue

TICK_HZ = 2.3e9
QUANTUM_TICKS = 26
SAMPLES = 4_000
RUNS_AN_ARM = 10
PASSPORT = {"tick_hz": TICK_HZ, "quantum_ticks": QUANTUM_TICKS, "floor_ticks": 52}
MADE_UP = np.random.default_rng(5)


def made_up_run(benchmark: str, arm: str, position: int, centre_ticks: float, samples: int) -> Run:
    """One run around ``centre_ticks``; each run has a speed and a tail of its own."""
    speed = centre_ticks * MADE_UP.normal(1.0, 0.02)
    body = speed * MADE_UP.lognormal(0.0, 0.12, samples)
    slow = MADE_UP.random(samples) < 0.004
    ticks = np.where(slow, body * MADE_UP.pareto(1.5, samples) * 20 + body, body).astype(np.int64)
    ticks = ticks // QUANTUM_TICKS * QUANTUM_TICKS + QUANTUM_TICKS
    shift = np.maximum(np.floor(np.log2(ticks)).astype(np.int64) - 10, 0)
    values, counts = np.unique(ticks >> shift << shift, return_counts=True)
    held = Histogram(
        tuple(map(int, values)), tuple(map(int, counts)), int(ticks.min()), int(ticks.max()), int(ticks.sum())
    )
    return Run(
        benchmark=benchmark,
        arm=arm,
        block=position // 4,
        position=position,
        started=f"2026-03-01T{position // 3600:02}:{position // 60 % 60:02}:{position % 60:02}Z",
        cores=(1,),
        tick_hz=TICK_HZ,
        samples=held,
        block_ops=1000,
        block_ticks=tuple(map(int, speed * 1000 * MADE_UP.normal(1.0, 0.01, 50))),
        interference=Interference(
            int(MADE_UP.poisson(2)),
            int(MADE_UP.poisson(30)),
            0,
            0,
            0.01,
            {"LOC": 12, "RES": 3, "virtio0-input.0": 7},
            0.01,
        ),
        conditions={"pinned": "done", "memory locked": "done", "stack prefaulted": "done"},
        notes={"steady": True, "tick_hz_uncertainty_ppm": float(MADE_UP.random())},
    )


def made_up_result(benchmarks: int, arms: tuple[str, ...], runs: int, samples: int = SAMPLES) -> Result:
    """A result of ``benchmarks`` benchmarks, those of the catalogue first."""
    names = [entry.name for entry in BENCHMARKS][:benchmarks]
    names += [f"made.up_{number}" for number in range(benchmarks - len(names))]
    found = []
    for number, name in enumerate(names):
        for position in range(runs * len(arms)):
            arm = arms[(position + position // 2 + 1) % len(arms) - 1]
            centre = 200.0 * 1.2**number * (0.9 if arm == "after" else 1.0)
            found.append(made_up_run(name, arm, position, centre, samples))
    findings = [
        {"setting": entry.id, "verdict": "ok", "live": "0", "wanted": "0", "reason": "read back as wanted"}
        for entry in load_catalogue()
    ]
    return Result(
        settings=dict.fromkeys(arms, findings) if len(arms) > 1 else {},
        created="2026-03-01T09:00:00Z",
        version="0.1.0",
        command="lltool trial",
        label="made up",
        design="ABBA" if len(arms) > 1 else "sequential",
        host={},
        passport=PASSPORT,
        runs=tuple(found),
    )


def measure(what: str, results: list[Result]) -> None:
    """Print what the page of ``results`` takes."""
    started = time.process_time()
    page = build_page(results, [f"{place}.json" for place in range(len(results))])
    built = time.process_time()
    html = render(page)
    rendered = time.process_time()
    sys.stdout.write(
        f"{what}: {len(html.encode()) / 1e6:.2f} MB; figures and intervals {built - started:.2f} s of CPU, "
        f"page {rendered - built:.2f} s of CPU\n"
    )


def main() -> None:
    """Both sizes that a report has to hold."""
    measure("before and after of 40 benchmarks", [made_up_result(40, ("before", "after"), RUNS_AN_ARM)])
    one = made_up_result(10, ("bench",), 5, samples=2000)
    hours = [replace(one, created=f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00Z") for hour in range(500)]
    measure("history of 500 results", hours)


if __name__ == "__main__":
    main()

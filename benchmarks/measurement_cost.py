"""What measuring costs: recording a sample, analysing a comparison, and memory that does not grow with samples.

    python benchmarks/measurement_cost.py              seconds
    python benchmarks/measurement_cost.py --sessions   and how long `lltool bench all` takes, quick and full: minutes

Recording is a block of 1000 empty stamp pairs with a record each, less the same pairs without one, in alternating
blocks of some 40 us on one core, with a real-time priority where the kernel gives one.
The comparison has 20 + 20 runs of 250,000 samples: each as recorded and folded by the kernels, one benchmark, four
metrics with 10,000 bootstrap resamples each.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from statistics import median

from lltool.bench.compare import Limits, compare
from lltool.bench.conditions import pin_to
from lltool.bench.model import Run
from lltool.bench.recording import histogram
from lltool.bench.scheduling import held_priority
from lltool.kernels import clock
from lltool.kernels.loops import timer
from lltool.kernels.recorder import Recorder
from lltool.root import Root

PAIRS = 1000
ROUNDS = 4001
RUNS, SAMPLES = 20, 250_000
SEED = 7


def recording_ns(hz: float) -> list[float]:
    """Nanoseconds that recording adds to a pair, round by round."""
    found = []
    single, block = Recorder(PAIRS), Recorder(1)
    for _ in range(ROUNDS):
        single.reset()
        block.reset()
        timer.pair_block(block, PAIRS)
        began = clock.ticks()
        timer.pair_each(single, PAIRS)
        with_record = clock.ticks() - began
        found.append((with_record - block.ticks()[0]) / PAIRS / hz * 1e9)
    return found


def run_of(arm: str, position: int, source: random.Random, hz: float) -> Run:
    """A run with a heavy tail and a level of its own."""
    level = 2600 * source.lognormvariate(0, 0.03)
    recorder = Recorder(SAMPLES)
    for _ in range(SAMPLES):
        recorder.record(int(level * source.lognormvariate(0, 0.15) * (10 if source.random() < 0.004 else 1)))
    return Run(
        benchmark="seqlock.read",
        arm=arm,
        block=position,
        position=position,
        started="2024-01-01T00:00:00Z",
        cores=(1,),
        tick_hz=hz,
        samples=histogram(recorder),
        block_ops=1,
        block_ticks=(int(level),),
    )


def main() -> None:
    """Print the three figures."""
    hz, _ = clock.calibrate(0.1)
    core = max(os.sched_getaffinity(0))
    pin_to(core)
    with held_priority(Root(), [core], wanted=True):
        costs = sorted(recording_ns(hz))
    quartiles = costs[len(costs) // 4], costs[-len(costs) // 4]
    print(f"recording: {median(costs):.2f} ns a sample ({quartiles[0]:.2f} to {quartiles[1]:.2f} in the middle half)")
    source = random.Random(SEED)  # noqa: S311 - a workload, not a secret
    arms = [[run_of(arm, position, source, hz) for position in range(RUNS)] for arm in ("before", "after")]
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.monotonic(), time.process_time()
    compared = compare(arms[0], arms[1], Limits(1.0))
    elapsed, used = time.monotonic() - began, time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(
        f"analysing {2 * RUNS} runs of {SAMPLES} samples: {elapsed:.2f} s ({used:.2f} s CPU), {len(compared)} metrics"
    )
    bins = max(len(run.samples.values) for arm in arms for run in arm if run.samples)
    print(f"a run holds at most {bins} bins for {SAMPLES} samples; the comparison took {grown / 1024:.0f} MiB more")


def sessions() -> None:
    """Print how long both sizes of a session over the whole catalogue take."""
    with tempfile.TemporaryDirectory() as folder:
        for options in (["--quick"], []):
            began = time.monotonic()
            command = [sys.executable, "-m", "lltool", "bench", "all", *options, "-o", f"{folder}/a.json"]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            print(f"lltool bench all {' '.join(options)}: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
    if "--sessions" in sys.argv[1:]:
        sessions()

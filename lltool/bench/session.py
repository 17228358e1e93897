"""A session of `lltool bench`: every benchmark so many times, in rounds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lltool import __version__
from lltool.bench.benchmark import Benchmark
from lltool.bench.model import Result, Run
from lltool.bench.runner import plan_runs, run_once, take_passport
from lltool.host.describe import describe_host
from lltool.root import Root

ARM = "bench"
DESIGN = "sequential"
QUICK_RUNS, FULL_RUNS = 10, 20
"""Runs of each benchmark. 20 make the intervals of a bootstrap over runs keep what they promise (measurement 2.2)."""


def measure(
    benchmarks: Sequence[Benchmark],
    cores: Sequence[int],
    tell: Callable[[str], None],
    *,
    runs: int,
    quick: bool,
    label: str,
    command: str,
) -> Result:
    """Measure each of ``benchmarks`` ``runs`` times with idle states held off; ``tell`` hears of each run to come.

    On ``KeyboardInterrupt`` the result holds the finished runs, and its notes say that more were planned. Raises
    ``LltoolError`` where the clock cannot be measured.
    """
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    host = describe_host(Root())
    passport = take_passport(cores)
    plan = plan_runs(benchmarks, runs)
    finished: list[Run] = []
    notes: tuple[str, ...] = ()
    try:
        for benchmark, round_number in plan:
            tell(f"{benchmark.name} {round_number + 1}/{runs}")
            finished.append(run_once(benchmark, cores, ARM, round_number, len(finished), quick=quick, hold=True))
    except KeyboardInterrupt:
        notes = (f"Interrupted after {len(finished)} of {len(plan)} runs.",)
    return Result(
        created=created,
        version=__version__,
        command=command,
        label=label,
        design=DESIGN,
        host=host,
        passport=passport,
        runs=tuple(finished),
        notes=notes,
    )

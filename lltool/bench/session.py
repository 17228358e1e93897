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

QUICK_LIMIT_SECONDS, FULL_LIMIT_SECONDS = 50.0, 540.0
"""How long the runs of the whole catalogue may take: `bench all` is to end within a minute, or ten."""

Tell = Callable[[str, int], None]
"""(what comes next, how many runs there will be in all)"""


def measure(
    benchmarks: Sequence[Benchmark],
    cores: Sequence[int],
    tell: Tell,
    *,
    runs: int,
    quick: bool,
    label: str,
    command: str,
    limit_seconds: float | None = None,
) -> Result:
    """Measure each of ``benchmarks`` ``runs`` times with idle states held off; ``tell`` hears of each run to come.

    With ``limit_seconds`` there are only as many rounds as will fit, judged by the first and checked by each; at least
    one. On ``KeyboardInterrupt`` the result holds the finished runs, and its notes say that more were planned. Raises
    ``LltoolError`` where the clock cannot be measured.
    """
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    host = describe_host(Root())
    passport = take_passport(cores)
    plan = plan_runs(benchmarks, runs)
    finished: list[Run] = []
    notes: tuple[str, ...] = ()
    began = time.monotonic()
    try:
        for benchmark, round_number in plan:
            if limit_seconds is not None and round_number and len(finished) == round_number * len(benchmarks):
                left = rounds_left(limit_seconds, time.monotonic() - began, round_number)
                if not left:
                    break
                runs = min(runs, round_number + left)
            tell(f"{benchmark.name} {round_number + 1}/{runs}", runs * len(benchmarks))
            finished.append(run_once(benchmark, cores, ARM, round_number, len(finished), quick=quick, hold=True))
    except KeyboardInterrupt:
        notes = (f"Interrupted after {len(finished)} of {runs * len(benchmarks)} runs.",)
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


def rounds_left(limit_seconds: float, elapsed_seconds: float, rounds: int) -> int:
    """How many more rounds fit into the limit, after ``rounds`` that took ``elapsed_seconds`` together."""
    return max(0, int((limit_seconds - elapsed_seconds) // (elapsed_seconds / rounds)))

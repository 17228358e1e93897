"""A session of `lltool bench`: every benchmark so many times, in rounds; it can be resumed and added to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lltool import __version__
from lltool.bench.allowance import Allowance
from lltool.bench.benchmark import Benchmark
from lltool.bench.continuing import first_round, left_to_do, refuse_if_unlike
from lltool.bench.eta import Forecast
from lltool.bench.fingerprint import fingerprints
from lltool.bench.floor_store import stored_floor
from lltool.bench.matching import FEWEST_RUNS
from lltool.bench.model import Result, Run
from lltool.bench.more_runs import duration
from lltool.bench.runner import plan_runs, run_once, take_passport
from lltool.bench.workload import effort_of
from lltool.host.describe import describe_host
from lltool.root import Root

ARM = "bench"
DESIGN = "sequential"
QUICK_RUNS, FULL_RUNS = 10, 20
"""Runs of each benchmark. 20 make the intervals of a bootstrap over runs keep what they promise (measurement 2.2)."""

KEEP_EVERY_SECONDS = 15.0
"""How much measuring a killed session may lose."""

Tell = Callable[[str, int], None]
Keep = Callable[[Result], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be measured: each of ``benchmarks`` ``runs`` times, with ``cores[0]`` as the measuring core.

    ``allowance`` cuts the runs to what it has for each, and ends the session after the last whole round that fits, but
    not before there are enough to be compared. ``earlier`` is a result to go on with: ``resume`` measures what it lacks
    of ``runs``, else ``runs`` more are added.
    """

    benchmarks: Sequence[Benchmark]
    cores: Sequence[int]
    runs: int
    quick: bool
    label: str
    command: str
    allowance: Allowance | None = None
    earlier: Result | None = None
    resume: bool = False

    @property
    def share(self) -> float:
        """The share of a whole run's effort that each run gets."""
        if self.allowance is None:
            return 1.0
        return self.allowance.share(len(self.benchmarks), effort_of(quick=self.quick))

    @property
    def effort(self) -> str:
        """The name of what each run gets."""
        return effort_of(quick=self.quick, share=self.share).name


def measure(request: Request, tell: Tell, keep: Keep) -> Result:
    """Measure what ``request`` asks for, with idle states held off and a real-time priority where allowed.

    ``tell`` hears of each run to come: which, how long it and all others will take, how many they are. ``keep`` is
    given what there is now and then, so that not much is lost where this process is killed. On ``KeyboardInterrupt``
    the result holds the finished runs, and its notes say that more were planned. Raises ``LltoolError`` where the
    clock cannot be measured, and ``InvalidInput`` where ``earlier`` was measured under other conditions.
    """
    result = _begin(request)
    plan = plan_runs(request.benchmarks, request.runs, first_round(request.earlier, resume=request.resume))
    if request.resume and request.earlier is not None:
        plan = left_to_do(plan, request.earlier.runs)
    forecast = Forecast(plan, request.allowance.seconds if request.allowance else None, FEWEST_RUNS)
    share = request.share
    runs = list(result.runs)
    already, kept = len(runs), time.monotonic()
    notes: tuple[str, ...] = ()
    try:
        while (step := forecast.next()) is not None:
            benchmark, round_number = step
            left = forecast.seconds_left
            remaining = "" if left is None else f", about {duration(left)} left"
            tell(f"{benchmark.name} {round_number + 1} of {forecast.rounds}{remaining}", forecast.steps_left)
            run = run_once(
                benchmark, request.cores, ARM, round_number, len(runs), quick=request.quick, hold=True, share=share
            )
            runs.append(run)
            forecast.done(run)
            if time.monotonic() - kept > KEEP_EVERY_SECONDS:
                keep(replace(result, runs=tuple(runs), notes=(*result.notes, _unfinished(runs, already, plan))))
                kept = time.monotonic()
    except KeyboardInterrupt:
        notes = (_unfinished(runs, already, plan),)
    return replace(result, runs=tuple(runs), notes=(*result.notes, *notes))


UNFINISHED = "Interrupted after"


def was_interrupted(result: Result) -> bool:
    """Whether ``result`` lacks runs that were planned."""
    return any(note.startswith(UNFINISHED) for note in result.notes)


def _cut(request: Request) -> tuple[str, ...]:
    if request.share == 1 or request.allowance is None:
        return ()
    whole, limit = "quick" if request.quick else "full", duration(request.allowance.seconds)
    told = (
        f"Each run is cut to {request.share:.2g} of a {whole} one, so that {request.allowance.rounds} rounds of "
        f"{len(request.benchmarks)} benchmarks fit into {limit}: `lltool bench run` measures each at full length."
    )
    return (told,)


def _unfinished(runs: Sequence[Run], already: int, plan: Sequence[object]) -> str:
    return f"{UNFINISHED} {len(runs) - already} of {len(plan)} runs."


def _begin(request: Request) -> Result:
    host = describe_host(Root())
    passport = take_passport(request.cores)
    earlier = request.earlier
    if earlier is not None:
        refuse_if_unlike(earlier, host, passport, request.cores, request.effort)
        kept = (*(note for note in earlier.notes if not note.startswith(UNFINISHED)), *_cut(request))
        return replace(earlier, notes=tuple(dict.fromkeys(kept)), label=request.label or earlier.label)
    known = stored_floor(host, quick=request.quick).of_cut_runs(request.share)
    return Result(
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
        command=request.command,
        label=request.label,
        design=DESIGN,
        host=host,
        passport=passport,
        runs=(),
        noise_floor=known.floor,
        false_alarms=known.false_alarms,
        fingerprint=fingerprints(host),
        notes=_cut(request),
    )

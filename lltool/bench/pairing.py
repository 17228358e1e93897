"""The two arms of one trial, or of two result files, with what limits their comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from lltool.bench.compare import MARGIN, Limits, benchmarks_in, compare
from lltool.bench.estimates import CLOCK_AGREEMENT
from lltool.bench.fingerprint import differences
from lltool.bench.model import Comparison, Outcome, Result, Run
from lltool.bench.resolution import quantum_ns
from lltool.errors import InvalidInput

ARMS = ("before", "after")
SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms. ``design`` as in Result; ``quantum_ns`` of the coarser clock; ``notes`` say what to keep in mind."""

    before: tuple[Run, ...]
    after: tuple[Run, ...]
    design: str
    quantum_ns: float | None
    notes: tuple[str, ...]
    noise_floor: dict[str, dict[str, float]] = field(default_factory=dict)
    false_alarms: dict[str, dict[str, float]] = field(default_factory=dict)

    def compare(self, margin: float = MARGIN) -> list[Comparison]:
        """A verdict for each metric of each benchmark; a sequential design says with each that it is the weaker one.

        ``margin`` as in :class:`lltool.bench.compare.Limits`.
        """
        limits = Limits(self.quantum_ns, self.noise_floor, self.false_alarms, margin)
        found = compare(self.before, self.after, limits)
        return [_weaker(entry) for entry in found] if self.design == SEQUENTIAL else found


def _weaker(entry: Comparison) -> Comparison:
    claims = entry.outcome in {Outcome.BETTER, Outcome.WORSE}
    return replace(entry, reason=f"{entry.reason}; sequential: a drift would look the same") if claims else entry


def has_both_arms(result: Result) -> bool:
    """Whether one file holds both arms, as `lltool trial` writes it."""
    return {run.arm for run in result.runs} >= set(ARMS)


def pair_of(before: Result, after: Result) -> Pair:
    """The arms to compare: all runs of each result, or, of the same trial given twice, its two arms.

    Raises InvalidInput where it is not clear which runs are meant.
    """
    if before == after:
        return _arms_of_one(before)
    faults = [
        f"{name}: holds both arms of a trial"
        for name, result in zip(ARMS, (before, after), strict=True)
        if has_both_arms(result)
    ]
    if faults:
        step = "give a trial's file twice to compare its own arms"
        raise InvalidInput("it is not clear which runs to compare", faults, next_step=step)
    notes = [
        "sequential design: a drift of the machine between the files cannot be told from an effect",
        *_differences(before, after),
        *_unlike_work(before.runs, after.runs),
        *(f"{arm}: {note}" for arm, result in zip(ARMS, (before, after), strict=True) for note in result.notes),
    ]
    return _pair(before.runs, after.runs, SEQUENTIAL, (before, after), notes)


def _arms_of_one(result: Result) -> Pair:
    if not has_both_arms(result):
        arms = ", ".join(sorted({run.arm for run in result.runs})) or "no runs"
        faults = [f"the same result twice, and it holds only one arm ({arms})"]
        step = "give two results, or one of `lltool trial`"
        raise InvalidInput("there is nothing to compare", faults, next_step=step)
    before, after = (tuple(run for run in result.runs if run.arm == arm) for arm in ARMS)
    notes = list(result.notes)
    if result.design == SEQUENTIAL:
        notes.append("sequential design: a drift of the machine between the arms cannot be told from an effect")
    return _pair(before, after, result.design, (result,), notes)


def _pair(
    before: Sequence[Run], after: Sequence[Run], design: str, results: Sequence[Result], notes: list[str]
) -> Pair:
    quanta = [quantum_ns(result.passport) for result in results]
    known = [quantum for quantum in quanta if quantum is not None]
    if len(known) < len(quanta):
        notes.append("the passport does not give the quantum of the clock: figures may show more than it resolves")
    if not set(benchmarks_in(before)) & set(benchmarks_in(after)):
        notes.append("no benchmark is in both arms")
    floors = _larger([result.noise_floor for result in results])
    alarms = _larger([result.false_alarms for result in results])
    return Pair(tuple(before), tuple(after), design, max(known, default=None), tuple(notes), floors, alarms)


def _larger(floors: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Of what two self-tests found the larger one, metric by metric."""
    larger: dict[str, dict[str, float]] = {}
    for floor in floors:
        for benchmark, metrics in floor.items():
            own = larger.setdefault(benchmark, {})
            for metric, value in metrics.items():
                own[metric] = max(value, own.get(metric, 0.0))
    return larger


def _differences(before: Result, after: Result) -> list[str]:
    notes = [f"{name} differs: {old} before, {new} after" for name, old, new in differences(before.host, after.host)]
    rates = [_tick_hz(result) for result in (before, after)]
    if rates[0] and rates[1] and abs(rates[1] / rates[0] - 1) > CLOCK_AGREEMENT:
        notes.append(f"the clock differs: {rates[0] / 1e6:.0f} MHz before, {rates[1] / 1e6:.0f} MHz after")
    versions = (before.version, after.version)
    if versions[0] != versions[1]:
        notes.append(f"lltool differs: {versions[0]} before, {versions[1]} after")
    return notes


def _unlike_work(before: Sequence[Run], after: Sequence[Run]) -> list[str]:
    """What the workers of two arms did differently: how much they measured, and each condition they held or not."""
    told = [({("effort", run.effort) for run in arm if run.effort}) for arm in (before, after)]
    held = [{item for run in arm for item in run.conditions.items()} for arm in (before, after)]
    notes = []
    for old, new in (told, held):
        for name in dict.fromkeys(name for name, _ in sorted(old | new)):
            states = [sorted(state for known, state in arm if known == name) for arm in (old, new)]
            if states[0] != states[1] and all(states):
                notes.append(f"{name} differs: {', '.join(states[0])} before, {', '.join(states[1])} after")
    return notes


def _tick_hz(result: Result) -> float:
    return median([run.tick_hz for run in result.runs if run.measured] or [0.0])

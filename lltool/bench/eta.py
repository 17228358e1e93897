"""How long the rest of a session takes, told from what its runs took so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import fmean

from lltool.bench.benchmark import Benchmark
from lltool.bench.model import Run

Step = tuple[Benchmark, int]


class Forecast:
    """Gives out the steps of ``plan`` in order and foresees their end, benchmark by benchmark.

    A step takes as long as the benchmark's runs before it did on average; one that has not run yet, as long as the
    others on average. With ``limit_seconds`` no round beyond the first ``least_rounds`` is begun that would not end in
    time. A benchmark that does not apply here is not asked again.
    """

    def __init__(self, plan: Sequence[Step], limit_seconds: float | None, least_rounds: int = 1) -> None:
        self._plan = list(plan)
        self._limit_seconds = limit_seconds
        self._least_rounds = least_rounds
        self._rounds = sorted({round_number for _, round_number in plan})
        self._began = time.monotonic()
        self._position = 0
        self._took: dict[str, list[float]] = {}

    @property
    def rounds(self) -> int:
        """The number of the last round that will be measured, from 1."""
        return (self._rounds[-1] if self._rounds else 0) + 1

    @property
    def steps_left(self) -> int:
        """How many steps are left, with the one given out last."""
        return len(self._plan) - self._position + 1

    @property
    def seconds_left(self) -> float | None:
        """How long the steps that are left take, with the one given out last; None before the first run ended.

        Rounds that the limit will cut off do not count.
        """
        if not self._took:
            return None
        left = self._plan[max(0, self._position - 1) :]
        if self._limit_seconds is None:
            return self._expected(left)
        sure = self._expected([step for step in left if step[1] <= self._sure_round])
        return max(sure, min(self._expected(left), self._limit_seconds - (time.monotonic() - self._began)))

    @property
    def _sure_round(self) -> int:
        """The last round that is measured however long it takes."""
        begun = self._plan[max(0, self._position - 1)][1]
        return max(begun, self._rounds[min(self._least_rounds, len(self._rounds)) - 1])

    def next(self) -> Step | None:
        """The step to do now; None where all are done, or the next round would end too late."""
        if self._begins_a_round():
            self._shorten()
        if self._position == len(self._plan):
            return None
        self._position += 1
        return self._plan[self._position - 1]

    def done(self, run: Run) -> None:
        """Tell what came of the step that was given out last."""
        if run.not_applicable is not None:
            behind = self._plan[self._position :]
            self._plan[self._position :] = [step for step in behind if step[0].name != run.benchmark]
        else:
            self._took.setdefault(run.benchmark, []).append(run.seconds)

    def _begins_a_round(self) -> bool:
        return 0 < self._position < len(self._plan) and (
            self._plan[self._position][1] != self._plan[self._position - 1][1]
        )

    def _shorten(self) -> None:
        if self._limit_seconds is None:
            return
        left = self._limit_seconds - (time.monotonic() - self._began)
        sure = self._sure_round
        whole = [round_number for round_number in self._rounds if round_number <= sure]
        for round_number in self._rounds[len(whole) :]:
            steps = [step for step in self._plan[self._position :] if step[1] <= round_number]
            if self._expected(steps) > left:
                break
            whole.append(round_number)
        self._rounds = whole
        self._plan = [step for step in self._plan if step[1] <= whole[-1]]

    def _expected(self, steps: Sequence[Step]) -> float:
        means = {name: fmean(took) for name, took in self._took.items()}
        usual = fmean(means.values()) if means else 0.0
        return sum(means.get(benchmark.name, usual) for benchmark, _ in steps)

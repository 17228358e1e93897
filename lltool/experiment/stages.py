"""The pipeline stage by stage against the latency budget of chapter 5.1.2.

Where a benchmark of the pipeline was measured its stages are shown, with what they leave unaccounted. Else the parts
that were measured each by itself stand for them, and the page says so.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

from lltool.bench.budgets import TICK_TO_TRADE, Budget, load_budgets
from lltool.bench.compare import benchmarks_in
from lltool.bench.estimates import estimate, having
from lltool.bench.model import Run
from lltool.bench.resolution import quantum_ns
from lltool.bench.stages import (
    BUDGET_OF_STAGE,
    NOTE,
    SUMS,
    TICK_TO_TRADE_TITLE,
    TOTAL,
    UNACCOUNTED,
    medians,
    unaccounted,
)
from lltool.experiment.chapter import title_of
from lltool.experiment.hierarchy import figures_by_arm
from lltool.reports import ArmFigure, Stage, Stages
from lltool.reports.charts.axes import quantity

_OF_PIPELINE = (
    "Median of each stage of {name}, from the stamp before it. Tick to trade is from the read to the call that sends; "
    "unaccounted is what it takes beyond the stages in between."
)
_OF_PARTS = (
    "The pipeline itself was not measured: these are its parts, each measured alone. Their sum is no tick-to-trade "
    "latency: queues, wake-ups and cold caches between them are missing."
)


def stages_of(arms: Mapping[str, Sequence[Run]], passport: Mapping[str, object]) -> Stages | None:
    """The stages with the figures of each arm; None where neither the pipeline nor a part of it was measured."""
    runs = [run for own in arms.values() for run in own]
    for benchmark in benchmarks_in(runs):
        if any(isinstance(run.notes.get(NOTE), Mapping) for run in runs if run.benchmark == benchmark):
            return _of_pipeline(benchmark, arms)
    parts = _parts(arms, quantum_ns(dict(passport)))
    return Stages(_OF_PARTS, parts) if parts else None


def _of_pipeline(benchmark: str, arms: Mapping[str, Sequence[Run]]) -> Stages:
    budgets = {budget.title: budget for budget in load_budgets().budgets}
    own = {arm: [run for run in runs if run.benchmark == benchmark] for arm, runs in arms.items()}
    by_arm = {arm: medians(runs) for arm, runs in own.items()}
    names = dict.fromkeys(name for spans in by_arm.values() for name in spans if name not in SUMS)
    stages = [
        _stage(
            name,
            benchmark,
            budgets.get(BUDGET_OF_STAGE.get(name, "")),
            [(arm, spans[name]) for arm, spans in by_arm.items() if name in spans],
        )
        for name in names
    ]
    totals = [(arm, total) for arm, runs in own.items() if (total := _total(by_arm[arm], runs)) is not None]
    rest = [(arm, unaccounted(by_arm[arm], total)) for arm, total in totals if by_arm[arm]]
    return Stages(
        _OF_PIPELINE.format(name=title_of(benchmark)),
        (
            *stages,
            _stage(UNACCOUNTED, benchmark, None, rest),
            _stage(TICK_TO_TRADE_TITLE, benchmark, budgets.get(TICK_TO_TRADE_TITLE), totals),
        ),
    )


def _total(spans: Mapping[str, float], runs: Sequence[Run]) -> float | None:
    """Tick to trade: noted with the stages, else the benchmark's own median."""
    if TOTAL in spans:
        return spans[TOTAL]
    found = estimate(runs, "p50")
    return None if found is None else found.value


def _parts(arms: Mapping[str, Sequence[Run]], quantum: float | None) -> tuple[Stage, ...]:
    """For each budget of the chapter's table the first benchmark with a figure for it."""
    runs = [run for own in arms.values() for run in own]
    found = []
    for budget in load_budgets().budgets:
        if not budget.source.startswith("5.1.2") or TICK_TO_TRADE in budget.benchmarks:
            continue
        for benchmark in benchmarks_in(runs):
            fits = any(fnmatch.fnmatchcase(benchmark, pattern) for pattern in budget.benchmarks)
            if fits and having([run for run in runs if run.benchmark == benchmark], budget.metric):
                figures = figures_by_arm(arms, benchmark, budget.metric, quantum)
                found.append(
                    Stage(budget.title, title_of(benchmark), budget.metric, budget.limit, budget.limit_ns, figures)
                )
                break
    return tuple(found)


def _stage(name: str, benchmark: str, budget: Budget | None, figures: Sequence[tuple[str, float]]) -> Stage:
    return Stage(
        title=name if budget is None or name == budget.title else f"{name} ({budget.title})",
        measured_by=title_of(benchmark),
        metric="p50",
        limit="" if budget is None else budget.limit,
        limit_ns=None if budget is None else budget.limit_ns,
        figures=tuple(
            ArmFigure(arm, value, quantity(value, "ns") if value > 0 else f"{value:.0f} ns") for arm, value in figures
        ),
    )

"""The pipeline stage by stage against the budgets of chapter 5.1.2, from what its runs noted; and its knee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lltool.bench.budgets import Budget, Standing, load_budgets
from lltool.bench.model import Run

NOTE = "stages_ns"
"""The note of a run of the pipeline: a JSON object, span to nanoseconds (median over ticks), in a tick's order."""
NOTE_P99 = "stages_p99_ns"

BUDGET_OF_STAGE = {
    "kernel_to_read": "Network I/O",
    "parse": "Market data parsing",
    "book": "Order book update",
    "strategy": "Strategy decision",
    "risk": "Risk check",
    "serialise": "Order serialization",
    "send": "Network I/O",
    "send_to_kernel": "Network I/O",
}
"""The budget of each stage of the pipeline's kernel, by its title. Waiting and the hops between cores have none."""

INSIDE = ("waited", "parse", "hop_in", "book", "strategy", "risk", "hop_out", "serialise")
"""What tick to trade spans: from the read to the call that sends."""

TOTAL = "tick_to_trade"
WHOLE = "kernel_to_kernel"
"""From the kernel's receive stamp to its transmit stamp, of the orders that have both."""
RESPONSE = "trade_response"
IN = "kernel_to_read"
SUMS = frozenset({TOTAL, WHOLE, RESPONSE, "tick_to_update", "update_response"})
"""Spans over several stages."""

TICK_TO_TRADE_TITLE = "Tick to trade"
UNACCOUNTED = "unaccounted"
BEFORE_THE_KERNEL = "unaccounted, before"
"""From the intended time to the kernel's receive stamp: how late the market was, its send, and the loopback."""


@dataclass(frozen=True, slots=True)
class StageFigure:
    """A stage, or a sum of stages, over the runs of one benchmark: medians of their medians and of their p99.

    ``standing`` holds the figure that the budget is about against it: below 1 us the median, from there on p99.
    """

    name: str
    p50_ns: float
    p99_ns: float | None
    limit: str = ""
    standing: str = ""


def medians(runs: Sequence[Run], note: str = NOTE) -> dict[str, float]:
    """The median over ``runs`` of each span that they noted, in the order of a tick."""
    found: dict[str, list[float]] = {}
    for run in runs:
        noted = run.notes.get(note)
        for name, value in noted.items() if isinstance(noted, Mapping) else ():
            if isinstance(value, int | float):
                found.setdefault(str(name), []).append(float(value))
    return {name: median(values) for name, values in found.items()}


def unaccounted(spans: Mapping[str, float], total: float) -> float:
    """What ``total``, a tick to trade, takes beyond its stages.

    Stages of a thread leave no time between them; what is left is that stamps take time themselves, and that medians of
    stages need not add up to the median of the sum.
    """
    return total - sum(spans.get(name, 0.0) for name in INSIDE)


def stage_figures(runs: Sequence[Run]) -> list[StageFigure]:
    """The stages of one benchmark's ``runs``, what they leave unaccounted, then the sums; empty without notes."""
    centre, tail = medians(runs), medians(runs, NOTE_P99)
    budgets = {budget.title: budget for budget in load_budgets().budgets}
    rows = [
        _figure(name, centre[name], tail.get(name), budgets.get(BUDGET_OF_STAGE.get(name, "")))
        for name in centre
        if name not in SUMS
    ]
    if TOTAL in centre:
        rows.append(StageFigure(UNACCOUNTED, unaccounted(centre, centre[TOTAL]), None))
        if RESPONSE in centre and IN in centre:
            before = centre[RESPONSE] - centre[IN] - centre[TOTAL]
            rows.append(StageFigure(BEFORE_THE_KERNEL, before, None))
    total = budgets.get(TICK_TO_TRADE_TITLE)
    wanted = {TOTAL: total, WHOLE: total, RESPONSE: total}
    rows += [_figure(name, centre[name], tail.get(name), wanted.get(name)) for name in centre if name in SUMS]
    return rows


def _figure(name: str, p50_ns: float, p99_ns: float | None, budget: Budget | None) -> StageFigure:
    if budget is None:
        return StageFigure(name, p50_ns, p99_ns)
    held = p99_ns if budget.metric == "p99" else p50_ns
    if held is None:
        return StageFigure(name, p50_ns, p99_ns, budget.limit)
    standing = Standing.OVER if held >= budget.limit_ns else Standing.WITHIN
    at = "p99" if budget.metric == "p99" else "p50"
    return StageFigure(name, p50_ns, p99_ns, f"{at} {budget.limit}", standing.value)

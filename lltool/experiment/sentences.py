"""Verdicts in sentences, the most important first."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.budgets import Standing, load_budgets
from lltool.bench.document import counted
from lltool.bench.figures import figures_of, percent, runs_of, span
from lltool.bench.model import Comparison, Outcome
from lltool.bench.pairing import SEQUENTIAL, Pair
from lltool.bench.resolution import readable_unit
from lltool.experiment.chapter import headline_of, title_of

NOTHING_TOLD = "No figure was shown to be worse, and no benchmark to be better in the figure that stands for it."


def verdict_sentences(comparisons: Sequence[Comparison], pair: Pair) -> list[str]:
    """What got worse in any metric, then what got better in its headline, the larger change first, then a count."""
    by_benchmark: dict[str, list[Comparison]] = {}
    for entry in comparisons:
        by_benchmark.setdefault(entry.benchmark, []).append(entry)
    worse = [lead for own in by_benchmark.values() if (lead := _leading(own, Outcome.WORSE))]
    better = [
        lead for own in by_benchmark.values() if (lead := _leading(own, Outcome.BETTER)) and _is_headline(lead[0])
    ]
    told = [
        _sentence(lead, others, pair)
        for leads in (worse, better)
        for lead, others in sorted(leads, key=lambda pick: -abs(pick[0].change or 0.0))
    ]
    return [*(told or [NOTHING_TOLD]), *_budget_sentences(comparisons), _count(comparisons)]


def _budget_sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """The budgets that are missed, one by one, then how many are kept."""
    budgets = load_budgets()
    over, kept = [], []
    for entry in comparisons:
        budget = budgets.of(entry.benchmark, entry.metric)
        if budget is None or entry.after is None:
            continue
        if budget.standing(entry.after) is Standing.OVER:
            unit, factor = readable_unit("ns", entry.after.value)
            figure = f"{entry.after.value * factor:.3g} {unit}"
            over.append(
                f"Over budget: {_subject(entry).rstrip(',')} is {figure}, {budget.limit} is wanted ({budget.title})."
            )
        else:
            kept.append(title_of(entry.benchmark))
    return [*over, *([f"Within budget: {', '.join(dict.fromkeys(kept))}."] if kept else [])]


def _is_headline(entry: Comparison) -> bool:
    return entry.metric == headline_of(entry.benchmark, (entry.metric,))


def _leading(own: Sequence[Comparison], outcome: Outcome) -> tuple[Comparison, list[Comparison]] | None:
    """The metric to speak of: the headline, else the one that changed most; and the others with that outcome."""
    having = [entry for entry in own if entry.outcome is outcome]
    lead = min(having, key=lambda entry: (not _is_headline(entry), -abs(entry.change or 0.0)), default=None)
    return None if lead is None else (lead, [entry for entry in having if entry is not lead])


def _sentence(entry: Comparison, others: Sequence[Comparison], pair: Pair) -> str:
    figures = figures_of(entry, pair)
    change, low, high = entry.change or 0.0, entry.low or 0.0, entry.high or 0.0
    too = f" ({', '.join(other.metric for other in others)} too)" if others else ""
    design = "runs, one arm after the other" if pair.design == SEQUENTIAL else "interleaved runs"
    return (
        f"{_subject(entry)} {'fell' if change < 0 else 'rose'} from {figures.before} to {figures.after} {figures.unit} "
        f"({percent(change)} %, 95 % interval {span(low, high)}; {runs_of(entry)} {design}): "
        f"{entry.outcome.value}{_standing(entry)}{too}."
    )


def _standing(entry: Comparison) -> str:
    budget = load_budgets().of(entry.benchmark, entry.metric)
    if budget is None or entry.after is None:
        return ""
    return {Standing.WITHIN: ", within budget", Standing.OVER: ", over budget"}.get(budget.standing(entry.after), "")


def _subject(entry: Comparison) -> str:
    title = title_of(entry.benchmark)
    return {"centre": f"{title}, one operation,", "lost": f"{title}, time lost,"}.get(
        entry.metric, f"{title} {entry.metric}"
    )


def _count(comparisons: Sequence[Comparison]) -> str:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in counted(comparisons).items() if count)
    return f"Of {len(comparisons)} figures: {counts or 'none'}."

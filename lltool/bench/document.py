"""A comparison as a JSON document (schema ``lltool.compare/1``) and as Markdown for a pull request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lltool.bench.budgets import Budgets
from lltool.bench.figures import NONE, figures_of
from lltool.bench.findings import findings_document
from lltool.bench.markdown import inline, table
from lltool.bench.model import Comparison, Estimate, Outcome, Result
from lltool.bench.pairing import Pair

SCHEMA = "lltool.compare/1"

_EXPLAINED = frozenset({Outcome.INCONCLUSIVE, Outcome.NOT_COMPARED})


def comparison_document(
    pair: Pair, comparisons: Sequence[Comparison], before: Result, after: Result, budgets: Budgets
) -> dict[str, Any]:
    """The comparison as JSON types: every number unrounded, in the unit named beside it."""
    return {
        "schema": SCHEMA,
        "design": pair.design,
        "before": _origin(before),
        "after": _origin(after),
        "quantum_ns": pair.quantum_ns,
        "budgets": budgets.name,
        "comparisons": [_comparison(entry, budgets) for entry in comparisons],
        "outcomes": counted(comparisons),
        "findings": {"before": findings_document(before), "after": findings_document(after)},
        "notes": list(pair.notes),
    }


def counted(comparisons: Sequence[Comparison]) -> dict[str, int]:
    """How many comparisons had each outcome; every outcome is named."""
    counts = Counter(entry.outcome for entry in comparisons)
    return {outcome.value: counts[outcome] for outcome in Outcome}


def _origin(result: Result) -> dict[str, str]:
    return {
        "label": result.label,
        "created": result.created,
        "version": result.version,
        "command": result.command,
    }


def _comparison(entry: Comparison, budgets: Budgets) -> dict[str, Any]:
    return {
        **asdict(entry),
        "before": _estimate(entry.before),
        "after": _estimate(entry.after),
        "budget": _budget(entry, budgets),
    }


def _budget(entry: Comparison, budgets: Budgets) -> dict[str, Any] | None:
    budget = budgets.of(entry.benchmark, entry.metric)
    if budget is None:
        return None
    return {
        "title": budget.title,
        "limit_ns": budget.limit_ns,
        "standing": None if entry.after is None else budget.standing(entry.after).value,
        "tier": None if entry.after is None else budgets.tier_of(entry.benchmark, entry.after.value),
    }


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else {**asdict(estimate), "settled": estimate.settled}


def comparison_markdown(pair: Pair, comparisons: Sequence[Comparison], budgets: Budgets) -> str:
    """The comparison as a Markdown table with its summary and its cautions."""
    rows = []
    for entry in comparisons:
        figures = figures_of(entry, pair)
        verdict = entry.outcome.value
        rows.append(
            [
                entry.benchmark,
                entry.metric,
                *(value if value == NONE else f"{value} {figures.unit}" for value in (figures.before, figures.after)),
                figures.change,
                figures.interval,
                figures.runs,
                figures.clean,
                f"{verdict}: {entry.reason}" if entry.outcome in _EXPLAINED else verdict,
                budgets.in_words(entry.benchmark, entry.metric, entry.after).removeprefix("budget ") or NONE,
            ]
        )
    summary = ", ".join(f"{count} {outcome}" for outcome, count in counted(comparisons).items() if count)
    header = (
        "benchmark",
        "metric",
        "before",
        "after",
        "change",
        "95 % interval",
        "runs",
        "undisturbed",
        "verdict",
        "budget",
    )
    lines = [
        f"**{summary or 'nothing to compare'}** ({inline(pair.design)} design; lower is better)",
        "",
        *table(header, rows, figures=header[2:8]),
    ]
    notes = [f"- {inline(note)}" for note in pair.notes]
    return "\n".join([*lines, *(["", *notes] if notes else [])]) + "\n"

"""`lltool bench compare`: two results, or the two arms of one trial, against each other."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from lltool.bench.budgets import Budgets
    from lltool.bench.model import Comparison
    from lltool.bench.pairing import Pair

GATE_FAILED = 5

HEADER = (
    "benchmark",
    "metric",
    "unit",
    "before",
    "after",
    "change",
    "95 % interval",
    "runs",
    "undisturbed",
    "verdict",
)


class FailOn(StrEnum):
    """What makes the command fail."""

    WORSE = "worse"
    OVER_BUDGET = "over-budget"


def compare(
    before: Annotated[Path, typer.Argument(help="Result, or report, of the state before.")],
    after: Annotated[Path, typer.Argument(help="Result or report after; the same file again compares the arms in it.")],
    fail_on: Annotated[
        list[FailOn] | None, typer.Option(help="Exit 5 where a figure is that; may be given twice.")
    ] = None,
    budgets: Annotated[
        str, typer.Option("--budgets", metavar="NAME|FILE", help="What figures must not exceed.")
    ] = "chapter5",
    margin: Annotated[
        float, typer.Option(metavar="PERCENT", min=0.1, max=100.0, help="Smaller changes do not matter.")
    ] = 2.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML, for CI.")] = None,
) -> None:
    """Compare results: a verdict for every metric, from a bootstrap over runs.

    Example: lltool bench compare monday.json tuesday.json --fail-on worse --junit bench.xml
    """
    if json and markdown:
        raise typer.BadParameter("give one of --json and --markdown")
    from lltool.atomic import write_atomically
    from lltool.bench.budgets import load_budgets
    from lltool.bench.document import comparison_document, comparison_markdown
    from lltool.bench.junit import junit as junit_document
    from lltool.bench.pairing import pair_of
    from lltool.bench.results import read_arms

    limits = load_budgets(budgets)
    results = read_arms(before, after)
    pair = pair_of(*results)
    comparisons = pair.compare(margin / 100)
    if json:
        print_json(comparison_document(pair, comparisons, *results, limits))
    elif markdown:
        typer.echo(comparison_markdown(pair, comparisons, limits), nl=False)
    else:
        _print(pair, comparisons, limits)
    if junit is not None:
        write_atomically(junit, junit_document(pair, comparisons, limits))
    failed = _failures(comparisons, limits, fail_on or [])
    for line in failed:
        say(f"lltool: {line}")
    if failed:
        raise typer.Exit(GATE_FAILED)


def _print(pair: Pair, comparisons: Sequence[Comparison], limits: Budgets) -> None:
    from lltool.bench.figures import figures_of

    rows = []
    for entry in comparisons:
        figures = figures_of(entry, pair)
        told = "; ".join(filter(None, [entry.reason, limits.in_words(entry.benchmark, entry.metric, entry.after)]))
        rows.append(
            (
                entry.benchmark,
                entry.metric,
                figures.unit,
                figures.before,
                figures.after,
                figures.change,
                figures.interval,
                figures.runs,
                figures.clean,
                f"{entry.outcome.value}: {told}",
            )
        )
    print_table(HEADER, rows)
    for note in pair.notes:
        say(f"note: {note}")


def _failures(comparisons: Sequence[Comparison], limits: Budgets, gates: Sequence[FailOn]) -> list[str]:
    """Each figure that a gate refuses, in words."""
    from lltool.bench.budgets import is_over_budget
    from lltool.bench.model import Outcome

    found = []
    for entry in comparisons:
        if FailOn.WORSE in gates and entry.outcome is Outcome.WORSE:
            found.append(f"{entry.benchmark} {entry.metric} is worse")
        if FailOn.OVER_BUDGET in gates and is_over_budget(limits, entry):
            found.append(
                f"{entry.benchmark} {entry.metric}: {limits.in_words(entry.benchmark, entry.metric, entry.after)}"
            )
    return found

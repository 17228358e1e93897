"""`lltool bench compare`: two results, or the two arms of one trial, against each other."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lltool.cli.output import print_json, print_table, say

GATE_FAILED = 5


class FailOn(StrEnum):
    """What makes the command fail."""

    WORSE = "worse"


def compare(
    before: Annotated[Path, typer.Argument(help="Result, or report, of the state before.")],
    after: Annotated[Path, typer.Argument(help="Result or report after; the same file again compares the arms in it.")],
    fail_on: Annotated[FailOn | None, typer.Option(help="Exit 5 where any metric has this verdict.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")] = False,
) -> None:
    """Compare results: a verdict for every metric, from a bootstrap over runs.

    Example: lltool bench compare monday.json tuesday.json --fail-on worse
    """
    if json and markdown:
        raise typer.BadParameter("give one of --json and --markdown")
    from lltool.bench.document import comparison_document, comparison_markdown
    from lltool.bench.figures import figures_of
    from lltool.bench.model import Outcome
    from lltool.bench.pairing import pair_of
    from lltool.bench.results import read_arms

    results = read_arms(before, after)
    pair = pair_of(*results)
    comparisons = pair.compare()
    if json:
        print_json(comparison_document(pair, comparisons, *results))
    elif markdown:
        typer.echo(comparison_markdown(pair, comparisons), nl=False)
    else:
        rows = []
        for entry in comparisons:
            figures = figures_of(entry, pair)
            texts = (
                figures.unit,
                figures.before,
                figures.after,
                figures.change,
                figures.interval,
                figures.runs,
                figures.clean,
            )
            rows.append((entry.benchmark, entry.metric, *texts, f"{entry.outcome.value}: {entry.reason}"))
        print_table(
            (
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
            ),
            rows,
        )
        for note in pair.notes:
            say(f"note: {note}")
    if fail_on is FailOn.WORSE and any(entry.outcome is Outcome.WORSE for entry in comparisons):
        raise typer.Exit(GATE_FAILED)

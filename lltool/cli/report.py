"""`lltool report`: results -> one HTML page that opens offline."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lltool.bench.model import Result


def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...",
            help="One result; two: before and after; more: a history. A report stands for those in it; a document of "
            "`lltool noise --json` goes with the result before it.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="The page.  [default: the last RESULT with .html]"),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the summary as Markdown, for a pull request, and write no page.")
    ] = False,
    open_: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Show results as one page: verdict, figures, spectra, settings, host. Prints its path.

    Example: lltool report lltool-results/trial.json -o trial.html
    """
    from lltool.experiment.sources import read_sources

    read, last = read_sources(results)
    if markdown and open_:
        raise typer.BadParameter("give one of --markdown and --open")
    if markdown:
        from lltool.experiment.page import build_page
        from lltool.experiment.summary import summary_markdown

        typer.echo(summary_markdown(build_page(read, results)), nl=False)
        return
    page = write_report(read, results, output if output is not None else _beside(last, results))
    typer.echo(page)
    if open_:
        _open(page)


def _open(page: str) -> None:
    import webbrowser

    from lltool.errors import LltoolError

    if not webbrowser.open(Path(page).resolve().as_uri()):
        raise LltoolError(
            f"{page} is written, but not opened",
            cause="no browser was found",
            next_step="set BROWSER, or open the file",
        )


def _beside(last: Path, results: Sequence[Path]) -> Path:
    """Where the page goes: beside the last result; a report of its own is rendered anew, one of several is kept."""
    page = last.with_suffix(".html")
    return page.with_stem(f"{page.stem}-compared") if len(results) > 1 and page in results else page


def write_report(
    results: Sequence[Result], sources: Sequence[str | os.PathLike[str]], output: str | os.PathLike[str]
) -> str:
    """Write the page of ``results``, read from the files ``sources``, to ``output``; return its path.

    Raises LltoolError where it cannot be written, InvalidInput where the results give no page.
    """
    from lltool.atomic import write_atomically
    from lltool.experiment.page import build_page
    from lltool.reports import render

    write_atomically(output, render(build_page(results, sources)))
    return os.fspath(output)

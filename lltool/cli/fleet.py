"""`lltool fleet`: what many hosts sent -> one picture, or whether a rollout may go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lltool.cli.output import print_json, print_table, say

DirectoryArgument = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Holds HOST.json or HOST/*.json of each host.", show_default=False),
]

app = typer.Typer(name="fleet", help="Many hosts: who complies, who drifted, who stands out.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Many hosts: who complies, who drifted, who stands out."""


@app.command()
def report(
    directory: DirectoryArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The page.  [default: DIR.html]")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document; then a page is written only with -o.")
    ] = False,
) -> None:
    """Show a fleet as one page: compliance, drift, outliers, what could not be read. Prints its path.

    Collect `lltool monitor metrics --json` of each host as DIR/HOST.json, or its verify documents and result files in
    DIR/HOST/; the playbooks of ansible/ do. Exits 3 where a host drifted, 1 where one could not be judged, 4 where one
    waits for a reboot.

    Example: lltool fleet report ./fleet -o fleet.html
    """
    import time

    from lltool.atomic import write_atomically
    from lltool.fleet.collected import hosts
    from lltool.fleet.document import fleet_document
    from lltool.fleet.page import fleet_page
    from lltool.fleet.picture import picture
    from lltool.reports.render_fleet import render_fleet

    fleet = picture(hosts(directory))
    page = output if output is not None else None if json else directory.resolve().with_suffix(".html")
    if page is not None:
        write_atomically(page, render_fleet(fleet_page(fleet, str(directory), time.time())), mode=0o600)
    if json:
        print_json(fleet_document(fleet))
    else:
        typer.echo(str(page))
        for standing, count in fleet.standings.items():
            if count:
                say(f"{count} {standing.value}")
    raise typer.Exit(fleet.exit_code)


@app.command()
def gate(
    directory: DirectoryArgument,
    baseline: Annotated[
        Path, typer.Option("--baseline", metavar="DIR", help="The fleet's documents, from before.", show_default=False)
    ],
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="PATTERN", help="Only these benchmarks count.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Compare hosts that were just measured with their equals in the fleet: the gate of a rollout.

    A host is compared with others of its equipment, kernel and profile, or, where fewer than four of those were
    measured, of its equipment and kernel. Exits 5 where a host is worse, 1 where one could not be read.

    Example: lltool fleet gate ./step --baseline ./fleet --only 'tcp.*'
    """
    from lltool.fleet.collected import hosts
    from lltool.fleet.document import gate_document
    from lltool.fleet.gate import Baseline, exit_code, judge
    from lltool.reports.escaping import visible

    judged = judge(hosts(directory), Baseline(hosts(baseline)), only or ())
    if json:
        print_json(gate_document(judged))
    else:
        rows = [(visible(each.host), each.outcome.value, visible(each.reason)) for each in judged]
        print_table(("host", "gate", "why"), rows)
    raise typer.Exit(exit_code(judged))

"""The command tree: every group registers its commands here."""

from __future__ import annotations

from typing import Annotated

import typer

from lltool import __version__
from lltool.cli import bench, host, noise, profile, report, trial, tune

app = typer.Typer(
    name="lltool",
    help="Makes a Linux host quiet enough to trade on, proves it with measurements, and puts everything back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich.markdown would double the time of --help
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lltool {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Makes a Linux host quiet enough to trade on, proves it with measurements, and puts everything back."""


app.command("host")(host.host)
app.add_typer(profile.app)
app.add_typer(bench.app)
app.command("explain")(profile.explain)
app.command("plan")(tune.plan)
app.command("tune")(tune.tune)
app.command("verify")(tune.verify)
app.command("confirm")(tune.confirm)
app.command("rollback")(tune.rollback)
app.command("history")(tune.history)
app.command("trial")(trial.trial)
app.command("report")(report.report)
app.command("noise")(noise.noise)

"""The command tree: every command by the module and the function that are it."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from lltool import __version__

COMMANDS = {
    "host": ("host", "host"),
    "explain": ("profile", "explain"),
    "plan": ("plan", "plan"),
    "tune": ("tune", "tune"),
    "verify": ("verify", "verify"),
    "confirm": ("tune", "confirm"),
    "rollback": ("rollback", "rollback"),
    "history": ("rollback", "history"),
    "trial": ("trial", "trial"),
    "report": ("report", "report"),
    "noise": ("noise", "noise"),
}
GROUPS = ("profile", "bench", "trade", "monitor", "fleet")
"""Modules whose ``app`` is a group of commands of that name."""


def command_tree(only: str | None = None) -> typer.Typer:
    """Build the tree: whole, or with one command or group where ``only`` is its name.

    typer reads the parameters of every function that it is given, which for all of them takes longer than most
    commands do.
    """
    app = typer.Typer(
        name="lltool",
        help="Makes a Linux host quiet enough to trade on, proves it with measurements, and puts everything back.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # rich.markdown would double the time of --help
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_main,
    )
    known = only in COMMANDS or only in GROUPS
    for name, (module, function) in COMMANDS.items():
        if not known or name == only:
            app.command(name)(getattr(import_module(f"lltool.cli.{module}"), function))
    for name in GROUPS:
        if not known or name == only:
            app.add_typer(import_module(f"lltool.cli.{name}").app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lltool {__version__}")
        raise typer.Exit


def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Makes a Linux host quiet enough to trade on, proves it with measurements, and puts everything back."""

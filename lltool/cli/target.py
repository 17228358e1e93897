"""What the commands of tuning share: their options, and what these name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli.output import say

if TYPE_CHECKING:
    from lltool.tuning.plan import Target
    from lltool.tuning.transaction import Transaction

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help="Profile name, or path of a TOML file.")]
CoresOption = Annotated[str | None, typer.Option("--cores", help="Cores to isolate, as a list: 2-5,8.")]
OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="Only settings that match this pattern.")]
SkipOption = Annotated[list[str] | None, typer.Option("--skip", help="Leave settings out that match this pattern.")]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="Allow a disruption: link, smi, reboot or security.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RootOption = Annotated[str, typer.Option("--root", help="Read a recorded tree instead of this machine.")]


def named_target(
    profile: str,
    cores: str | None,
    only: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    root: str = "/",
    allow: Sequence[str] | None = None,
) -> Target:
    """Load what the options of a command name."""
    from lltool.errors import InvalidInput
    from lltool.host.cpulist import parse_cpulist
    from lltool.root import Root
    from lltool.tuning.plan import target

    if not os.path.isdir(root):
        raise InvalidInput(f"--root {root} cannot be read", ["it is not a directory"])
    try:
        requested = None if cores is None else parse_cpulist(cores)
    except ValueError as error:
        raise InvalidInput(
            f"--cores {cores} is not a list of cores", [str(error)], next_step="write it as 2-5,8"
        ) from None
    return target(profile, Root(root), cores=requested, only=only or (), skip=skip or (), allow=allow or ())


def recorded_transactions(wanted: Target) -> list[Transaction]:
    """Our transactions in force, where this user may read them; verify works without."""
    from lltool.errors import LltoolError
    from lltool.tuning.rollback import open_transactions
    from lltool.tuning.store import Store

    try:
        return open_transactions(Store(wanted.host.root), wanted.host.root)
    except LltoolError as error:
        say(f"Without lltool's records of this host: {error.what}: {error.cause}")
        return []

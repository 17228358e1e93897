"""`lltool profile list|show|check` and `lltool explain`."""

from __future__ import annotations

import textwrap
from typing import Annotated

import typer

from lltool.cli.output import print_json, print_table

app = typer.Typer(name="profile", help="Profiles: wanted values for a set of settings.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command("list")
def list_profiles(json: JsonOption = False) -> None:
    """List the profiles that --profile knows by name.

    Example: lltool profile list
    """
    from lltool.root import Root
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.profile import load_profile, local_names, shipped_names

    root = Root()
    names = sorted({*local_names(root), *shipped_names()})
    profiles = [load_profile(name, load_catalogue(), root) for name in names]
    if json:
        rows = [{"name": p.name, "source": p.source, "description": p.description} for p in profiles]
        print_json({"schema": "lltool.profiles/1", "profiles": rows})
        return
    print_table(
        ("profile", "settings", "description"), [(p.name, str(len(p.settings)), p.description) for p in profiles]
    )


@app.command()
def show(name: Annotated[str, typer.Argument(help="Profile name or path.")], json: JsonOption = False) -> None:
    """Show what a profile asks for, with what it extends.

    Example: lltool profile show hft
    """
    from lltool.root import Root
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.profile import load_profile

    catalogue = load_catalogue()
    profile = load_profile(name, catalogue, Root())
    if json:
        print_json({"schema": "lltool.profile/1", "name": profile.name, "settings": profile.settings})
        return
    rows = []
    for setting, value in profile.settings.items():
        entry = catalogue.find(setting)
        rows.append((setting, value, entry.title if entry is not None else ""))
    print_table(("setting", "wanted", "what it is"), rows)


@app.command()
def check(file: Annotated[str, typer.Argument(help="Profile name or path.")]) -> None:
    """Check a profile; every fault is listed with its line.

    Example: lltool profile check ./mine.toml
    """
    from lltool.root import Root
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.profile import load_profile

    profile = load_profile(file, load_catalogue(), Root())
    typer.echo(f"{profile.source}: {len(profile.settings)} settings, no fault")


def explain(
    setting: Annotated[str | None, typer.Argument(help="A setting's id; without one, all are listed.")] = None,
) -> None:
    """Say what a setting does, why it matters, where guides disagree, and the sources.

    Example: lltool explain sysctl.vm.swappiness
    """
    from lltool.errors import InvalidInput
    from lltool.tuning.catalogue import load_catalogue

    catalogue = load_catalogue()
    if setting is None:
        print_table(("setting", "what it is"), [(entry.id, entry.title) for entry in catalogue])
        return
    entry = catalogue.find(setting)
    if entry is None:
        near = catalogue.near(setting)
        raise InvalidInput(
            f"there is no setting {setting}",
            [f"did you mean {name}?" for name in near],
            next_step="`lltool explain` lists all settings",
        )
    typer.echo(f"{setting}: {entry.title}\n")
    parts = (
        ("Why", entry.why),
        ("No effect", entry.no_effect),
        ("Disputed", entry.disputed),
        ("On rollback", entry.undo_note),
        ("Applied after", ", ".join(entry.after)),
        ("Sources", "; ".join(entry.sources)),
    )
    for name, text in parts:
        if text:
            typer.echo(textwrap.fill(f"{name}: {text}", width=100, subsequent_indent="  "))

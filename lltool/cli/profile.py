"""`lltool profile list|show|check|schema` and `lltool explain`."""

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
def check(
    file: Annotated[str, typer.Argument(help="Profile name or path.")],
    root: Annotated[str, typer.Option("--root", help="Judge it for a recorded tree instead of this machine.")] = "/",
) -> None:
    """Check a profile: every fault with its line (exit 2), then what does nothing, loses or will not last here.

    Example: lltool profile check ./mine.toml
    """
    from lltool.cli.target import named_target
    from lltool.tuning.lints import lint

    target = named_target(file, None, root=root)
    remarks = lint(target)
    for remark in remarks:
        typer.echo(f"{remark.setting}: {remark.text}")
    profile = target.profile
    typer.echo(f"{profile.source}: {len(profile.settings)} settings, no fault, {len(remarks)} remarks")


@app.command()
def schema() -> None:
    """Print the JSON Schema of profiles: editors complete and check TOML with it.

    Example: lltool profile schema > lltool-profile.json
    """
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.profile_schema import profile_schema

    print_json(profile_schema(load_catalogue()))


def explain(
    setting: Annotated[str | None, typer.Argument(help="A setting's id; without one, all are listed.")] = None,
) -> None:
    """Say what a setting does, why, where guides disagree, how it is verified and undone, and what this host has.

    Example: lltool explain sysctl.vm.swappiness
    """
    from lltool.root import Root
    from lltool.tuning import explanation
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.host import tuned_host

    catalogue = load_catalogue()
    if setting is None:
        for group, entries in explanation.listing(catalogue):
            typer.echo(f"{group}")
            width = max(len(entry.id) for entry in entries)
            for entry in entries:
                typer.echo(f"  {entry.id:{width}}  {entry.title}{' (leave it)' if entry.leave else ''}")
        return
    entry = explanation.find_entry(catalogue, setting)
    typer.echo(f"{setting}: {entry.title} ({entry.group})\n")
    for title, text in explanation.explain(entry, setting, tuned_host(Root())):
        typer.echo(textwrap.fill(f"{title}: {text}", width=100, subsequent_indent="  ", break_on_hyphens=False))

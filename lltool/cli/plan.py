"""`lltool plan`, and how a plan is shown."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli.output import print_json, print_table, say
from lltool.cli.target import (
    AllowOption,
    CoresOption,
    JsonOption,
    OnlyOption,
    ProfileOption,
    RootOption,
    SkipOption,
    named_target,
    recorded_transactions,
)

if TYPE_CHECKING:
    from lltool.tuning.observation import Observation
    from lltool.tuning.persistence.plan import Persistence
    from lltool.tuning.plan import PlanItem, Target


def plan(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    allow: AllowOption = None,
    root: RootOption = "/",
    diff: Annotated[bool, typer.Option("--diff", help="Show all that tune --persist would write, as a diff.")] = False,
    json: JsonOption = False,
) -> None:
    """Show what tune would change, per setting, and why. Changes nothing.

    Example: lltool plan -p chapter5 --skip 'boot.*'
    """
    from lltool.tuning.boot.staging import foresee_staging
    from lltool.tuning.plan import make_plan

    wanted = named_target(profile, cores, only, skip, root, allow)
    observations = wanted.observe()
    if diff:
        print_diff(observations, what_persists(wanted, observations, tune_at_boot(profile, cores, only, skip, allow)))
        return
    staging = foresee_staging(observations, wanted.host.root, recorded_transactions(wanted))
    print_plan(make_plan(observations, staging), profile, as_json=json)
    if staging.obstacle:
        say(f"Boot arguments cannot be staged: {staging.obstacle}.")


def what_persists(wanted: Target, observations: Sequence[Observation], at_boot: Sequence[str]) -> Persistence:
    """What --persist adds; lltool runs with ``at_boot`` at every boot."""
    from lltool.tuning.persistence.plan import plan_persistence

    return plan_persistence(observations, wanted.host.root, recorded_transactions(wanted), at_boot)


def tune_at_boot(
    profile: str,
    cores: str | None,
    only: Sequence[str] | None,
    skip: Sequence[str] | None,
    allow: Sequence[str] | None,
) -> list[str]:
    """The arguments with which lltool applies the same selection of the same profile at boot."""
    arguments = [
        "tune",
        "--profile",
        os.path.abspath(profile) if profile.endswith(".toml") else profile,
        "--yes",
        "--keep-going",
    ]
    arguments += [] if cores is None else ["--cores", cores]
    arguments += [word for pattern in only or () for word in ("--only", pattern)]
    arguments += [word for pattern in skip or () for word in ("--skip", pattern)]
    arguments += [word for disruption in allow or () for word in ("--allow", disruption)]
    return arguments


def print_diff(observations: Sequence[Observation], persistence: Persistence) -> None:
    from lltool.tuning.persistence.diff import diff_of
    from lltool.tuning.step import step_of

    for line in diff_of([*(step_of(observation) for observation in observations), *persistence.steps]):
        typer.echo(line)
    for note in persistence.notes:
        say(note[0].upper() + note[1:] + ".")


def print_plan(
    items: Sequence[PlanItem], profile: str, persistence: Persistence | None = None, *, as_json: bool
) -> None:
    from lltool.tuning.persistence.outline import outline_of

    left = [] if persistence is None else outline_of(persistence.steps)
    if as_json:
        rows = [
            {"setting": i.setting, "live": i.live, "wanted": i.wanted, "action": i.action, "notes": list(i.notes)}
            for i in items
        ]
        print_json({"schema": "lltool.plan/1", "profile": profile, "settings": rows, "persist": left})
        return
    print_table(
        ("setting", "live", "wanted", "action", "notes"),
        [(item.setting, item.live, item.wanted, item.action, "; ".join(item.notes)) for item in items],
    )
    for line in left:
        typer.echo(f"--persist: {line}")
    for note in () if persistence is None else persistence.notes:
        say(note[0].upper() + note[1:] + ".")

"""`lltool plan`, `tune`, `verify`, `rollback`, `history`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lltool.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from lltool.tuning.model import Finding
    from lltool.tuning.plan import PlanItem, Target
    from lltool.tuning.transaction import Change
    from lltool.tuning.undo import Restoration

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help="Profile name, or path of a TOML file.")]
CoresOption = Annotated[str | None, typer.Option("--cores", help="Cores to isolate, as a list: 2-5,8.")]
OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="Only settings that match this pattern.")]
SkipOption = Annotated[list[str] | None, typer.Option("--skip", help="Leave settings out that match this pattern.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RootOption = Annotated[str, typer.Option("--root", help="Read a recorded tree instead of this machine.")]


def plan(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    root: RootOption = "/",
    json: JsonOption = False,
) -> None:
    """Show what tune would change, per setting, and why. Changes nothing.

    Example: lltool plan -p chapter5 --skip 'boot.*'
    """
    from lltool.tuning.plan import make_plan

    wanted = named_target(profile, cores, only, skip, root)
    _print_plan(make_plan(wanted.observe()), profile, as_json=json)


def tune(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on where a write fails.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Apply a profile, read every value back, and say what became of it. `lltool rollback` undoes it.

    Example: lltool tune --profile hft --cores 2-5
    """
    from lltool.root import Root
    from lltool.tuning.apply import apply
    from lltool.tuning.interruption import stoppable
    from lltool.tuning.kinds import KINDS
    from lltool.tuning.plan import make_plan
    from lltool.tuning.rollback import changes_in_force
    from lltool.tuning.store import Store
    from lltool.tuning.transaction import read_transactions, refuse_if_unfinished
    from lltool.tuning.verdicts import exit_code, judge

    wanted = named_target(profile, cores, only, skip)
    observations = wanted.observe()
    items = make_plan(observations)
    if dry_run:
        _print_plan(items, profile, as_json=json)
        return
    changes = sum(item.action == "change" for item in items)
    if changes and not yes and sys.stdin.isatty() and not json:
        _print_plan(items, profile, as_json=False)
        typer.confirm(f"Change {changes} settings of this host?", abort=True, err=True)
    store = Store(Root())
    with store.lock(), stoppable():
        refuse_if_unfinished(read_transactions(store, wanted.host.root))
        apply(observations, wanted.host.root, store, profile, keep_going=keep_going)
        findings = judge(wanted.observe(), changes_in_force(store, wanted.host.root))
    _print_findings("tune", profile, findings, as_json=json)
    runtime = [
        finding
        for finding, observation in zip(findings, observations, strict=True)
        if KINDS[observation.entry.kind].runtime
    ]
    if len(runtime) < len(findings):
        say("Boot settings are not staged: they need a change of the boot loader and a reboot.")
    raise typer.Exit(exit_code(runtime))


def verify(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count what the kernel refused as drift.")] = False,
    root: RootOption = "/",
    json: JsonOption = False,
) -> None:
    """Compare the host with a profile; exit 0 when compliant, 3 when not.

    Example: lltool verify -p hft --json
    """
    from lltool.tuning.verdicts import exit_code, judge

    wanted = named_target(profile, cores, only, skip, root)
    findings = judge(wanted.observe(), _recorded_changes(wanted))
    _print_findings("verify", profile, findings, as_json=json)
    raise typer.Exit(exit_code(findings, strict=strict))


def rollback(only: OnlyOption = None, json: JsonOption = False) -> None:
    """Put every value back to what it was before lltool; also finishes an interrupted transaction.

    Example: lltool rollback
    """
    from lltool.errors import LltoolError
    from lltool.root import Root
    from lltool.tuning import rollback as undoing
    from lltool.tuning.store import Store
    from lltool.tuning.undo import Outcome

    root = Root()
    store = Store(root)
    with store.lock():
        restorations = undoing.rollback(store, root, only or ())
    if json:
        print_json({"schema": "lltool.rollback/1", "knobs": [_restoration(each) for each in restorations]})
    elif not restorations:
        typer.echo("Nothing to roll back.")
    else:
        print_table(
            ("setting", "file", "value", "outcome"),
            [(r.change.setting, str(r.change.knob), r.live, _words(r)) for r in restorations],
        )
    if any(each.outcome is Outcome.FAILED for each in restorations):
        raise LltoolError(
            "some values could not be put back", cause="see the table", next_step="run `lltool rollback` again"
        )
    raise typer.Exit(3 if any(each.outcome is Outcome.FOREIGN for each in restorations) else 0)


def history(json: JsonOption = False) -> None:
    """List the transactions of this host, oldest first.

    Example: lltool history
    """
    from lltool.root import Root
    from lltool.tuning.store import Store
    from lltool.tuning.transaction import read_history

    root = Root()
    transactions = read_history(Store(root), root)
    if json:
        rows = [
            {
                "id": each.id,
                "profile": each.profile,
                "started": each.started,
                "status": each.status.value,
                "settings": sorted({change.setting for change in each.changes}),
            }
            for each in transactions
        ]
        print_json({"schema": "lltool.history/1", "transactions": rows})
    elif not transactions:
        typer.echo("lltool has not tuned this host.")
    else:
        print_table(
            ("transaction", "profile", "started", "settings", "status"),
            [
                (t.id, t.profile, t.started, str(len({c.setting for c in t.changes})), t.status.value)
                for t in transactions
            ],
        )


def named_target(
    profile: str,
    cores: str | None,
    only: Sequence[str] | None = None,
    skip: Sequence[str] | None = None,
    root: str = "/",
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
    return target(profile, Root(root), cores=requested, only=only or (), skip=skip or ())


def _recorded_changes(wanted: Target) -> list[Change]:
    """What our transactions recorded, where this user may read it; verify works without."""
    from lltool.errors import LltoolError
    from lltool.tuning.rollback import changes_in_force
    from lltool.tuning.store import Store

    try:
        return changes_in_force(Store(wanted.host.root), wanted.host.root)
    except LltoolError as error:
        say(f"Without lltool's records of this host: {error.what}: {error.cause}")
        return []


def _print_plan(items: Sequence[PlanItem], profile: str, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"setting": i.setting, "live": i.live, "wanted": i.wanted, "action": i.action, "notes": list(i.notes)}
            for i in items
        ]
        print_json({"schema": "lltool.plan/1", "profile": profile, "settings": rows})
        return
    print_table(
        ("setting", "live", "wanted", "action", "notes"),
        [(item.setting, item.live, item.wanted, item.action, "; ".join(item.notes)) for item in items],
    )


def _print_findings(command: str, profile: str, findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        rows: list[dict[str, Any]] = [finding.as_dict() for finding in findings]
        print_json({"schema": f"lltool.{command}/1", "profile": profile, "settings": rows})
        return
    print_table(
        ("setting", "verdict", "live", "wanted", "reason"),
        [(f.setting, f.verdict.value, f.live, f.wanted, f.reason) for f in findings],
    )


def _restoration(each: Restoration) -> dict[str, Any]:
    return {
        "setting": each.change.setting,
        "path": each.change.knob.path,
        "before": each.change.before,
        "live": each.live,
        "outcome": each.outcome.name.lower(),
        "error": each.error,
    }


def _words(each: Restoration) -> str:
    return f"{each.outcome.value}: {each.error}" if each.error else each.outcome.value

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
    from lltool.tuning.observation import Observation
    from lltool.tuning.persistence.plan import Persistence
    from lltool.tuning.plan import PlanItem, Target
    from lltool.tuning.transaction import Transaction
    from lltool.tuning.undo import Restoration

ProfileOption = Annotated[str, typer.Option("--profile", "-p", help="Profile name, or path of a TOML file.")]
CoresOption = Annotated[str | None, typer.Option("--cores", help="Cores to isolate, as a list: 2-5,8.")]
OnlyOption = Annotated[list[str] | None, typer.Option("--only", help="Only settings that match this pattern.")]
SkipOption = Annotated[list[str] | None, typer.Option("--skip", help="Leave settings out that match this pattern.")]
AllowOption = Annotated[
    list[str] | None, typer.Option("--allow", help="Allow a disruption: link, smi, reboot or security.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
RootOption = Annotated[str, typer.Option("--root", help="Read a recorded tree instead of this machine.")]


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
    if diff:
        observations = wanted.observe()
        _print_diff(observations, _persistence(wanted, observations, profile, cores, only, skip, allow))
        return
    observations = wanted.observe()
    staging = foresee_staging(observations, wanted.host.root, _recorded_transactions(wanted))
    _print_plan(make_plan(observations, staging), profile, as_json=json)


def tune(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    allow: AllowOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="With --dry-run: show all that would be written.")] = False,
    persist: Annotated[bool, typer.Option("--persist", help="Stage boot settings; hold after a reboot.")] = False,
    confirm_within: Annotated[
        str | None,
        typer.Option("--confirm-within", help="Undo after this time (60s, 2m) without `lltool confirm`."),
    ] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going", help="Go on where a write fails.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonOption = False,
) -> None:
    """Apply a profile, read every value back, and say what became of it. `lltool rollback` undoes it.

    Example: lltool tune --profile hft --cores 2-5
    """
    from lltool.root import Root
    from lltool.tuning import confirm as confirmation
    from lltool.tuning.apply import apply
    from lltool.tuning.boot.state import BootState
    from lltool.tuning.interruption import stoppable
    from lltool.tuning.kinds import KINDS
    from lltool.tuning.persistence.plan import NOTHING_PERSISTS
    from lltool.tuning.plan import make_plan
    from lltool.tuning.rollback import archive_ended, open_transactions
    from lltool.tuning.store import Store
    from lltool.tuning.transaction import read_transactions, refuse_if_unfinished
    from lltool.tuning.verdicts import exit_code, judge

    within_ns = None if confirm_within is None else confirmation.parse_duration(confirm_within)
    wanted = named_target(profile, cores, only, skip, allow=allow)
    observations = wanted.observe()
    persistence = _persistence(wanted, observations, profile, cores, only, skip, allow) if persist else NOTHING_PERSISTS
    items = make_plan(observations, persistence.staging if persist else None, persist=persist)
    if dry_run:
        if diff:
            _print_diff(observations, persistence)
        else:
            _print_plan(items, profile, persistence, as_json=json)
        return
    changes = sum(item.action == "change" for item in items)
    if (changes or persistence.steps) and not yes and sys.stdin.isatty() and not json:
        _print_plan(items, profile, persistence, as_json=False)
        typer.confirm(f"Change {changes} settings of this host?", abort=True, err=True)
    root = wanted.host.root
    store = Store(Root())
    with store.lock(), stoppable():
        confirmation.refuse_if_unconfirmed(store)
        refuse_if_unfinished(read_transactions(store, root))
        archive_ended(store, root)
        if persist:
            persistence = _persistence(wanted, observations, profile, cores, only, skip, allow)
        with confirmation.reverted_unless_confirmed(store, root, within_ns):
            apply(observations, root, store, profile, keep_going=keep_going, persistence=persistence)
        transactions = open_transactions(store, root)
        in_force = [change for each in reversed(transactions) for change in each.in_force]
        findings = judge(wanted.observe(), in_force, BootState(root, transactions))
    _print_findings("tune", profile, findings, as_json=json)
    for note in persistence.notes:
        say(note[0].upper() + note[1:] + ".")
    if confirm_within is not None:
        say(f"Run `lltool confirm` within {confirm_within}, or all of this is undone.")
    runtime = [
        finding
        for finding, observation in zip(findings, observations, strict=True)
        if KINDS[observation.entry.kind].runtime
    ]
    if len(runtime) < len(findings) and not persist:
        say("What takes a boot or a file is left out: --persist stages and writes it.")
    raise typer.Exit(exit_code(findings if persist else runtime))


def confirm(
    else_revert: Annotated[bool, typer.Option("--else-revert", hidden=True)] = False,
) -> None:
    """Keep what `lltool tune --confirm-within T` would otherwise undo.

    Example: lltool confirm
    """
    from lltool.root import Root
    from lltool.tuning import confirm as confirmation
    from lltool.tuning.store import Store

    root = Root()
    store = Store(root)
    if else_revert:
        # A failure keeps lltool-apply.service from applying what was just reverted.
        raise typer.Exit(3 if confirmation.revert_when_due(store, root) else 0)
    with store.lock():
        confirmation.confirm(store, root)
    say("Confirmed: the settings stay. `lltool rollback` undoes them.")


def verify(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count what the kernel refused as drift.")] = False,
    root: RootOption = "/",
    junit: Annotated[str | None, typer.Option("--junit", help="Also write the verdicts as JUnit XML.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare the host with a profile; exit 0 when compliant, 3 when not.

    Example: lltool verify -p hft --json
    """
    from lltool.tuning.boot.state import BootState
    from lltool.tuning.persistence.sysctl_d import overrides
    from lltool.tuning.verdicts import exit_code, judge

    wanted = named_target(profile, cores, only, skip, root)
    transactions = _recorded_transactions(wanted)
    in_force = [change for each in reversed(transactions) for change in each.in_force]
    findings = judge(wanted.observe(), in_force, BootState(wanted.host.root, transactions))
    overridden = [str(each) for each in overrides(wanted.host.root)]
    _print_findings("verify", profile, findings, as_json=json, overridden=overridden)
    for line in overridden:
        say(f"At the next boot: {line}.")
    if junit is not None:
        from lltool.atomic import write_atomically
        from lltool.tuning.junit import junit_of

        write_atomically(junit, junit_of(findings, profile, strict=strict))
    raise typer.Exit(exit_code(findings, strict=strict))


def rollback(only: OnlyOption = None, json: JsonOption = False) -> None:
    """Put every value back to what it was before lltool; also finishes an interrupted transaction.

    Example: lltool rollback
    """
    from lltool.errors import LltoolError
    from lltool.root import Root
    from lltool.tuning import confirm as confirmation
    from lltool.tuning import rollback as undoing
    from lltool.tuning.boot.staging import staged_arguments
    from lltool.tuning.catalogue import load_catalogue
    from lltool.tuning.store import Store
    from lltool.tuning.undo import Outcome

    root = Root()
    store = Store(root)
    with store.lock():
        staged = staged_arguments(undoing.open_transactions(store, root))
        if only:
            undone = undoing.rollback_part(store, root, only, load_catalogue())
        else:
            undone = undoing.PartUndone(tuple(undoing.rollback(store, root)))
            confirmation.forget(store)
        restorations = undone.restorations
        kept = staged_arguments(undoing.open_transactions(store, root))
    booted = undoing.arguments_still_running([word for word in staged if word not in kept], root)
    if json:
        print_json({"schema": "lltool.rollback/1", "knobs": [_restoration(each) for each in restorations]})
    elif not restorations:
        typer.echo("Nothing to roll back.")
    else:
        print_table(
            ("setting", "file", "value", "outcome"),
            [(r.change.setting, str(r.change.knob), r.shown, _words(r)) for r in restorations],
        )
    for note in undone.notes:
        say(note[0].upper() + note[1:] + ".")
    if any(each.outcome is Outcome.FAILED for each in restorations):
        raise LltoolError(
            "some values could not be put back", cause="see the table", next_step="run `lltool rollback` again"
        )
    if booted:
        say(f"This kernel was started with {' '.join(booted)}; the next boot is without.")
    if any(each.outcome is Outcome.FOREIGN for each in restorations):
        raise typer.Exit(3)
    raise typer.Exit(4 if booted else 0)


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


def _recorded_transactions(wanted: Target) -> list[Transaction]:
    """Our transactions in force, where this user may read them; verify works without."""
    from lltool.errors import LltoolError
    from lltool.tuning.rollback import open_transactions
    from lltool.tuning.store import Store

    try:
        return open_transactions(Store(wanted.host.root), wanted.host.root)
    except LltoolError as error:
        say(f"Without lltool's records of this host: {error.what}: {error.cause}")
        return []


def _persistence(
    wanted: Target,
    observations: Sequence[Observation],
    profile: str,
    cores: str | None,
    only: Sequence[str] | None,
    skip: Sequence[str] | None,
    allow: Sequence[str] | None,
) -> Persistence:
    """What --persist adds; the service at boot applies the same selection of the same profile."""
    from lltool.tuning.persistence.plan import plan_persistence

    at_boot = [
        "tune",
        "--profile",
        os.path.abspath(profile) if profile.endswith(".toml") else profile,
        "--yes",
        "--keep-going",
    ]
    at_boot += [] if cores is None else ["--cores", cores]
    at_boot += [word for pattern in only or () for word in ("--only", pattern)]
    at_boot += [word for pattern in skip or () for word in ("--skip", pattern)]
    at_boot += [word for disruption in allow or () for word in ("--allow", disruption)]
    return plan_persistence(observations, wanted.host.root, _recorded_transactions(wanted), at_boot)


def _print_diff(observations: Sequence[Observation], persistence: Persistence) -> None:
    from lltool.tuning.persistence.diff import diff_of
    from lltool.tuning.step import step_of

    for line in diff_of([*(step_of(observation) for observation in observations), *persistence.steps]):
        typer.echo(line)
    for note in persistence.notes:
        say(note[0].upper() + note[1:] + ".")


def _print_plan(
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


def _print_findings(
    command: str, profile: str, findings: Sequence[Finding], *, as_json: bool, overridden: Sequence[str] = ()
) -> None:
    if as_json:
        rows: list[dict[str, Any]] = [finding.as_dict() for finding in findings]
        extra = {"overridden": list(overridden)} if command == "verify" else {}
        print_json({"schema": f"lltool.{command}/1", "profile": profile, "settings": rows} | extra)
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

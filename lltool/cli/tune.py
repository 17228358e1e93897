"""`lltool tune` and `lltool confirm`."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli.findings import findings_document, print_findings
from lltool.cli.output import say
from lltool.cli.plan import print_diff, print_plan, tune_at_boot, what_persists
from lltool.cli.target import (
    AllowOption,
    CoresOption,
    JsonOption,
    OnlyOption,
    ProfileOption,
    SkipOption,
    named_target,
)

if TYPE_CHECKING:
    from lltool.tuning.model import Finding
    from lltool.tuning.plan import Target
    from lltool.tuning.transaction import Difference


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
    from lltool.tuning.confirm import parse_duration
    from lltool.tuning.persistence.plan import NOTHING_PERSISTS
    from lltool.tuning.plan import make_plan
    from lltool.tuning.verdicts import exit_code

    within_ns = None if confirm_within is None else parse_duration(confirm_within)
    wanted = named_target(profile, cores, only, skip, allow=allow)
    at_boot = tune_at_boot(profile, cores, only, skip, allow) if persist else None
    asks = sys.stdin.isatty() and not yes and not json
    if dry_run or asks:
        observations = wanted.observe()
        persistence = NOTHING_PERSISTS if at_boot is None else what_persists(wanted, observations, at_boot)
        items = make_plan(observations, persistence.staging if persist else None, persist=persist)
        if dry_run and diff:
            print_diff(observations, persistence)
        else:
            print_plan(items, profile, persistence, as_json=json)
        if dry_run:
            return
        changes = sum(item.action == "change" for item in items)
        if changes or persistence.steps:
            typer.confirm(f"Change {changes} settings of this host?", abort=True, err=True)
    applied = _apply(wanted, at_boot, within_ns, keep_going=keep_going)
    document = findings_document("tune", profile, applied.findings) | {"changes": list(map(asdict, applied.changes))}
    print_findings(document, applied.findings, as_json=json)
    for note in applied.notes:
        say(note[0].upper() + note[1:] + ".")
    if confirm_within is not None:
        say(f"Run `lltool confirm` within {confirm_within}, or all of this is undone.")
    if len(applied.at_once) < len(applied.findings) and not persist:
        say("What takes a boot or a file is left out: --persist stages and writes it.")
    raise typer.Exit(exit_code(applied.findings if persist else applied.at_once))


@dataclass(frozen=True, slots=True)
class _Applied:
    """What became of a profile; ``at_once`` are the verdicts on what needs neither a boot nor a file.

    ``changes`` are what has another value now.
    """

    findings: list[Finding]
    at_once: list[Finding]
    changes: Sequence[Difference]
    notes: tuple[str, ...]


def _apply(wanted: Target, at_boot: list[str] | None, within_ns: int | None, *, keep_going: bool) -> _Applied:
    """Under the lock: look at the host, change it, and judge it."""
    from lltool.root import Root
    from lltool.tuning.apply import apply
    from lltool.tuning.changing import changing, judged
    from lltool.tuning.confirm import reverted_unless_confirmed
    from lltool.tuning.held import record_held
    from lltool.tuning.persistence.plan import NOTHING_PERSISTS
    from lltool.tuning.store import Store
    from lltool.tuning.transaction import differences

    root, store = wanted.host.root, Store(Root())
    with changing(store, root):
        observations = wanted.observe()
        persistence = NOTHING_PERSISTS if at_boot is None else what_persists(wanted, observations, at_boot)
        with reverted_unless_confirmed(store, root, within_ns):
            transaction = apply(
                observations, root, store, wanted.profile.name, keep_going=keep_going, persistence=persistence
            )
        observed, findings = judged(wanted, store)
        untold = record_held(store, root, findings, time.time())
    at_once = [finding for finding, each in zip(findings, observed, strict=True) if each.kind.runtime]
    changes = () if transaction is None else differences(transaction)
    return _Applied(findings, at_once, changes, (*persistence.notes, *filter(None, [untold])))


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

"""`lltool verify`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lltool.cli.findings import findings_document, print_findings
from lltool.cli.output import say
from lltool.cli.target import (
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
    from lltool.tuning.drift import DriftHistory
    from lltool.tuning.model import Finding
    from lltool.tuning.plan import Target


def verify(
    profile: ProfileOption = "hft",
    cores: CoresOption = None,
    only: OnlyOption = None,
    skip: SkipOption = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count what the kernel refused as drift.")] = False,
    since_boot: Annotated[
        bool, typer.Option("--since-boot", help="Of what drifted, say when it last held and what happened since.")
    ] = False,
    root: RootOption = "/",
    junit: Annotated[str | None, typer.Option("--junit", help="Also write the verdicts as JUnit XML.")] = None,
    json: JsonOption = False,
) -> None:
    """Compare the host with a profile; exit 0 when compliant, 3 when not.

    Example: lltool verify -p hft --json
    """
    from lltool.latest import keep_latest
    from lltool.tuning.boot.state import BootState
    from lltool.tuning.persistence.sysctl_d import overrides
    from lltool.tuning.verdicts import exit_code, judge

    wanted = named_target(profile, cores, only, skip, root)
    transactions = recorded_transactions(wanted)
    in_force = [change for each in reversed(transactions) for change in each.in_force]
    findings = judge(wanted.observe(), in_force, BootState(wanted.host.root, transactions))
    overridden = [str(each) for each in overrides(wanted.host.root)]
    drifts = _drift_histories(wanted, findings) if since_boot else {}
    document = findings_document("verify", profile, findings, drifts)
    document |= {"profile_hash": wanted.profile.digest, "overridden": overridden}
    if not only and not skip:
        keep_latest("verify", document, wanted.host.root)
    print_findings(document, findings, as_json=json, drifts=drifts)
    for line in overridden:
        say(f"At the next boot: {line}.")
    if junit is not None:
        from lltool.atomic import write_atomically
        from lltool.tuning.junit import junit_of

        write_atomically(junit, junit_of(findings, profile, strict=strict))
    raise typer.Exit(exit_code(findings, strict=strict))


def _drift_histories(wanted: Target, findings: Sequence[Finding]) -> dict[str, DriftHistory]:
    """What is known of each drift; notes what holds now, where this user may."""
    import time

    from lltool.tuning.drift import histories
    from lltool.tuning.held import read_held, record_held
    from lltool.tuning.store import Store

    store, root = Store(wanted.host.root), wanted.host.root
    known = histories(findings, read_held(store, root), wanted.host)
    if root.is_live and os.access(store.directory, os.W_OK):
        untold = record_held(store, root, findings, time.time())
        if untold:
            say(untold[0].upper() + untold[1:] + ".")
    return known

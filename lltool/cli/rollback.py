"""`lltool rollback` and `lltool history`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from lltool.cli.output import print_json, print_table, say
from lltool.cli.target import JsonOption, OnlyOption

if TYPE_CHECKING:
    from lltool.tuning.undo import Restoration


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
    from lltool.tuning.held import forget_held
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
        untold = forget_held(store, root, {each.change.setting for each in restorations})
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
    for note in (*undone.notes, *filter(None, [untold])):
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

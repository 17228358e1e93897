"""Back to the values before lltool, over all transactions that are in force."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lltool.root import Root
from lltool.tuning.apply import apply
from lltool.tuning.catalogue import Catalogue
from lltool.tuning.interruption import unstoppable
from lltool.tuning.kinds import KINDS
from lltool.tuning.persistence.plan import runs_at_boot
from lltool.tuning.persistence.reduction import persistence_without
from lltool.tuning.store import Store
from lltool.tuning.transaction import Change, Status, Transaction, read_transactions, refuse_if_unfinished
from lltool.tuning.undo import Outcome, Restoration, undo


def open_transactions(store: Store, root: Root) -> list[Transaction]:
    """The transactions that hold or may hold changes that are in force, newest first."""
    transactions = read_transactions(store, root)
    return [
        transaction
        for transaction in reversed(transactions)
        if transaction.status in {Status.APPLIED, Status.UNFINISHED}
    ]


def changes_in_force(store: Store, root: Root) -> list[Change]:
    """What lltool's transactions recorded and nobody has rolled back, oldest first."""
    return [change for transaction in reversed(open_transactions(store, root)) for change in transaction.in_force]


def rollback(store: Store, root: Root, *, newer_than: str = "") -> list[Restoration]:
    """Undo all open transactions, or those after ``newer_than``, the newest first; the lock must be held."""
    restorations: list[Restoration] = []
    with unstoppable():
        for transaction in open_transactions(store, root):
            if transaction.id > newer_than:
                restorations += undo(transaction, root)
        archive_ended(store, root)
    return restorations


@dataclass(frozen=True, slots=True)
class PartUndone:
    """What a partial rollback did: values put back, files rewritten, and what it could not take out of a file."""

    restorations: tuple[Restoration, ...]
    notes: tuple[str, ...] = ()


def rollback_part(store: Store, root: Root, only: Sequence[str], catalogue: Catalogue) -> PartUndone:
    """Undo the settings that match ``only``, and those that must be undone before them; the lock must be held.

    What outlives a reboot is taken out of lltool's files by a transaction of its own, which a later rollback undoes
    first. Raises :class:`UnfinishedTransaction` where one was interrupted, :class:`LltoolError` where a file cannot
    be written: nothing is then undone.
    """
    refuse_if_unfinished(read_transactions(store, root))
    transactions = open_transactions(store, root)
    known = {change.setting for each in transactions for change in each.in_force}
    known |= {setting for run in runs_at_boot(transactions) for setting in run.settings}
    selected = _with_those_undone_before(known, only, catalogue)
    if selected >= known:
        return PartUndone(tuple(rollback(store, root)))
    reduced = persistence_without(selected, transactions, root, catalogue)
    with unstoppable():
        profile = transactions[0].profile if transactions else ""
        rewriting = apply([], root, store, profile, keep_going=False, persistence=reduced)
        rewritten = [] if rewriting is None else [c for c in rewriting.changes if not KINDS[c.kind].stateless]
        restorations = [Restoration(each, Outcome.REDUCED, each.after or "") for each in rewritten]
        for transaction in transactions:
            if any(change.setting in selected for change in transaction.in_force):
                restorations += undo(transaction, root, selected)
        archive_ended(store, root)
    return PartUndone(tuple(restorations), reduced.notes)


def _with_those_undone_before(known: Collection[str], only: Sequence[str], catalogue: Catalogue) -> set[str]:
    selected = {each for each in known if any(fnmatch.fnmatchcase(each, pattern) for pattern in only)}
    for setting in sorted(selected):
        entry = catalogue.find(setting)
        first = entry.undone_after if entry is not None else ()
        selected |= {each for each in known if (other := catalogue.find(each)) is not None and other.id in first}
    return selected


def archive_ended(store: Store, root: Root) -> None:
    """Move the journals of transactions that hold nothing any more out of the way."""
    for transaction in read_transactions(store, root):
        if transaction.status in {Status.ROLLED_BACK, Status.ENDED_BY_REBOOT}:
            store.archive(transaction.journal)


def arguments_still_running(staged: Sequence[str], root: Root) -> list[str]:
    """Those of the once staged arguments that this kernel was started with."""
    running = (root.read_or("/proc/cmdline", "") or "").split()
    return [word for word in staged if word in running]

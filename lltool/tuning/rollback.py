"""Back to the values before lltool, over all transactions that are in force."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.interruption import unstoppable
from lltool.tuning.store import Store
from lltool.tuning.transaction import Change, Status, Transaction, read_transactions
from lltool.tuning.undo import Restoration, undo


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


def rollback(store: Store, root: Root, only: Sequence[str] = (), *, newer_than: str = "") -> list[Restoration]:
    """Undo all open transactions, or those after ``newer_than``, the newest first; the lock must be held."""
    restorations: list[Restoration] = []
    with unstoppable():
        for transaction in open_transactions(store, root):
            if transaction.id > newer_than:
                restorations += undo(transaction, root, only)
        archive_ended(store, root)
    return restorations


def archive_ended(store: Store, root: Root) -> None:
    """Move the journals of transactions that hold nothing any more out of the way."""
    for transaction in read_transactions(store, root):
        if transaction.status in {Status.ROLLED_BACK, Status.ENDED_BY_REBOOT}:
            store.archive(transaction.journal)


def arguments_still_running(staged: Sequence[str], root: Root) -> list[str]:
    """Those of the once staged arguments that this kernel was started with."""
    running = (root.read_or("/proc/cmdline", "") or "").split()
    return [word for word in staged if word in running]

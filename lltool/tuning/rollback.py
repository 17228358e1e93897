"""Back to the values before lltool, over all transactions that are in force."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.interruption import unstoppable
from lltool.tuning.store import Store
from lltool.tuning.transaction import Change, Status, Transaction, read_transactions
from lltool.tuning.undo import Restoration, undo


def open_transactions(store: Store, root: Root) -> list[Transaction]:
    """The transactions that hold or may hold changes of this boot, newest first."""
    transactions = read_transactions(store, root)
    return [
        transaction
        for transaction in reversed(transactions)
        if transaction.status in {Status.APPLIED, Status.UNFINISHED}
    ]


def changes_in_force(store: Store, root: Root) -> list[Change]:
    """What lltool's transactions recorded and nobody has rolled back, oldest first."""
    return [change for transaction in reversed(open_transactions(store, root)) for change in transaction.in_force]


def rollback(store: Store, root: Root, only: Sequence[str] = ()) -> list[Restoration]:
    """Undo all open transactions, the newest first; the lock must be held."""
    restorations: list[Restoration] = []
    with unstoppable():
        for transaction in open_transactions(store, root):
            restorations += undo(transaction, root, only)
        for transaction in read_transactions(store, root):
            if transaction.status in {Status.ROLLED_BACK, Status.ENDED_BY_REBOOT}:
                store.archive(transaction.journal)
    return restorations

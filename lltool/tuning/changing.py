"""What every command that changes the host does around its change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lltool.root import Root
from lltool.tuning.boot.state import BootState
from lltool.tuning.confirm import refuse_if_unconfirmed
from lltool.tuning.interruption import stoppable
from lltool.tuning.model import Finding
from lltool.tuning.observation import Observation
from lltool.tuning.plan import Target
from lltool.tuning.rollback import archive_ended, open_transactions
from lltool.tuning.store import Store
from lltool.tuning.transaction import read_transactions, refuse_if_unfinished
from lltool.tuning.verdicts import judge


@contextmanager
def changing(store: Store, root: Root) -> Iterator[None]:
    """Hold the lock, with no transaction unfinished or unconfirmed; a stop from outside becomes an exception.

    Raises :class:`Locked`, :class:`UnfinishedTransaction` or what ``refuse_if_unconfirmed`` raises.
    """
    with store.lock(), stoppable():
        refuse_if_unconfirmed(store)
        refuse_if_unfinished(read_transactions(store, root))
        archive_ended(store, root)
        yield


def judged(wanted: Target, store: Store) -> tuple[list[Observation], list[Finding]]:
    """The host as it is now, and the verdict on each setting, by what lltool's transactions recorded."""
    root = wanted.host.root
    transactions = open_transactions(store, root)
    in_force = [change for each in reversed(transactions) for change in each.in_force]
    observed = wanted.observe()
    return observed, judge(observed, in_force, BootState(root, transactions))

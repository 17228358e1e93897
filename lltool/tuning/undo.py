"""Undo: strict reverse order, each value exactly as it was, nothing of someone else's overwritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.journal import Journal, Record
from lltool.tuning.kinds import KINDS
from lltool.tuning.kinds.base import KeptForOthers
from lltool.tuning.transaction import Change, Transaction, current_boot_id
from lltool.tuning.writing import failure, write


class Outcome(StrEnum):
    """What became of one knob."""

    RESTORED = "restored"
    UNCHANGED = "was as before"
    FOREIGN = "kept: changed by someone else since"
    GONE = "gone: the device or file is no longer there"
    ENDED = "ended by the reboot"
    FAILED = "failed"
    REDUCED = "rewritten without it"


@dataclass(frozen=True, slots=True)
class Restoration:
    """One knob after the undo; ``live`` is the value now in force."""

    change: Change
    outcome: Outcome
    live: str
    error: str = ""

    @property
    def shown(self) -> str:
        """The value now in force, in a few words."""
        return KINDS[self.change.kind].shown(self.live)

    @property
    def left_as_is(self) -> bool:
        """Whether the old value is not in force."""
        return self.outcome in {Outcome.FOREIGN, Outcome.FAILED}


def undo(transaction: Transaction, root: Root, only: Collection[str] | None = None) -> list[Restoration]:
    """Put back what a transaction changed, or only these settings of it.

    What of a part failed stays in force. Of a whole transaction it leaves an undo that is still to be finished.

    Values come first: where the journal takes no more records, they are restored all the same, and the transaction
    stays open for another undo, which then finds them as they were.
    """
    records = _TolerantJournal(transaction.journal)
    records.append({"type": "undo"}, sync=False)
    restorations: list[Restoration] = []
    for change in reversed(transaction.in_force):
        if only is not None and change.setting not in only:
            continue
        restoration = restore(change, root)
        restorations.append(restoration)
        if restoration.outcome is not Outcome.FAILED:
            records.append(_restored(restoration), sync=False)
    if len(restorations) < len(transaction.in_force):
        records.append({"type": "paused"}, sync=True)
    elif all(restoration.outcome is not Outcome.FAILED for restoration in restorations):
        records.append({"type": "closed"}, sync=True)
    return restorations


def restore(change: Change, root: Root) -> Restoration:
    """Put one knob back."""
    try:
        return _restore(change, root)
    except FileNotFoundError:
        return Restoration(change, Outcome.GONE, "")
    except KeptForOthers as reason:
        return Restoration(change, Outcome.FOREIGN, str(reason))
    except (OSError, ValueError) as error:
        return Restoration(change, Outcome.FAILED, "", failure(error))


def _restore(change: Change, root: Root) -> Restoration:
    kind = KINDS[change.kind]
    kind.clear_leftover(root, change.knob)
    live = kind.read(root, change.knob)
    if kind.stateless:
        write(kind, root, change.knob, change.before)
        return Restoration(change, Outcome.RESTORED, live)
    if kind.restored(live, change.before):
        return Restoration(change, Outcome.UNCHANGED, live)
    if kind.foreign(live, change.after, change.wanted):
        # What a later boot made of a value that lltool's own file sets is not someone else's change.
        renewed_in_vain = change.renewed and change.boot_id != current_boot_id(root)
        return Restoration(change, Outcome.ENDED if renewed_in_vain else Outcome.FOREIGN, live)
    write(kind, root, change.knob, change.before)
    live = kind.read(root, change.knob)
    if kind.restored(live, change.before):
        return Restoration(change, Outcome.RESTORED, live)
    reason = f"the kernel made {kind.shown(live)!r} of {kind.shown(change.before)!r}"
    return Restoration(change, Outcome.FAILED, live, reason)


class _TolerantJournal:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._writable = True
        try:
            journal.heal()
        except LltoolError:
            self._writable = False

    def append(self, record: Record, *, sync: bool) -> None:
        if not self._writable:
            return
        try:
            self._journal.append(record, sync=sync)
        except LltoolError:
            self._writable = False


def _restored(restoration: Restoration) -> Record:
    change = restoration.change
    item = {"setting": change.setting, "path": change.knob.path, "part": change.knob.part}
    return {"type": "restored", "knobs": [item | {"outcome": restoration.outcome.value}]}

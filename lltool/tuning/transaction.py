"""What a journal says of its transaction, and which transactions are in force."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lltool.errors import UnfinishedTransaction
from lltool.root import Root
from lltool.tuning.journal import Journal, Record, of_type
from lltool.tuning.kinds.base import Knob
from lltool.tuning.store import Store
from lltool.tuning.values import in_one_line

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Status(StrEnum):
    """How far a transaction came."""

    APPLIED = "applied"
    UNFINISHED = "unfinished"
    ROLLED_BACK = "rolled back"
    ENDED_BY_REBOOT = "ended by reboot"


@dataclass(frozen=True, slots=True)
class Change:
    """One knob that a transaction set out to change.

    ``after`` is what was in force at the end of the transaction, None where it was interrupted before it knew;
    ``error`` the kernel's refusal of the write, if any; ``undone`` whether the old value is back in force, or was
    given up to someone else's. A ``persistent`` change outlives a reboot; a ``renewed`` one is made again at every
    boot by a file that the same transaction wrote. ``boot_id`` is the boot in which the change was made, ``evidence``
    what its kind noted after the write.
    """

    setting: str
    kind: str
    knob: Knob
    before: str
    wanted: str
    after: str | None
    error: str
    undone: bool
    boot_id: str = ""
    persistent: bool = False
    renewed: bool = False
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class BootRun:
    """One run of lltool at every boot: its arguments, and the settings that it applies."""

    arguments: tuple[str, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A journal, read.

    ``arguments`` are all that lltool had staged for the next boot when it was done, ``at_boot`` its own runs at boot;
    both are empty where the transaction left no file.
    """

    journal: Journal
    id: str
    boot_id: str
    profile: str
    started: str
    status: Status
    changes: tuple[Change, ...]

    is_of_this_boot: bool = True
    arguments: tuple[str, ...] = ()
    at_boot: tuple[BootRun, ...] = ()

    @property
    def in_force(self) -> tuple[Change, ...]:
        """The changes that a rollback would undo, in the order in which they were made."""
        if self.status in {Status.ROLLED_BACK, Status.ENDED_BY_REBOOT}:
            return ()
        return tuple(
            change
            for change in self.changes
            if not change.undone and (self.is_of_this_boot or change.persistent or change.renewed)
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting that has another value than before a transaction: both of them, in one line."""

    setting: str
    before: str
    after: str


def differences(transaction: Transaction) -> list[Difference]:
    """What a transaction changed, in the order of its writes: not what was refused, or only remembered.

    What makes settings persist has no value to show, and was ``written``.
    """
    changed: dict[str, list[Change]] = {}
    for change in transaction.changes:
        if change.after != change.before:
            changed.setdefault(change.setting, []).append(change)
    return [
        Difference(
            setting,
            in_one_line("" if each.persistent else each.before for each in changes),
            in_one_line("written" if each.persistent else each.after or "" for each in changes),
        )
        for setting, changes in changed.items()
    ]


def read_transaction(journal: Journal, boot_id: str) -> Transaction:
    """Read a journal; raises :class:`LltoolError` where it is damaged."""
    records = journal.records()
    begin: Record = next(of_type(records, "begin"), {})
    changes = tuple(_changes(records))
    began_in = begin.get("boot_id", boot_id)
    return Transaction(
        journal=journal,
        id=os.path.basename(journal.path).removesuffix(".jsonl"),
        boot_id=begin.get("boot_id", ""),
        profile=begin.get("profile", ""),
        started=begin.get("started", ""),
        status=_status(records, changes, is_of_this_boot=began_in == boot_id),
        changes=changes,
        is_of_this_boot=began_in == boot_id,
        arguments=tuple(begin.get("arguments", ())),
        at_boot=tuple(BootRun(tuple(run["arguments"]), tuple(run["settings"])) for run in begin.get("at_boot", ())),
    )


def read_transactions(store: Store, root: Root) -> list[Transaction]:
    """The transactions that may hold something to undo, oldest first."""
    boot_id = current_boot_id(root)
    return [read_transaction(journal, boot_id) for journal in store.journals()]


def read_history(store: Store, root: Root) -> list[Transaction]:
    """All transactions of this host, oldest first."""
    boot_id = current_boot_id(root)
    return [read_transaction(journal, boot_id) for journal in store.all_journals()]


def refuse_if_unfinished(transactions: list[Transaction]) -> None:
    """Raise :class:`UnfinishedTransaction` where one was interrupted."""
    for transaction in transactions:
        if transaction.status is Status.UNFINISHED:
            raise UnfinishedTransaction(
                f"transaction {transaction.id} was interrupted",
                cause=f"its journal {transaction.journal.path} has no end",
                next_step="run `lltool rollback`",
            )


def current_boot_id(root: Root) -> str:
    """What distinguishes this boot from every other; empty where the tree does not say."""
    return root.read_or(BOOT_ID, "") or ""


def _status(records: list[Record], changes: Sequence[Change], *, is_of_this_boot: bool) -> Status:
    if any(of_type(records, "closed")):
        return Status.ROLLED_BACK
    # What it wrote into files has outlived the boot; a transaction without such ended with it.
    if not is_of_this_boot and all(change.undone or not change.persistent for change in changes):
        return Status.ENDED_BY_REBOOT
    last = {record["type"]: index for index, record in enumerate(records)}
    if "commit" not in last or last.get("undo", -1) > last.get("paused", -1):
        return Status.UNFINISHED
    return Status.APPLIED


def _changes(records: list[Record]) -> list[Change]:
    boot_id = next((record["boot_id"] for record in of_type(records, "begin")), "")
    after: dict[tuple[str, Knob], str | None] = {}
    errors: dict[tuple[str, Knob], str] = {}
    evidence: dict[tuple[str, Knob], str] = {}
    undone: set[tuple[str, Knob]] = set()
    for record in records:
        for item in record.get("knobs", ()):
            key = (item["setting"], Knob(item["path"], item["part"]))
            if record["type"] in {"result", "commit"}:
                after[key] = item["after"]
                errors[key] = item.get("error", errors.get(key, ""))
                evidence[key] = item.get("evidence", evidence.get(key, ""))
            elif record["type"] == "restored":
                undone.add(key)
    return [
        Change(
            setting=item["setting"],
            kind=record["kind"],
            knob=key[1],
            before=item["before"],
            wanted=item["wanted"],
            after=after.get(key),
            error=errors.get(key, ""),
            undone=key in undone,
            boot_id=boot_id,
            persistent=record.get("persistent", False),
            renewed=record.get("renewed", False),
            evidence=evidence.get(key, ""),
        )
        for record in of_type(records, "intent")
        for item in record["knobs"]
        if (key := (item["setting"], Knob(item["path"], item["part"])))
    ]

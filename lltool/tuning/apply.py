"""Apply what differs: one journalled transaction, undone by itself where it fails."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime

from lltool import __version__
from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.interruption import unstoppable
from lltool.tuning.journal import Journal, Record
from lltool.tuning.kinds.base import Kind
from lltool.tuning.observation import KnobState, Observation, read_failure
from lltool.tuning.store import Store
from lltool.tuning.transaction import Transaction, current_boot_id, read_transaction
from lltool.tuning.undo import Restoration, undo
from lltool.tuning.writing import refusal, write


class _WriteFailed(Exception):
    def __init__(self, setting: str, state: KnobState, error: OSError) -> None:
        super().__init__(setting)
        self.setting = setting
        self.state = state
        self.error = error


def apply(
    observations: Sequence[Observation], root: Root, store: Store, profile: str, *, keep_going: bool
) -> Transaction | None:
    """Write every knob that differs; return the transaction, or None where nothing differed.

    A kernel that says no (no privilege, a managed interrupt) leaves that knob as it was and is recorded. Any other
    failed write ends the transaction: everything is rolled back and :class:`LltoolError` raised, unless ``keep_going``.
    The same happens where the journal cannot be written, and on any interruption.
    """
    differing = [observation for observation in observations if observation.to_write]
    if not differing:
        return None
    boot_id = current_boot_id(root)
    journal = store.new_journal()
    try:
        journal.append(_begin(boot_id, profile), sync=False)
        for observation in differing:
            _apply_setting(observation, root, journal, keep_going=keep_going)
        _commit(differing, root, journal)
    except BaseException as failure:
        with unstoppable():
            restorations = undo(read_transaction(journal, boot_id), root)
        if isinstance(failure, _WriteFailed):
            raise _explained(failure, restorations) from failure.error
        raise
    return read_transaction(journal, boot_id)


def _begin(boot_id: str, profile: str) -> Record:
    return {
        "type": "begin",
        "boot_id": boot_id,
        "profile": profile,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
    }


def _apply_setting(observation: Observation, root: Root, journal: Journal, *, keep_going: bool) -> None:
    states = observation.to_write
    items = [_item(observation, state) | {"before": state.live, "wanted": state.wanted} for state in states]
    journal.append({"type": "intent", "kind": observation.entry.kind, "knobs": items}, sync=True)
    results: list[Record] = []
    failed: _WriteFailed | None = None
    for state in states:
        refused = ""
        try:
            write(observation.kind, root, state.knob, state.wanted)
        except OSError as error:
            refused = refusal(observation.entry.kind, error)
            if not refused:
                refused = os.strerror(error.errno or 0).lower()
                failed = failed or _WriteFailed(observation.setting, state, error)
        results.append(
            _item(observation, state) | {"after": _read_back(observation.kind, root, state), "error": refused}
        )
        if failed is not None and not keep_going:
            break
    journal.append({"type": "result", "knobs": results}, sync=False)
    if failed is not None and not keep_going:
        raise failed


def _commit(observations: Sequence[Observation], root: Root, journal: Journal) -> None:
    """Read everything once more: where a later setting moved an earlier one, that is our own doing."""
    items = [
        _item(observation, state) | {"after": _read_back(observation.kind, root, state)}
        for observation in observations
        for state in observation.to_write
    ]
    journal.append({"type": "commit", "knobs": items}, sync=True)


def _item(observation: Observation, state: KnobState) -> Record:
    return {"setting": observation.setting, "path": state.knob.path, "part": state.knob.part}


def _read_back(kind: Kind, root: Root, state: KnobState) -> str | None:
    try:
        return kind.read(root, state.knob)
    except (OSError, ValueError) as error:
        return f"unreadable: {read_failure(error)}"


def _explained(failure: _WriteFailed, restorations: Sequence[Restoration]) -> LltoolError:
    left = [restoration for restoration in restorations if restoration.left_as_is]
    undone = "everything was put back" if not left else f"{len(left)} values could not be put back"
    return LltoolError(
        f"{failure.setting}: writing {failure.state.wanted!r} to {failure.state.knob} failed",
        cause=f"{os.strerror(failure.error.errno or 0).lower()}; {undone}",
        next_step=f"leave it out with --skip {failure.setting}, or apply the rest with --keep-going",
    )

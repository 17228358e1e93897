"""Apply what differs: one journalled transaction, undone by itself where it fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from lltool import __version__
from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.interruption import unstoppable
from lltool.tuning.journal import Journal, Record
from lltool.tuning.kinds.base import Kind
from lltool.tuning.observation import Observation, read_failure
from lltool.tuning.passing import remembering_steps, settle
from lltool.tuning.persistence.plan import NOTHING_PERSISTS, Persistence
from lltool.tuning.step import Step, Write, step_of
from lltool.tuning.store import Store
from lltool.tuning.transaction import Transaction, current_boot_id, read_transaction
from lltool.tuning.undo import Restoration, undo
from lltool.tuning.writing import failure, write


class _WriteFailed(Exception):
    def __init__(self, step: Step, write: Write, error: OSError) -> None:
        super().__init__(step.setting)
        self.setting = step.setting
        self.knob = write.knob
        self.wanted = step.kind.shown(write.wanted)
        self.error = error


def apply(
    observations: Sequence[Observation],
    root: Root,
    store: Store,
    profile: str,
    *,
    keep_going: bool,
    persistence: Persistence = NOTHING_PERSISTS,
) -> Transaction | None:
    """Write every knob that differs; return the transaction, or None where nothing differed.

    ``persistence`` is what makes the settings hold at the next boot too; its files come after the live values.

    A kernel that says no (no privilege, a managed interrupt) leaves that knob as it was and is recorded. Any other
    failed write ends the transaction: everything is rolled back and :class:`LltoolError` raised, unless ``keep_going``.
    The same happens where the journal cannot be written, and on any interruption.
    """
    renewed = {setting for step in persistence.steps for setting in step.renews}
    steps = [*persistence.first, *remembering_steps(observations, root)]
    steps += [
        step_of(observation, renewed=observation.setting in renewed)
        for observation in observations
        if observation.to_write
    ]
    steps += persistence.steps
    if not steps:
        return None
    boot_id = current_boot_id(root)
    journal = store.new_journal()
    try:
        journal.append(_begin(boot_id, profile, persistence), sync=False)
        for step in steps:
            _apply_step(step, root, journal, keep_going=keep_going)
        settle(steps, root)
        _commit(steps, root, journal)
    except BaseException as failed:
        with unstoppable():
            restorations = undo(read_transaction(journal, boot_id), root)
        if isinstance(failed, _WriteFailed):
            raise _explained(failed, restorations) from failed.error
        raise
    return read_transaction(journal, boot_id)


def _begin(boot_id: str, profile: str, persistence: Persistence) -> Record:
    return {
        "type": "begin",
        "boot_id": boot_id,
        "profile": profile,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "arguments": list(persistence.staging.arguments),
        "at_boot": [asdict(run) for run in persistence.at_boot],
    }


def _apply_step(step: Step, root: Root, journal: Journal, *, keep_going: bool) -> None:
    journal.append(_intent(step), sync=True)
    results: list[Record] = []
    failed: _WriteFailed | None = None
    for each in step.writes:
        refused = ""
        try:
            if each.wanted != each.before:
                write(step.kind, root, each.knob, each.wanted)
        except OSError as error:
            refused = step.kind.refused(error)
            # A persistent file that is refused is no state of the kernel to live with: without it nothing persists.
            if not refused or step.kind.persistent:
                refused = refused or failure(error)
                failed = failed or _WriteFailed(step, each, error)
        results.append(_item(step, each) | {"after": _read_back(step.kind, root, each), "error": refused})
        evidence = step.kind.evidence(root, each.knob, each.wanted)
        if evidence:
            results[-1]["evidence"] = evidence
        if failed is not None and not keep_going:
            break
    journal.append({"type": "result", "knobs": results}, sync=False)
    if failed is not None and not keep_going:
        raise failed


def _intent(step: Step) -> Record:
    items = [_item(step, each) | {"before": each.before, "wanted": each.wanted} for each in step.writes]
    flags = {"persistent": True} if step.kind.persistent else {"renewed": True} if step.renewed else {}
    return {"type": "intent", "kind": step.kind_name, **flags, "knobs": items}


def _commit(steps: Sequence[Step], root: Root, journal: Journal) -> None:
    """Read everything once more: where a later setting moved an earlier one, that is our own doing."""
    items = [_item(step, each) | {"after": _read_back(step.kind, root, each)} for step in steps for each in step.writes]
    journal.append({"type": "commit", "knobs": items}, sync=True)


def _item(step: Step, each: Write) -> Record:
    return {"setting": step.setting, "path": each.knob.path, "part": each.knob.part}


def _read_back(kind: Kind, root: Root, each: Write) -> str | None:
    try:
        return kind.read(root, each.knob)
    except (OSError, ValueError) as error:
        return f"unreadable: {read_failure(error)}"


def _explained(failed: _WriteFailed, restorations: Sequence[Restoration]) -> LltoolError:
    left = [restoration for restoration in restorations if restoration.left_as_is]
    undone = "everything was put back" if not left else f"{len(left)} values could not be put back"
    return LltoolError(
        f"{failed.setting}: writing {failed.wanted!r} to {failed.knob} failed",
        cause=f"{failure(failed.error)}; {undone}",
        next_step=f"leave it out with --skip {failed.setting}, or apply the rest with --keep-going",
    )

"""Confirm or revert: what a tune changed goes back by itself unless its operator says that the host is still reachable.

A timer process of its own waits; it belongs to no terminal and no session, so that it outlives the connection that the
tune may have cut. What it needs to know is in one file of the state directory, written before the first change. If the
timer is killed, the file stays: `lltool rollback` and `lltool confirm` work as before, and nothing is tuned meanwhile.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from lltool.atomic import sync_directory, write_atomically
from lltool.errors import InvalidInput, LltoolError, Locked, UnfinishedTransaction, from_os_error
from lltool.root import Root
from lltool.state_directory import VARIABLE
from lltool.tuning.rollback import rollback
from lltool.tuning.store import Store
from lltool.tuning.transaction import current_boot_id
from lltool.tuning.undo import Restoration

_FILE = "unconfirmed.json"
_LOCK_PAUSE_SECONDS = 0.2
_CLOCK = time.CLOCK_BOOTTIME  # a suspended host must not come back unconfirmed and unwatched


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A tune that waits for its confirmation.

    ``newer_than`` is the last transaction before it; ``deadline_ns`` is on CLOCK_BOOTTIME of the boot ``boot_id``.
    """

    boot_id: str
    deadline_ns: int
    newer_than: str

    def seconds_left(self) -> float:
        """Until the timer reverts; negative where it should have."""
        return (self.deadline_ns - time.clock_gettime_ns(_CLOCK)) / 1e9


def announce(store: Store, root: Root, within_ns: int) -> Unconfirmed:
    """Put on the disk that what follows has to be confirmed; the lock must be held."""
    newest = max((os.path.basename(journal.path) for journal in store.journals()), default="")
    pending = Unconfirmed(current_boot_id(root), _after(within_ns), newest.removesuffix(".jsonl"))
    _write(store, pending)
    return pending


def restart_clock(store: Store, pending: Unconfirmed, within_ns: int) -> None:
    """Give the operator the whole time from now on: all has been applied."""
    _write(store, replace(pending, deadline_ns=_after(within_ns)))


@contextmanager
def reverted_unless_confirmed(store: Store, root: Root, within_ns: int | None) -> Iterator[None]:
    """What the block changes goes back unless it is confirmed in time; None asks for no confirmation.

    A block that fails has undone its changes itself, and nothing waits then.
    """
    if within_ns is None:
        yield
        return
    pending = announce(store, root, within_ns)
    try:
        start_timer(store)
        yield
    except BaseException:
        forget(store)
        raise
    restart_clock(store, pending, within_ns)


def read_unconfirmed(store: Store) -> Unconfirmed | None:
    """The tune that waits, if any; raises :class:`LltoolError` where its file cannot be read."""
    path = _path(store)
    try:
        with open(path, encoding="utf-8") as file:
            return Unconfirmed(**json.load(file))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise LltoolError(
            f"{path} cannot be read", cause=str(error), next_step="run `lltool rollback`, then remove the file"
        ) from error


def refuse_if_unconfirmed(store: Store) -> None:
    """Raise :class:`UnfinishedTransaction` where a tune waits for its confirmation."""
    pending = read_unconfirmed(store)
    if pending is not None:
        raise UnfinishedTransaction(
            "the last tune has not been confirmed",
            cause=f"{_path(store)} is there",
            next_step="run `lltool confirm` to keep it, or `lltool rollback`",
        )


def forget(store: Store) -> None:
    """Nothing waits any more, whether it was kept or reverted."""
    try:
        os.unlink(_path(store))
        sync_directory(store.directory)
    except FileNotFoundError:
        return
    except OSError as error:
        raise from_os_error(f"{_path(store)} cannot be removed", error) from error


def confirm(store: Store, root: Root) -> None:
    """Keep what the last tune changed; the lock must be held. Raises :class:`LltoolError` where nothing waits."""
    pending = read_unconfirmed(store)
    if pending is None:
        raise LltoolError(
            "nothing waits for a confirmation",
            cause="no tune with --confirm-within is pending, or it has been reverted",
            next_step="`lltool history` shows what is in force",
        )
    if pending.boot_id != current_boot_id(root):
        raise LltoolError(
            "the tune that waits was made before the last reboot",
            cause="it was never confirmed",
            next_step="run `lltool rollback`, then tune again",
        )
    forget(store)


def start_timer(store: Store) -> None:
    """Start the process that reverts; it ends by itself once there is nothing to wait for."""
    command = [sys.executable, "-m", "lltool", "confirm", "--else-revert"]
    environment = os.environ | {VARIABLE: os.path.abspath(store.directory)}
    if os.path.isdir("/run/systemd/system"):
        # A unit of its own: logind may end all processes of a session with it (KillUserProcesses=).
        setenv = f"--setenv={VARIABLE}={environment[VARIABLE]}"
        command = ["systemd-run", "--quiet", "--collect", setenv, *command]
    try:
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
    except OSError as error:
        raise from_os_error(f"the timer cannot be started ({command[0]})", error) from error


def revert_when_due(store: Store, root: Root) -> list[Restoration]:
    """Wait for the deadline; then undo what was not confirmed. Returns what was put back."""
    while (pending := read_unconfirmed(store)) is not None:
        left = pending.seconds_left() if pending.boot_id == current_boot_id(root) else 0
        if left > 0:
            # Short sleeps: a confirmation ends the wait.
            time.sleep(min(left, 1.0))
            continue
        try:
            with store.lock():
                # The tune that held the lock until now may have moved its deadline.
                if read_unconfirmed(store) == pending:
                    restorations = rollback(store, root, newer_than=pending.newer_than)
                    forget(store)
                    return restorations
        except Locked:
            time.sleep(_LOCK_PAUSE_SECONDS)
    return []


def parse_duration(text: str) -> int:
    """Nanoseconds of ``60s``, ``2m`` or ``90`` (seconds); raises :class:`InvalidInput`."""
    match = re.fullmatch(r"(\d{1,6})(s|m)?", text)
    if match is None or int(match[1]) == 0:
        raise InvalidInput(f"{text!r} is not a time", ["write it as 60s or 2m"])
    return int(match[1]) * (60 if match[2] == "m" else 1) * 1_000_000_000


def _path(store: Store) -> str:
    return os.path.join(store.directory, _FILE)


def _write(store: Store, pending: Unconfirmed) -> None:
    write_atomically(_path(store), json.dumps(asdict(pending)) + "\n")


def _after(duration_ns: int) -> int:
    return time.clock_gettime_ns(_CLOCK) + duration_ns

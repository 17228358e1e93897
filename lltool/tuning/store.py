"""Where lltool keeps what it did to this host: the state directory, its lock, its transactions."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from lltool.errors import LltoolError, Locked, from_os_error
from lltool.root import Root
from lltool.state_directory import VARIABLE, state_directory
from lltool.tuning.journal import Journal


class Store:
    """The state directory: ``LLTOOL_STATE_DIR``, else ``/var/lib/lltool``, readable by its owner only."""

    def __init__(self, root: Root) -> None:
        self.directory = state_directory(root)

    def create(self) -> None:
        """Make the directory.

        Raises :class:`LltoolError` where that cannot be done, and where others than root could write what root undoes.
        """
        try:
            os.makedirs(self.directory, mode=0o700, exist_ok=True)
            os.makedirs(self._transactions, mode=0o700, exist_ok=True)
            for directory in (self.directory, self._transactions):
                _refuse_writable_by_others(directory)
        except OSError as error:
            raise from_os_error(
                f"state directory {self.directory} cannot be made ({VARIABLE} moves it)", error
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock; the kernel releases it when the process ends, however it ends. Raises :class:`Locked`."""
        self.create()
        path = os.path.join(self.directory, "lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise from_os_error(f"lock {path} cannot be opened", error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(descriptor, 32).decode(errors="replace").strip() or "that has just begun"
                raise Locked(
                    f"lock {path} is held", cause=f"by process {holder}", next_step="wait until it has ended"
                ) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def new_journal(self) -> Journal:
        """A journal for a new transaction, its directory entry on the disk."""
        self.create()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        path = os.path.join(self._transactions, f"{stamp}.jsonl")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            descriptor = os.open(self._transactions, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os_error(f"journal {path} cannot be made", error) from error
        return Journal(path)

    def journals(self) -> list[Journal]:
        """The journals that may hold something to undo, oldest first; none where nothing was ever tuned."""
        return self._list(self._transactions)

    def all_journals(self) -> list[Journal]:
        """The journals of all transactions, oldest first."""
        return sorted(
            [*self._list(self._history), *self.journals()], key=lambda journal: os.path.basename(journal.path)
        )

    def archive(self, journal: Journal) -> None:
        """Move the journal of a finished transaction out of the way of every later command."""
        try:
            os.makedirs(self._history, mode=0o700, exist_ok=True)
            os.rename(journal.path, os.path.join(self._history, os.path.basename(journal.path)))
        except OSError as error:
            raise from_os_error(f"journal {journal.path} cannot be moved to {self._history}", error) from error

    def _list(self, directory: str) -> list[Journal]:
        try:
            names = sorted(os.listdir(directory))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise from_os_error(f"state directory {directory} cannot be read", error) from error
        return [Journal(os.path.join(directory, name)) for name in names if name.endswith(".jsonl")]

    @property
    def _transactions(self) -> str:
        return os.path.join(self.directory, "transactions")

    @property
    def _history(self) -> str:
        return os.path.join(self.directory, "history")


def _refuse_writable_by_others(directory: str) -> None:
    status = os.stat(directory)
    if os.geteuid() == 0 and (status.st_uid != 0 or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        raise LltoolError(
            f"state directory {directory} is not used by root",
            cause="others than root can write it, and what is in it decides what a rollback writes",
            next_step=f"chown -R root {directory} && chmod go-w {directory}, or move it with {VARIABLE}",
        )

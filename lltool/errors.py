"""The one exception tree of lltool.

LltoolError                     exit 1: the message names the path, the value, the cause and the next step
├── InvalidInput                exit 2: profile, configuration, result, recording; lists every fault
├── UnfinishedTransaction       exit 6: run `lltool rollback`
└── Locked                      exit 7: another lltool holds the lock

Anything else that leaves lltool as an exception is a defect of lltool, not a mistake of its user.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence


class LltoolError(Exception):
    """A failure that its user can act on.

    ``what`` says what failed, with the path and the value; ``cause`` why; ``next_step`` what to do.
    """

    exit_code = 1

    def __init__(self, what: str, *, cause: str | None = None, next_step: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.cause = cause
        self.next_step = next_step

    def __str__(self) -> str:
        text = self.what if self.cause is None else f"{self.what}: {self.cause}"
        return text if self.next_step is None else f"{text}\n  next: {self.next_step}"


class InvalidInput(LltoolError):
    """Input that cannot be used. ``faults`` holds every fault found, each with its place in the file."""

    exit_code = 2

    def __init__(self, what: str, faults: Sequence[str], *, next_step: str | None = None) -> None:
        super().__init__(what, next_step=next_step)
        self.faults = tuple(faults)

    def __str__(self) -> str:
        lines = [self.what, *(f"  {fault}" for fault in self.faults)]
        if self.next_step is not None:
            lines.append(f"  next: {self.next_step}")
        return "\n".join(lines)


class UnfinishedTransaction(LltoolError):
    """A transaction was interrupted; nothing is tuned before it has been rolled back."""

    exit_code = 6


class Locked(LltoolError):
    """Another lltool is changing or measuring this host."""

    exit_code = 7


_PRIVILEGE = {
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
}
_NEXT_STEP = {
    errno.EACCES: "run as root, or give the file to this user",
    errno.EPERM: "run as root",
    errno.ENOSPC: "free space on that file system",
    errno.EROFS: "choose a place on a writable file system",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "name a file, not a directory",
}


def from_os_error(what: str, error: OSError) -> LltoolError:
    """Wrap ``error`` with the path it concerns and the step that usually helps."""
    number = error.errno or 0
    cause = _PRIVILEGE.get(number) or os.strerror(number).lower()
    return LltoolError(what, cause=cause, next_step=_NEXT_STEP.get(number))

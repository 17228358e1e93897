"""The one exception tree of lltool.

LltoolError                     exit 1: the message names the path, the value, the cause and the next step
├── InvalidInput                exit 2: profile, configuration, result, recording; lists every fault
├── UnfinishedTransaction       exit 6: run `lltool rollback`
├── Locked                      exit 7: another lltool holds the lock
└── TradingError                exit 1: on the way from market data to an order; one class for each one-byte code

Anything else that leaves lltool as an exception is a defect of lltool, not a mistake of its user.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import ClassVar


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


class TradingError(LltoolError):
    """What a hot path reports by a one-byte code, for those who can take their time. Chapter 5.8.1.

    ``code`` is that of ``lltool.kernels.codes``; :func:`from_code` makes the exception of a code.
    """

    code: ClassVar[int]


class NetworkError(TradingError):
    """The network failed: the cause is the kernel's."""

    code = 1


class ParseError(TradingError):
    """A message that does not follow its format; the cause says where."""

    code = 2


class RiskLimit(TradingError):
    """An order above a limit. ``limit`` and ``attempted``, where known, are fixed-point integers of the same unit."""

    code = 3

    def __init__(
        self,
        what: str,
        *,
        cause: str | None = None,
        next_step: str | None = None,
        limit: int | None = None,
        attempted: int | None = None,
    ) -> None:
        if limit is not None and attempted is not None:
            cause = f"{attempted} is above the limit of {limit}" if cause is None else cause
        super().__init__(what, cause=cause, next_step=next_step)
        self.limit = limit
        self.attempted = attempted


class QueueFull(TradingError):
    """A ring had no room: its consumer is behind."""

    code = 4


class InvalidOrder(TradingError):
    """An order that no exchange would take: side, price, quantity or id."""

    code = 5


class OrderRejected(TradingError):
    """The exchange refused an order; the cause is its reason."""

    code = 6


class SystemOverload(TradingError):
    """More came in than could be worked on."""

    code = 7


class Disconnected(TradingError):
    """The exchange's connection is gone."""

    code = 8


class TimedOut(TradingError):
    """No answer in time."""

    code = 9


def from_code(code: int, what: str, *, cause: str | None = None, next_step: str | None = None) -> TradingError:
    """The exception of a one-byte code that is not OK; raises ``ValueError`` for another number."""
    for known in TradingError.__subclasses__():
        if known.code == code:
            return known(what, cause=cause, next_step=next_step)
    raise ValueError(f"code {code} is not that of an error")


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

"""One write to the kernel, and what its answer means."""

from __future__ import annotations

import errno
import os
import time

from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob

_BUSY_TRIES = 5
_BUSY_PAUSE_SECONDS = 0.02

_REFUSALS = {
    errno.EACCES: "needs root",
    errno.EPERM: "the kernel does not permit it",
    errno.EROFS: "the file system is read-only, as in a container",
}
_REFUSALS_OF_INTERRUPTS = {
    errno.EIO: "managed by the kernel: it follows its queue and cannot be moved",
    errno.ENOSPC: "the wanted CPUs have no interrupt vector left",
}


def write(kind: Kind, root: Root, knob: Knob, text: str) -> None:
    """Write once, and again for a short while where the kernel says it is busy; raises ``OSError``."""
    for _ in range(_BUSY_TRIES - 1):
        try:
            kind.write(root, knob, text)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            time.sleep(_BUSY_PAUSE_SECONDS)
        else:
            return
    kind.write(root, knob, text)


def refusal(kind_name: str, error: OSError) -> str:
    """The words for an answer by which the kernel says no for good; empty for any other failure."""
    number = error.errno or 0
    if kind_name == "irq_affinity" and number in _REFUSALS_OF_INTERRUPTS:
        return _REFUSALS_OF_INTERRUPTS[number]
    return _REFUSALS.get(number, "")


def failure(error: OSError | ValueError) -> str:
    """Why a read or write failed, in words: a program's own, else what the errno means."""
    if isinstance(error, ValueError):
        return str(error)
    meaning = os.strerror(error.errno or 0)
    # The kernel's answers carry the meaning of their errno as text; a program that failed has said more.
    return meaning.lower() if error.strerror in {None, meaning} else str(error.strerror)

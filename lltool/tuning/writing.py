"""One write to the kernel, tried again where it is busy."""

from __future__ import annotations

import errno
import os
import time

from lltool.root import Root
from lltool.tuning.kinds.base import Kind, Knob

_BUSY_TRIES = 5
_BUSY_PAUSE_SECONDS = 0.02


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


def failure(error: OSError | ValueError) -> str:
    """Why a read or write failed, in words: a program's own, else what the errno means."""
    if isinstance(error, ValueError):
        return str(error)
    meaning = os.strerror(error.errno or 0)
    # The kernel's answers carry the meaning of their errno as text; a program that failed has said more.
    return meaning.lower() if error.strerror in {None, meaning} else str(error.strerror)

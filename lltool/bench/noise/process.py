"""Watching for noise in a process of its own, which leaves no tracing instance behind however it ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.process import WorkerFailed, ask_worker, kept_off
from lltool.errors import LltoolError

SLACK_SECONDS = 60.0
"""Beyond both passes: set-up, and reading a trace of many events."""

GRACE_SECONDS = 5.0
"""How long the watching process may take to remove its tracing instance when it is told to end."""


def watch_for_noise(cores: Sequence[int], seconds: float, *, fifo: bool) -> dict[str, Any]:
    """The document (``lltool.noise/1``) of two passes of ``seconds`` over ``cores``.

    Raises LltoolError where the cores cannot be watched.
    """
    specification = {"cores": list(cores), "seconds": seconds, "fifo": fifo}
    try:
        with kept_off(cores):
            found = ask_worker(
                specification,
                2 * seconds + SLACK_SECONDS,
                "lltool.bench.noise.worker",
                grace_seconds=GRACE_SECONDS,
            )
    except WorkerFailed as failure:
        raise LltoolError("the cores cannot be watched", cause=str(failure)) from failure
    if "failed" in found:
        raise LltoolError(found["failed"])
    return found

"""One worker process: started, answered, or ended; never left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator
from typing import Any

COMMAND = (sys.executable, "-P", "-m")
"""``-P``: a file named like a module in the current folder must not be loaded into a measurement."""

WORKER = "lltool.bench.worker"


class WorkerFailed(Exception):
    """The worker gave no document; the message says what it did instead."""


def ask_worker(
    specification: dict[str, Any], timeout_seconds: float, module: str = WORKER, *, grace_seconds: float = 0.0
) -> dict[str, Any]:
    """Run ``module`` as a worker on ``specification`` and return its document.

    The worker is a session of its own: Ctrl-C reaches this process alone, which then ends the worker, as it does
    on any other way out: with ``grace_seconds`` it is asked first, and has as long to put things back. The kernel ends
    it where this process is killed. Raises ``WorkerFailed``.
    """
    try:
        process = subprocess.Popen(
            (*COMMAND, module),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        cause = os.strerror(error.errno or 0).lower()
        raise WorkerFailed(f"the worker cannot be started: {COMMAND[0]}: {cause}") from error
    try:
        output, complaints = process.communicate(
            json.dumps({**specification, "parent": os.getpid()}), timeout=timeout_seconds
        )
    except subprocess.TimeoutExpired:
        raise WorkerFailed(f"the worker gave no answer within {timeout_seconds:g} s") from None
    finally:
        # Not reaped yet, so the number still is this worker's, or it was reaped and there is nothing to end.
        if process.returncode is None:
            _end(process, grace_seconds)
            process.communicate()
    if process.returncode != 0:
        raise WorkerFailed(_ending(process.returncode, complaints))
    try:
        document = json.loads(output)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise WorkerFailed(f"the worker printed something else than one JSON document: {output[:80]!r}")
    return document


def _end(process: subprocess.Popen[str], grace_seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        if grace_seconds:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(grace_seconds)
                return
        os.killpg(process.pid, signal.SIGKILL)


def _ending(returncode: int, complaints: str) -> str:
    how = f"exit status {returncode}" if returncode > 0 else f"signal {_signal_name(-returncode)}"
    lines = complaints.strip().splitlines()
    return f"the worker ended with {how}" + (f": {lines[-1]}" if lines else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


@contextlib.contextmanager
def kept_off(cores: Collection[int]) -> Iterator[None]:
    """Keep the calling thread off ``cores`` for the length of the block, where it has others to run on."""
    before = os.sched_getaffinity(0)
    others = before.difference(cores)
    if others:
        os.sched_setaffinity(0, others)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

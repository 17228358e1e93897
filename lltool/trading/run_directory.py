"""What a trading run leaves for others while it goes on, in memory: its kill switch, and its counters once a second.

    NAME.kill   the page of the kill switch, locked by its supervisor
    NAME.json   its counters (``lltool.trade-counters/1``), written whole or not at all by its supervisor

Both are removed when the run ends as it was asked to. A run that ended otherwise leaves its last counters, with
``ended``; so does one that was killed, without. Whether the process of some counters is still there, :func:`runs` tells
by its id, when it started, and the boot.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from lltool.atomic import write_atomically
from lltool.errors import InvalidInput
from lltool.root import Root

DIRECTORY = "/run/lltool"
"""On a file system in memory: gone after a reboot, as the runs are."""

VARIABLE = "LLTOOL_RUN_DIR"
SCHEMA = "lltool.trade-counters/1"

_KILL, _COUNTERS = ".kill", ".json"
_START_FIELD = 22 - 3
"""Of starttime in /proc/PID/stat (proc(5)), counted behind the name, which may hold blanks."""


@dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process that no other can be taken for: it got its number ``start_ticks`` after the boot ``boot_id``."""

    pid: int
    start_ticks: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Run:
    """The counters that a run last wrote, and whether its supervisor is still there."""

    counters: dict[str, Any]
    is_running: bool


def run_directory(root: Root) -> str:
    """The directory, which need not exist yet."""
    return os.environ.get(VARIABLE) or root.path(DIRECTORY)


def kill_page_path(root: Root, name: str) -> str:
    """Where the kill switch of the run of this name is. InvalidInput for a name that is no file name."""
    return _path(root, name, _KILL)


def counters_path(root: Root, name: str) -> str:
    """Where the counters of the run of this name are. InvalidInput for a name that is no file name."""
    return _path(root, name, _COUNTERS)


def _path(root: Root, name: str, suffix: str) -> str:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise InvalidInput(f"run name {name!r} cannot be used", ["letters, digits, - and _ only"])
    return os.path.join(run_directory(root), name + suffix)


def write_counters(path: str, document: dict[str, Any]) -> None:
    """Replace the counters at ``path``. Raises LltoolError."""
    write_atomically(path, json.dumps(document) + "\n", durable=False)


def process_of(root: Root, pid: int) -> RunningProcess | None:
    """The process that has this id now; None when there is none."""
    stat = root.read_or(f"/proc/{pid}/stat")
    boot_id = root.read_or("/proc/sys/kernel/random/boot_id")
    fields = (stat or "").rpartition(")")[2].split()
    if boot_id is None or len(fields) <= _START_FIELD:
        return None
    return RunningProcess(pid, int(fields[_START_FIELD]), boot_id)


def runs(root: Root) -> list[Run]:
    """What the runs of this host last wrote, by name. What is no such document, or of another version, is left out."""
    found = []
    with suppress(FileNotFoundError, NotADirectoryError):
        names = sorted(os.listdir(run_directory(root)))
        for name in names:
            counters = _read(os.path.join(run_directory(root), name)) if name.endswith(_COUNTERS) else None
            if counters is not None:
                found.append(Run(counters, _is_running(root, counters)))
    return found


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as file:
            counters = json.load(file)
    except (FileNotFoundError, ValueError):
        return None
    return counters if isinstance(counters, dict) and counters.get("schema") == SCHEMA else None


def _is_running(root: Root, counters: dict[str, Any]) -> bool:
    process = counters.get("process")
    if counters.get("ended") is not None or not isinstance(process, dict):
        return False
    now = process_of(root, process.get("pid", 0))
    return now is not None and (now.start_ticks, now.boot_id) == (process.get("start_ticks"), process.get("boot_id"))

"""The limits that a running process has: /proc/PID/limits (setrlimit(2))."""

from __future__ import annotations

import math
import re

from lltool.root import Root

_LINES = {"memlock": "Max locked memory", "rtprio": "Max realtime priority", "nice": "Max nice priority"}
_WITHOUT_LIMIT = {"unlimited", "infinity"}
_NICE_OFFSET = 20  # a nice value of -20 is a limit of 40


def soft_limit(root: Root, process: str, item: str) -> float | None:
    """The soft limit of a process in the kernel's unit, ``inf`` for none; None where the process has ended."""
    match = re.search(rf"^{_LINES[item]}\s+(\S+)", root.read_or(f"/proc/{process}/limits", "") or "", re.MULTILINE)
    return None if match is None else _number(match[1])


def limit_of(item: str, value: str, *, unit_bytes: int = 1) -> float:
    """The limit that a wished value stands for; ``unit_bytes`` is what memory is counted in."""
    if item == "nice":
        return _NICE_OFFSET - int(value)
    return _number(value) * (unit_bytes if item == "memlock" else 1)


def nice_of(limit: str) -> str:
    """The nice value that a limit stands for."""
    return str(_NICE_OFFSET - int(limit))


def _number(text: str) -> float:
    return math.inf if text in _WITHOUT_LIMIT else int(text)

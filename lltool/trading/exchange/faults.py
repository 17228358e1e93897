"""Faults of the simulated exchange: which, when, and for how long. ``drop@100``, ``silence@200:3``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from lltool.errors import InvalidInput

FaultKind = Literal[
    "drop",
    "duplicate",
    "reorder",
    "half-frame",
    "silence",
    "ping-silence",
    "close",
    "server-shutdown",
    "too-many-requests",
    "unknown-execution",
]

MEANING: dict[FaultKind, str] = {
    "drop": "a depth event is not sent",
    "duplicate": "a depth event is sent twice",
    "reorder": "a depth event is sent after the next one",
    "half-frame": "a depth event's frame ends in the middle, and with it the connection",
    "silence": "nothing is streamed for that many seconds; the market goes on",
    "ping-silence": "no ping is sent or answered for that many seconds",
    "close": "connections are closed",
    "server-shutdown": "serverShutdown is announced, and connections are closed that many seconds later",
    "too-many-requests": "snapshots are refused with 429 and Retry-After for that many seconds",
    "unknown-execution": "an order is executed, and nothing is said of it until it is asked about",
}

LASTS: frozenset[FaultKind] = frozenset({"silence", "ping-silence", "server-shutdown", "too-many-requests"})
"""Those that take a time; the others happen once."""


@dataclass(frozen=True, slots=True)
class Fault:
    """``kind`` happens at the depth event number ``at`` (at order number ``at`` for unknown-execution), from 1."""

    kind: FaultKind
    at: int
    seconds: float = 0.0


def parse_faults(texts: Iterable[str]) -> tuple[Fault, ...]:
    """Faults written as ``KIND@N`` or ``KIND@N:SECONDS``. Raises InvalidInput with every one that is not."""
    found, wrong = [], []
    for text in texts:
        try:
            found.append(_parse(text))
        except ValueError as error:
            wrong.append(f"{text}: {error}")
    if wrong:
        raise InvalidInput("faults cannot be used", wrong, next_step="`lltool trade exchange --help` lists the kinds")
    return tuple(found)


def _parse(text: str) -> Fault:
    kind, _, rest = text.partition("@")
    if kind not in get_args(FaultKind):
        raise ValueError(f"{kind!r} is not one of {', '.join(get_args(FaultKind))}")
    number, colon, seconds = rest.partition(":")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise ValueError(f"{number!r} after @ is not a number from 1 on")
    if bool(colon) != (kind in LASTS):
        raise ValueError(f"{kind} {'takes no time' if colon else 'takes a time: ' + kind + '@' + number + ':SECONDS'}")
    if colon and not (seconds.replace(".", "", 1).isdigit() and float(seconds) <= 86_400):
        raise ValueError(f"{seconds!r} is not a number of seconds up to a day")
    return Fault(kind, int(number), float(seconds) if colon else 0.0)  # type: ignore[arg-type]


class FaultScript:
    """Hands out each fault once, when its number comes."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._due: dict[tuple[bool, int], list[Fault]] = {}
        for fault in faults:
            self._due.setdefault((fault.kind == "unknown-execution", fault.at), []).append(fault)
        self.happened: dict[str, int] = {}

    def at_depth_event(self, number: int) -> list[Fault]:
        """The faults of the depth event of this number."""
        return self._take((False, number))

    def at_order(self, number: int) -> list[Fault]:
        """The faults of the order of this number."""
        return self._take((True, number))

    def _take(self, key: tuple[bool, int]) -> list[Fault]:
        faults = self._due.pop(key, [])
        for fault in faults:
            self.happened[fault.kind] = self.happened.get(fault.kind, 0) + 1
        return faults

"""The history of a drift: when a setting was last seen in force, and what happened since that can have undone it."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lltool.host.events import Event, EventKind, read_events
from lltool.tuning.host import TunedHost
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.other_tuners import OTHER_TUNERS

_LOST = {Verdict.DRIFT, Verdict.PARTIAL}
_SHOWN = 5
_INTERFACES = ("nic.*", "irq.*")
_CONCERNS: dict[EventKind, tuple[str, ...]] = {
    EventKind.LINK: _INTERFACES,
    EventKind.RESET: _INTERFACES,
    EventKind.SUSPEND: ("*",),
    EventKind.HOTPLUG: ("cpu.*", "irq.*", "isolation.*", "sysctl.kernel.*watchdog*"),
    EventKind.PACKAGE: ("*",),
    EventKind.FILE: ("sysctl.*", "nic.*", "cpu.*", "memory.*", "limit.*", "boot.*"),
}


@dataclass(frozen=True, slots=True)
class DriftHistory:
    """When a setting was last seen in force (``held``), and the ``events`` since that concern it, oldest first.

    ``held`` is in seconds since the epoch; None where it was not seen in force in this boot.
    """

    held: float | None
    events: tuple[Event, ...]

    def __str__(self) -> str:
        if self.held is None:
            return "not seen in force in this boot"
        seen = f"last seen in force {_clock(self.held)}"
        if not self.events:
            return f"{seen}, and nothing is known to have happened since"
        shown = [f"{_clock(each.seconds)} {each.text}" for each in self.events[-_SHOWN:]]
        more = len(self.events) - len(shown)
        return f"{seen}; since then: " + "; ".join([f"{more} earlier events", *shown] if more else shown)

    def as_dict(self) -> dict[str, Any]:
        """The history as JSON types."""
        return {
            "held": None if self.held is None else _iso(self.held),
            "events": [{"time": _iso(e.seconds), "kind": e.kind.value, "text": e.text} for e in self.events],
        }


def histories(findings: Sequence[Finding], held: Mapping[str, float], host: TunedHost) -> dict[str, DriftHistory]:
    """The history of each setting among ``findings`` that does not hold; what a boot decides nothing undoes before."""
    lost = [each.setting for each in findings if each.verdict in _LOST and not each.setting.startswith("boot.")]
    known = [held[setting] for setting in lost if setting in held]
    interfaces = tuple(nic.name for nic in host.facts.nics)
    events = read_events(host.root, min(known), interfaces, host.facts.tuners) if known else []
    return {
        setting: DriftHistory(
            seen := held.get(setting),
            tuple(each for each in events if seen is not None and each.seconds > seen and _concerns(each, setting)),
        )
        for setting in lost
    }


def _concerns(event: Event, setting: str) -> bool:
    if event.kind is EventKind.PROGRAM:
        _, patterns = OTHER_TUNERS.get(event.subject, ("", ()))
    else:
        patterns = _CONCERNS[event.kind]
    return any(fnmatch.fnmatchcase(setting, pattern) for pattern in patterns)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")

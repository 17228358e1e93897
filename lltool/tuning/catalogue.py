"""What is known about every setting: ``profiles/catalogue/*.toml``, one table a setting."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lltool.tuning.values import ValueSpec

FILES = {
    "boot": "Kernel command line",
    "cpu": "Frequency and idle",
    "isolation": "Isolation at run time",
    "irq": "Interrupts",
    "nic": "Network interfaces",
    "net": "Network stack",
    "kernel": "Kernel",
    "memory": "Memory",
    "service": "Services",
    "limit": "Limits of the trading user",
}
"""The classes of the catalogue: a file each, in this order."""

DISRUPTIONS = {
    "link": "it can reset the link of a network interface",
    "smi": "it can call the firmware, which stops all CPUs (SMI)",
    "reboot": "only a reboot takes it back",
    "security": "it gives up a protection",
}
"""What a setting may disrupt; each needs to be allowed."""

EVERY = "*"
"""The device that stands for all of its class."""


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """A class of things that an id can name: in ``words``, and the ``pattern`` of their names.

    ``together``: the ``*`` in a profile stands for all of them.
    """

    words: str
    pattern: str
    together: bool


DEVICES = {
    # IFNAMSIZ is 16 with its final NUL; the kernel takes more characters than these, no driver uses them.
    "nic": DeviceClass("network interface", "[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,14}", together=True),
    "node": DeviceClass("NUMA node", "node[0-9]+", together=True),
    "account": DeviceClass("user, or of a group with its @", "@?[A-Za-z_][A-Za-z0-9_.-]{0,31}", together=False),
    "unit": DeviceClass("service or slice of systemd", r"[A-Za-z0-9:_.@-]{1,200}\.(service|slice)", together=False),
}
"""The classes of device that an id can name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting of the catalogue.

    ``kind`` names the code that reads and writes it; ``options`` are that kind's own keys (paths, parameters).
    ``group`` is its class. ``needs`` says which kernel, configuration or hardware has it; ``no_effect`` why kernels
    ignore the value; ``leave`` why nobody should change it by default; ``disputed`` where guides disagree.
    ``disrupts`` is a key of :data:`DISRUPTIONS` or empty. ``after`` lists settings that must be applied first,
    ``undone_after`` those that must be undone first. ``implied_by`` are settings that bring it about, ``conflicts``
    settings that it cannot be combined with.
    ``kernel_default`` is the kernel's own value where that is one value. ``capacity``: less of it than the host has
    is a loss. An id with a ``*`` in it stands for one setting a device of the class ``device``, and written with the
    ``*`` itself for all of them.
    """

    id: str
    kind: str
    group: str
    title: str
    why: str
    value: ValueSpec
    sources: tuple[str, ...]
    needs: str = ""
    disrupts: str = ""
    disputed: str = ""
    no_effect: str = ""
    leave: str = ""
    undo_note: str = ""
    kernel_default: str = ""
    capacity: bool = False
    device: str = ""
    after: tuple[str, ...] = ()
    undone_after: tuple[str, ...] = ()
    implied_by: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str) -> Any:
        """The value of one of the kind's own keys; raises ``KeyError`` where the entry lacks it."""
        return dict(self.options)[name]

    def device_in(self, setting: str) -> str:
        """The device that a setting of this entry names; empty where the entry is of the whole host."""
        before, star, behind = self.id.partition(EVERY)
        return setting[len(before) : len(setting) - len(behind)] if star else ""

    def covers(self, setting: str) -> bool:
        """Whether a setting's id is this entry's, with a device's name in the place of the ``*``."""
        before, star, behind = self.id.partition(EVERY)
        if not star:
            return setting == self.id
        if len(setting) <= len(before) + len(behind):
            return False
        return setting.startswith(before) and setting.endswith(behind)

    def can_name(self, device: str) -> bool:
        """Whether a device of this entry's class can have this name: nothing that leads to another directory."""
        known = DEVICES[self.device]
        return (device == EVERY and known.together) or re.fullmatch(known.pattern, device) is not None


class Catalogue:
    """All settings, in the order of their files."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries
        self._of_devices = [entry for entry in entries.values() if entry.device]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def find(self, setting: str) -> Entry | None:
        """The entry of a setting: its own, or the one that stands for all devices of its class."""
        if setting in self._entries:
            return self._entries[setting]
        return next((entry for entry in self._of_devices if entry.covers(setting)), None)

    def near(self, setting: str) -> list[str]:
        """Ids that resemble an unknown one, the most alike first."""
        return difflib.get_close_matches(setting, self._entries, n=3)


_TEXTS = ("needs", "disrupts", "disputed", "no_effect", "leave", "undo_note", "kernel_default", "device")
_RELATIONS = ("after", "undone_after", "implied_by", "conflicts")
_COMMON = {"kind", "title", "why", "value", "sources", "capacity", *_RELATIONS, *_TEXTS}


def _optional(table: dict[str, Any]) -> dict[str, Any]:
    relations = {key: tuple(table[key]) for key in _RELATIONS if key in table}
    return relations | {key: table[key] for key in _TEXTS if key in table}


@cache
def load_catalogue() -> Catalogue:
    """Read the shipped catalogue."""
    folder = files("lltool.profiles").joinpath("catalogue")
    entries: dict[str, Entry] = {}
    for name, group in FILES.items():
        tables = tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
        for setting, table in tables.items():
            entries[setting] = Entry(
                id=setting,
                kind=table["kind"],
                group=group,
                title=table["title"],
                why=table["why"],
                value=ValueSpec.from_table(table["value"]),
                sources=tuple(table["sources"]),
                capacity=table.get("capacity", False),
                **_optional(table),
                options=tuple((key, value) for key, value in table.items() if key not in _COMMON),
            )
    return Catalogue(entries)

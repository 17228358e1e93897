"""What is known about every setting: ``profiles/catalogue/*.toml``, one table a setting."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lltool.tuning.values import ValueSpec

FILES = ("boot", "cpu", "memory", "sysctl", "irq")


@dataclass(frozen=True, slots=True)
class Entry:
    """One setting of the catalogue.

    ``kind`` names the code that reads and writes it; ``options`` are that kind's own keys (paths, parameters).
    ``no_effect`` says why this kernel ignores the value; ``disputed`` where guides disagree; ``after`` lists settings
    that must be applied first. An id that ends in ``.*`` stands for one setting a device.
    """

    id: str
    kind: str
    title: str
    why: str
    value: ValueSpec
    sources: tuple[str, ...]
    disrupts: str = ""
    disputed: str = ""
    no_effect: str = ""
    undo_note: str = ""
    after: tuple[str, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def option(self, name: str) -> Any:
        """The value of one of the kind's own keys; raises ``KeyError`` where the entry lacks it."""
        return dict(self.options)[name]


class Catalogue:
    """All settings, in the order of their files."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def find(self, setting: str) -> Entry | None:
        """The entry of a setting: its own, or the one that stands for all devices of its class."""
        if setting in self._entries:
            return self._entries[setting]
        stem, _, device = setting.rpartition(".")
        return self._entries.get(f"{stem}.*") if device else None

    def near(self, setting: str) -> list[str]:
        """Ids that resemble an unknown one, the most alike first."""
        return difflib.get_close_matches(setting, self._entries, n=3)


_COMMON = {
    "kind", "title", "why", "value", "sources", "disrupts", "disputed", "no_effect", "undo_note", "after",
}  # fmt: skip


@cache
def load_catalogue() -> Catalogue:
    """Read the shipped catalogue."""
    folder = files("lltool.profiles").joinpath("catalogue")
    entries: dict[str, Entry] = {}
    for name in FILES:
        tables = tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
        for setting, table in tables.items():
            entries[setting] = Entry(
                id=setting,
                kind=table["kind"],
                title=table["title"],
                why=table["why"],
                value=ValueSpec.from_table(table["value"]),
                sources=tuple(table["sources"]),
                disrupts=table.get("disrupts", ""),
                disputed=table.get("disputed", ""),
                no_effect=table.get("no_effect", ""),
                undo_note=table.get("undo_note", ""),
                after=tuple(table.get("after", ())),
                options=tuple((key, value) for key, value in table.items() if key not in _COMMON),
            )
    return Catalogue(entries)

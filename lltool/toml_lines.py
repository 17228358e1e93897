"""Where the keys of a TOML text stand, which tomllib does not keep: a fault is told with its line."""

from __future__ import annotations

import re

_UNQUOTED = re.compile(r"""\s+|"([^"]*)"|'([^']*)'""")


class TomlLines:
    """The line of each table and key of ``text``; keys of nested tables are found by their whole path."""

    def __init__(self, text: str) -> None:
        self._numbers: dict[str, int] = {}
        section = ""
        for number, line in enumerate(text.splitlines(), start=1):
            stripped = line.strip()
            if stripped.startswith("["):
                section = stripped.strip("[] ").replace('"', "") + "."
                self._numbers.setdefault(section.rstrip("."), number)
            elif "=" in stripped and not stripped.startswith("#"):
                key = _UNQUOTED.sub(lambda match: match[1] or match[2] or "", stripped.partition("=")[0])
                self._numbers.setdefault(section + key, number)

    def of(self, *path: str) -> str:
        """``:LINE`` of a key, to stand behind the name of its file; empty for a key that is not in the text."""
        number = self._numbers.get(".".join(path))
        return "" if number is None else f":{number}"

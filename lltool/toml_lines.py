"""TOML that a user wrote: read without surprises, and where its keys stand, so that a fault is told with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

_UNQUOTED = re.compile(r"""\s+|"([^"]*)"|'([^']*)'""")


def parse_toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of ``text``. Raises ValueError for whatever is no TOML, or too deep or too long a number to be read.

    tomllib lets two others through: RecursionError for brackets in brackets, and the ArithmeticError of a
    ``parse_float`` that cannot hold an exponent.
    """
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("values are nested too deeply") from None
    except ArithmeticError as error:
        raise ValueError(f"a number cannot be read: {error}") from None


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

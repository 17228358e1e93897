"""A table of text, for the terminal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its heading; without rows there is nothing to show."""

    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

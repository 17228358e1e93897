"""Tables in Markdown (GitHub's), safe for any text from a host."""

from __future__ import annotations

import html
from collections.abc import Sequence


def inline(text: str) -> str:
    """Text on one line that cannot end its cell, open a tag or start a link."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{character}" if character in r"\`*_|[]~" else character for character in escaped)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], figures: Sequence[str]) -> list[str]:
    """The lines of a table; the columns named in ``figures`` are set flush right."""
    rules = ["---:" if name in figures else "---" for name in header]
    return [_line(header), _line(rules), *(_line([inline(cell) for cell in row]) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"

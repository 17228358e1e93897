"""How commands speak: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer

_NARROWEST = 30
_LONGEST_RULE = 60


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document, and nothing else, on stdout."""
    import json

    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")


def say(text: str) -> None:
    """Tell the user something that is not the result (stderr)."""
    typer.echo(text, err=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns on stdout; the last one is wrapped to a terminal and stays whole elsewhere."""
    import textwrap

    lines = [header, *([cell or "-" for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    indent = sum(widths[:-1]) + 2 * (len(widths) - 1)
    room = max(os.get_terminal_size(sys.stdout.fileno()).columns - indent, _NARROWEST) if sys.stdout.isatty() else None
    printed: list[str] = []
    for line in lines:
        start = "  ".join(cell.ljust(width) for cell, width in zip(line[:-1], widths, strict=False))
        pieces = [line[-1]] if room is None else textwrap.wrap(line[-1], room)
        for number, piece in enumerate(pieces):
            printed.append(f"{start if number == 0 else '':{indent - 2}}  {piece}".rstrip())
        if line is header:
            printed.append("  ".join("-" * width for width in [*widths[:-1], min(widths[-1], _LONGEST_RULE)]))
    typer.echo("\n".join(printed))

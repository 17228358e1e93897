"""Progress of long work on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from lltool.cli.output import say

PLAIN_LINES = 10


class Tell(Protocol):
    """To be called with a text before each step; ``left`` are the steps left, this one included, where that changed."""

    def __call__(self, text: str, left: int | None = None) -> None: ...


@contextmanager
def progress(total: int) -> Iterator[Tell]:
    """Show progress over ``total`` steps."""
    with _bar(total) if sys.stderr.isatty() else _lines(total) as tell:
        yield tell


@contextmanager
def _bar(total: int) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    # Refreshed by hand: a refreshing thread would run on the cores that are being measured.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("", total=total)
        started = 0

        def tell(text: str, left: int | None = None) -> None:
            nonlocal started
            steps = total if left is None else started + left
            bar.update(task, completed=started, total=steps, description=text, refresh=True)
            started += 1

        yield tell


@contextmanager
def _lines(total: int) -> Iterator[Tell]:
    started = 0
    said = -1

    def tell(text: str, left: int | None = None) -> None:
        nonlocal started, said
        steps = total if left is None else started + left
        if started * PLAIN_LINES // steps > said:
            said = started * PLAIN_LINES // steps
            say(f"{started * 100 // steps:3d} %  {text}")
        started += 1

    yield tell

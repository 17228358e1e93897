"""Progress of long work on stderr: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from lltool.cli.output import say

PLAIN_LINES = 10


class Tell(Protocol):
    """Says what comes next, and how many steps there are where that has changed."""

    def __call__(self, text: str, total: int | None = None, /) -> None: ...


@contextmanager
def progress(total: int) -> Iterator[Tell]:
    """Show progress over ``total`` steps; the function given is to be called with a text before each step.

    It also takes a new total, for work that learns how long it is as it goes.
    """
    with _bar(total) if sys.stderr.isatty() else _lines(total) as tell:
        yield tell


@contextmanager
def _bar(total: int) -> Iterator[Tell]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    # Refreshed by hand: a refreshing thread would run on the cores that are being measured.
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as bar:
        task = bar.add_task("", total=total)
        started = 0

        def tell(text: str, total: int | None = None) -> None:
            nonlocal started
            bar.update(task, completed=started, total=total, description=text, refresh=True)
            started += 1

        yield tell


@contextmanager
def _lines(total: int) -> Iterator[Tell]:
    started = 0

    def tell(text: str, new_total: int | None = None) -> None:
        nonlocal started, total
        total = new_total or total
        if started * PLAIN_LINES // total > (started - 1) * PLAIN_LINES // total:
            say(f"{started * 100 // total:3d} %  {text}")
        started += 1

    yield tell

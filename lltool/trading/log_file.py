"""The log of orders, fills and changes of state, as lines of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lltool.errors import from_os_error


@contextmanager
def log_file(path: str | None, *, fresh: bool = False) -> Iterator[Callable[[str], None] | None]:
    """What writes a line to the file at ``path``, behind what it holds unless ``fresh``; None without a path.

    Each line is in the file when the call returns. Raises LltoolError.
    """
    if path is None:
        yield None
        return
    try:
        file = open(path, "w" if fresh else "a", buffering=1, encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise from_os_error(f"log {path} cannot be written", error) from error

    def write(line: str) -> None:
        file.write(line + "\n")

    with file:
        yield write

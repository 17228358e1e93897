"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os

from lltool.errors import from_os_error

MODE = 0o644


def write_atomically(path: str | os.PathLike[str], text: str, *, mode: int = MODE, durable: bool = True) -> None:
    """Write ``text`` as UTF-8, with ``mode``, so that ``path`` holds either its old content or all of the new one.

    A temporary file in the same directory is synced and renamed; a link keeps pointing where it does. What is not
    a regular file (a pipe, ``/dev/stdout``) cannot be replaced and is written in place. Not ``durable``, nothing is
    synced: for what is of no use after a power cut, by a writer that must not wait for a disk.

    Raises LltoolError with the path, the cause and the next step; then no partial file is left.
    """
    shown = os.fspath(path)
    try:
        if os.path.exists(shown) and not os.path.isfile(shown):
            with open(shown, "w", encoding="utf-8") as file:
                file.write(text)
        else:
            _replace(os.path.realpath(shown), text, mode, durable=durable)
    except OSError as error:
        raise from_os_error(f"{shown} cannot be written", error) from error


def _replace(target: str, text: str, mode: int, *, durable: bool) -> None:
    # Here, because every measuring process imports this module and writes nothing.
    import tempfile

    directory, name = os.path.split(target)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name}.", suffix=".part", dir=directory)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        sync_directory(directory)


def sync_directory(directory: str) -> None:
    """Put the entries of a directory on the disk: without this a rename can be lost in a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

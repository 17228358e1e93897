"""Where a result goes: found writable before anything is measured, and never lost afterwards."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING

from lltool.bench.results import write_result
from lltool.errors import InvalidInput, LltoolError, from_os_error

if TYPE_CHECKING:
    from lltool.bench.model import Result

DIRECTORY = "lltool-results"

_PROBE_BYTES = 64 * 1024
"""About what a result takes: less may fit into the last block of a full disk."""


def prepare_destination(
    path: str | os.PathLike[str] | None, default_name: str, directory: str | os.PathLike[str] = DIRECTORY
) -> str:
    """The path that the result will have: ``path``, or ``default_name`` in ``directory``, which is created.

    Raises ``LltoolError`` where a file of a result's size cannot be written there.
    """
    if path is None:
        chosen = os.path.join(directory, default_name)
        try:
            os.makedirs(directory, exist_ok=True)
        except OSError as error:
            raise from_os_error(f"{os.path.abspath(directory)} cannot be made", error) from error
    else:
        chosen = os.fspath(path)
        if os.path.isdir(chosen):
            raise LltoolError(f"{chosen} cannot be written", cause="is a directory", next_step="name a file with -o")
    if not os.path.exists(chosen) or os.path.isfile(chosen):
        _try_to_write(os.path.dirname(os.path.abspath(chosen)), chosen)
    return chosen


def _try_to_write(directory: str, chosen: str) -> None:
    try:
        with tempfile.NamedTemporaryFile(prefix=".lltool-", dir=directory) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        raise from_os_error(f"{chosen} cannot be written", error) from error


def write_or_rescue(result: Result, path: str) -> None:
    """Write ``result`` to ``path``; where that fails now, to the temporary directory.

    Raises ``LltoolError`` in both cases of failure; it names the file that holds the result, if one does.
    """
    try:
        write_result(result, path)
    except LltoolError as error:
        rescue = os.path.join(tempfile.mkdtemp(prefix="lltool-"), os.path.basename(path))
        write_result(result, rescue)
        raise LltoolError(
            error.what, cause=error.cause, next_step=f"the result is kept in {rescue}: move it"
        ) from error


def newest_result(directory: str | os.PathLike[str] = DIRECTORY) -> str:
    """The newest result of `lltool bench` in ``directory``. Raises ``InvalidInput`` where there is none."""
    names = os.listdir(directory) if os.path.isdir(directory) else []
    found = sorted(name for name in names if name.startswith("bench-") and name.endswith(".json"))
    if not found:
        raise InvalidInput(
            "there is no result to go on with",
            [f"no bench-*.json in {os.path.abspath(directory)}"],
            next_step="name it with -o FILE",
        )
    return os.path.join(directory, found[-1])

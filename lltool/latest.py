"""The last document of each command that monitoring tells of: verify, noise, bench, trial.

``STATE/latest/NAME.json`` holds ``{"created": seconds since 1970, "document": ...}``, readable by its owner only, as
the state directory is. Commands leave it there where they may write, which without root they usually may not: a
measurement of an ordinary user says nothing of how the host is run.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any

from lltool.atomic import write_atomically
from lltool.errors import LltoolError, from_os_error
from lltool.root import Root
from lltool.state_directory import state_directory

MODE = 0o600


@dataclass(frozen=True, slots=True)
class Latest:
    """A document and when it was kept, in seconds since 1970."""

    created: float
    document: dict[str, Any]


def keep_latest(name: str, document: dict[str, Any], root: Root) -> None:
    """Keep ``document`` as the last one of ``name``, where this user :func:`keeps` them.

    Raises :class:`LltoolError` where the disk refuses.
    """
    if not keeps(root):
        return
    for directory in (state_directory(root), os.path.dirname(_path(name, root))):
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
        except OSError as error:
            raise from_os_error(f"{directory} cannot be made", error) from error
    text = json.dumps({"created": time.time(), "document": document}, ensure_ascii=True)
    write_atomically(_path(name, root), text + "\n", mode=MODE)


def read_latest(name: str, root: Root) -> Latest | None:
    """The last document of ``name``; None where there is none.

    Raises :class:`LltoolError` where it cannot be read or is damaged: to be silent would look like a host that was
    never checked.
    """
    path = _path(name, root)
    try:
        with open(path, "rb") as file:
            found = json.load(file)
        return Latest(float(found["created"]), dict(found["document"]))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_os_error(f"{path} cannot be read", error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise LltoolError(
            f"{path} is damaged",
            cause=str(error) or type(error).__name__,
            next_step=f"remove it; {name} writes it anew",
        ) from error


def keeps(root: Root) -> bool:
    """Whether commands keep their last document: on a live host, where this user may write the state directory."""
    directory = state_directory(root)
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory) or "."
    return root.is_live and os.access(directory, os.W_OK | os.X_OK)


def _path(name: str, root: Root) -> str:
    return os.path.join(state_directory(root), "latest", f"{name}.json")

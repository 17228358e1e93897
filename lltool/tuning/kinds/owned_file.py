"""Files, links and directories that lltool puts into /etc, as kinds of a transaction: each is undone like any value.

A file is written whole or not at all. An undo removes or restores it only while it still is what was written: a file
that someone has changed by hand is kept and named.
"""

from __future__ import annotations

import errno
import hashlib
import os

from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.kinds.base import KeptForOthers, Kind, Knob

ABSENT = "\0"
"""The value of a path where there is nothing: no text file holds it."""
PRESENT = "present"

_MARK = "# Managed by lltool: `lltool rollback` takes it back. A file that was changed by hand is kept."
_HASH = "# sha256 of the lines below: "


def marked(text: str) -> str:
    """``text`` under a comment that names its owner and holds the hash of what follows."""
    return f"{_MARK}\n{_HASH}{_digest(text)}\n{text}"


def unmarked(content: str) -> str:
    """The text of a file that lltool wrote, without its mark."""
    return content.split("\n", 2)[2]


def is_marked(content: str) -> bool:
    """Whether lltool wrote ``content`` and nobody has changed it since."""
    mark, _, rest = content.partition("\n")
    hashed, _, text = rest.partition("\n")
    return mark == _MARK and hashed == f"{_HASH}{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", errors="surrogateescape")).hexdigest()


def refuse_foreign(root: Root, path: str) -> None:
    """Raise :class:`LltoolError` where ``path`` holds something that lltool did not write, or not like this."""
    content = OwnedFile().read(root, Knob(path))
    if content != ABSENT and not is_marked(content):
        raise LltoolError(
            f"{path} is not overwritten",
            cause="it is not as lltool writes it: someone else made or changed it",
            next_step=f"move it away, or put what you need of it into a file of another name: mv {path} {path}.old",
        )


class _Persistent(Kind):
    persistent = True

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # Written whole or not at all: also an interrupted write left either the old content or the wanted one.
        return live != (wanted if after is None else after)

    def clear_leftover(self, root: Root, knob: Knob) -> None:
        root.clear_leftover(knob.path)


class OwnedFile(_Persistent):
    """A file with its whole content as the value."""

    def read(self, root: Root, knob: Knob) -> str:
        try:
            with open(root.path(knob.path), encoding="utf-8", errors="surrogateescape", newline="") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return ABSENT

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.put_file(knob.path, None if text == ABSENT else text)

    def shown(self, value: str) -> str:
        return "absent" if value == ABSENT else f"file of {len(value.splitlines())} lines"


class OwnedLink(_Persistent):
    """A symbolic link; the value is where it points. What is not a link is never touched."""

    def read(self, root: Root, knob: Knob) -> str:
        if not root.exists_or_is_link(knob.path):
            return ABSENT
        try:
            return root.readlink(knob.path)
        except OSError as error:
            if error.errno == errno.EINVAL:
                raise ValueError("not a symbolic link") from None
            raise

    def write(self, root: Root, knob: Knob, text: str) -> None:
        root.put_link(knob.path, None if text == ABSENT else text)

    def shown(self, value: str) -> str:
        return "absent" if value == ABSENT else f"link to {value}"


class OwnedDirectory(_Persistent):
    """A directory that had to be made for one of lltool's files; it goes again if nothing else is in it."""

    def read(self, root: Root, knob: Knob) -> str:
        return PRESENT if os.path.isdir(root.path(knob.path)) else ABSENT

    def write(self, root: Root, knob: Knob, text: str) -> None:
        try:
            (root.mkdir if text == PRESENT else root.rmdir)(knob.path)
        except OSError as error:
            if error.errno == errno.ENOTEMPTY:
                raise KeptForOthers("it holds files of others") from None
            raise
        root.sync_directory(os.path.dirname(knob.path))

    def shown(self, value: str) -> str:
        return "absent" if value == ABSENT else value

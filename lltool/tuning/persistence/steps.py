"""The steps that bring lltool's own files about: directory, file, link, and the program that has to notice them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.owned_file import (
    ABSENT,
    PRESENT,
    OwnedFile,
    OwnedLink,
    marked,
    refuse_foreign,
    unmarked,
)
from lltool.tuning.kinds.refresh import AFTER_APPLY, AFTER_UNDO, FRESH, STALE
from lltool.tuning.step import Step, Write


def file_steps(setting: str, root: Root, path: str, content: str, *, renews: tuple[str, ...] = ()) -> list[Step]:
    """Make ``path`` hold ``content``, and the directories that it lacks; nothing where it does already.

    Raises :class:`LltoolError` where the file there is not lltool's.
    """
    refuse_foreign(root, path)
    before = OwnedFile().read(root, Knob(path))
    if before == content:
        return []
    file = Step(setting, "owned_file", (Write(Knob(path), before, content),), renews=renews)
    return [*_directory_steps(setting, root, os.path.dirname(path)), file]


def removal_steps(setting: str, root: Root, path: str) -> list[Step]:
    """Remove a file of lltool's; nothing where there is none. Raises :class:`LltoolError` where it is not lltool's."""
    refuse_foreign(root, path)
    before = OwnedFile().read(root, Knob(path))
    return [] if before == ABSENT else [Step(setting, "owned_file", (Write(Knob(path), before, ABSENT),))]


def line_steps(
    setting: str,
    root: Root,
    path: str,
    lines: Mapping[str, str],
    key: Callable[[str], str],
    *,
    heading: str = "",
    renews: tuple[str, ...] = (),
) -> list[Step]:
    """Have ``lines`` in a file of lltool's, by the ``key`` that tells a line; those of other keys stay.

    An empty line takes its key out, and the file goes with its last one. Raises :class:`LltoolError` where the file
    is not lltool's.
    """
    refuse_foreign(root, path)
    before = OwnedFile().read(root, Knob(path))
    present = [] if before == ABSENT else unmarked(before.removesuffix("\n")).split("\n")
    kept = {key(line): line for line in present if line != heading} | dict(lines)
    text = "".join(f"{line}\n" for _, line in sorted(kept.items()) if line)
    if not text:
        return removal_steps(setting, root, path)
    return file_steps(setting, root, path, marked(f"{heading}\n{text}" if heading else text), renews=renews)


def link_steps(setting: str, root: Root, path: str, destination: str) -> list[Step]:
    """Make ``path`` a link to ``destination``; nothing where it is one already. Raises ``ValueError`` for a file."""
    before = OwnedLink().read(root, Knob(path))
    if before == destination:
        return []
    link = Step(setting, "owned_link", (Write(Knob(path), before, destination),))
    return [*_directory_steps(setting, root, os.path.dirname(path)), link]


def unlink_steps(setting: str, root: Root, path: str) -> list[Step]:
    """Take a link of lltool's away; nothing where there is none. Raises ``ValueError`` for a file."""
    before = OwnedLink().read(root, Knob(path))
    return [] if before == ABSENT else [Step(setting, "owned_link", (Write(Knob(path), before, ABSENT),))]


def refreshed(setting: str, command: str, steps: list[Step]) -> list[Step]:
    """``steps`` with ``command`` run after them, and after their undo. Words of the command hold no spaces."""
    if not steps:
        return []

    def run(part: str) -> Step:
        return Step(setting, "refresh", (Write(Knob(command, part), STALE, FRESH),))

    return [run(AFTER_UNDO), *steps, run(AFTER_APPLY)]


def _directory_steps(setting: str, root: Root, directory: str) -> list[Step]:
    missing: list[str] = []
    while not root.exists(directory):
        missing.append(directory)
        directory = os.path.dirname(directory)
    return [Step(setting, "owned_directory", (Write(Knob(each), ABSENT, PRESENT),)) for each in reversed(missing)]

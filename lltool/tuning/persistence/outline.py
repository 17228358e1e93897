"""What a transaction would leave on the disk, a line a file: for a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lltool.tuning.kinds.boot_arguments import SharedArguments
from lltool.tuning.kinds.owned_file import ABSENT, OwnedDirectory, OwnedFile, OwnedLink
from lltool.tuning.kinds.refresh import AFTER_APPLY, Refresh
from lltool.tuning.step import Step, Write


def outline_of(steps: Sequence[Step]) -> list[str]:
    """One line for each file, link, change of boot entries, and program that would be run, in order."""
    return [line for step in steps for each in step.writes for line in _lines(step, each)]


def _lines(step: Step, each: Write) -> Iterator[str]:
    kind, path = step.kind, each.knob.path
    if isinstance(kind, Refresh):
        if each.knob.part == AFTER_APPLY:
            yield f"run {path}"
    elif isinstance(kind, SharedArguments):
        yield f"{path}: {each.wanted or 'without the arguments of lltool'}"
    elif isinstance(kind, OwnedFile | OwnedLink) and each.wanted == ABSENT:
        yield f"remove {path}"
    elif isinstance(kind, OwnedLink):
        yield f"link {path} to {each.wanted}"
    elif not isinstance(kind, OwnedDirectory):
        yield f"write {path}"

"""What a transaction would write, as a unified diff that an operator can review before anything is done."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from lltool.tuning.kinds.boot_arguments import SharedArguments
from lltool.tuning.kinds.owned_file import ABSENT, PRESENT, OwnedFile
from lltool.tuning.kinds.refresh import AFTER_APPLY, Refresh
from lltool.tuning.step import Step, Write

_NOTHING = "/dev/null"


def diff_of(steps: Sequence[Step]) -> list[str]:
    """The lines of the diff, without line ends."""
    return [line for step in steps for each in step.writes for line in _lines(step, each)]


def _lines(step: Step, each: Write) -> Iterator[str]:
    kind = step.kind
    if isinstance(kind, Refresh):
        if each.knob.part == AFTER_APPLY:
            yield f"# then runs: {each.knob.path}"
    elif isinstance(kind, SharedArguments):
        before, after = each.before.split(), each.wanted.split()
        yield f"--- {each.knob.path}"
        yield f"+++ {each.knob.path}"
        yield from (f"-{word}" for word in before if word not in after)
        yield from (f"+{word}" for word in after if word not in before)
    elif isinstance(kind, OwnedFile):
        yield from difflib.unified_diff(
            _text(each.before), _text(each.wanted), _name(each, each.before), _name(each, each.wanted), lineterm=""
        )
    else:
        place = str(each.knob)
        yield f"--- {place if each.before != ABSENT else _NOTHING}"
        yield f"+++ {place}"
        yield from () if each.before == ABSENT else (f"-{kind.shown(each.before)}",)
        yield "+(directory)" if each.wanted == PRESENT else f"+{kind.shown(each.wanted)}"


def _text(content: str) -> list[str]:
    return [] if content == ABSENT else content.splitlines()


def _name(each: Write, content: str) -> str:
    return _NOTHING if content == ABSENT else each.knob.path

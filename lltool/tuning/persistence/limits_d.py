"""Limits of users: one file that pam_limits reads last."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lltool.root import Root
from lltool.tuning.kinds.user_limit import PATH
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.steps import line_steps
from lltool.tuning.step import Step

_SETTING = "persist.limits"


def limit_steps(observations: Sequence[Observation], root: Root) -> list[Step]:
    """Write the wanted limits, hard and soft, into lltool's file."""
    lines: dict[str, str] = {}
    for observation in observations:
        if observation.entry.kind == "user_limit":
            account, item = observation.knobs[0].knob.part.split()
            lines[observation.setting] = f"{account} - {item} {observation.wanted}"
    return line_steps(_SETTING, root, PATH, lines, _setting) if lines else []


def limit_reduction(settings: Collection[str], root: Root) -> list[Step]:
    """Take these settings out of lltool's file."""
    return line_steps(_SETTING, root, PATH, {each: "" for each in settings if each.startswith("limit.")}, _setting)


def _setting(line: str) -> str:
    account, _, item, _ = line.split()
    return f"limit.{account}.{item}"

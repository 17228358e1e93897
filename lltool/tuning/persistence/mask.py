"""Units that a profile wants masked stay so: a link to /dev/null in place of each, as ``systemctl mask`` makes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.owned_file import ABSENT, OwnedLink
from lltool.tuning.kinds.refresh import AFTER_APPLY, AFTER_UNDO, FRESH, STALE
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.steps import link_steps, refreshed
from lltool.tuning.step import Step, Write
from lltool.tuning.transaction import Transaction

_SETTING = "persist.mask"
_NOWHERE = "/dev/null"
_ACTIVE = {"active", "activating", "reloading"}


def mask_steps(observations: Sequence[Observation], root: Root) -> tuple[list[Step], list[Step]]:
    """Steps before the live values change, and after.

    The first start the units that run now, once an undo has come to them: after a reboot nothing else would. They are
    undone last, when neither this mask nor the one at run time holds any more.
    """
    first: list[Step] = []
    links: list[Step] = []
    for observation in observations:
        if observation.entry.kind != "service":
            continue
        for state in observation.knobs:
            if state.refusal or state.live is None:
                continue  # an administrator's own unit file in the very place of the link
            unit = state.knob.part
            link = link_steps(_SETTING, root, _place(unit), _NOWHERE)
            links += link
            if link and state.live.split()[0] in _ACTIVE:
                start = Write(Knob(f"systemctl start {unit}", AFTER_UNDO), STALE, FRESH)
                first.append(Step(_SETTING, "refresh", (start,)))
    return first, refreshed(_SETTING, "systemctl daemon-reload", links)


def mask_reduction(units: Mapping[str, str], transactions: Sequence[Transaction], root: Root) -> list[Step]:
    """Take the links of these units away (setting to unit), and start those that ran before lltool masked them.

    In the boot in which they were masked it is the undo of the mask at run time that starts them.
    """
    changes = [change for each in transactions for change in each.in_force]
    links: list[Step] = []
    starts: list[Step] = []
    for setting, unit in units.items():
        knob = Knob(_place(unit))
        if any(each.knob == knob for each in changes) and OwnedLink().read(root, knob) == _NOWHERE:
            links.append(Step(_SETTING, "owned_link", (Write(knob, _NOWHERE, ABSENT),)))
            start = Knob(f"systemctl start {unit}", AFTER_UNDO)
            masked_now = any(each.setting == setting for each in changes)
            if not masked_now and any(each.knob == start for each in changes):
                starts.append(Step(_SETTING, "refresh", (Write(Knob(start.path, AFTER_APPLY), STALE, FRESH),)))
    return [*refreshed(_SETTING, "systemctl daemon-reload", links), *starts]


def _place(unit: str) -> str:
    return f"/etc/systemd/system/{unit}"

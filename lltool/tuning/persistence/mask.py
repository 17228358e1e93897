"""Units that a profile wants masked stay so: a link to /dev/null in place of each, as ``systemctl mask`` makes it."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.refresh import AFTER_UNDO, FRESH, STALE
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.steps import link_steps, refreshed
from lltool.tuning.step import Step, Write

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
            link = link_steps(_SETTING, root, f"/etc/systemd/system/{unit}", _NOWHERE)
            links += link
            if link and state.live.split()[0] in _ACTIVE:
                start = Write(Knob(f"systemctl start {unit}", AFTER_UNDO), STALE, FRESH)
                first.append(Step(_SETTING, "refresh", (start,)))
    return first, refreshed(_SETTING, "systemctl daemon-reload", links)

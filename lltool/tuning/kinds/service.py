"""Units of systemd that are stopped and kept from starting until the next boot."""

from __future__ import annotations

import os

from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import Wish

RUNNING = "/run/systemd/system"
"""Its existence says that systemd is the init system: sd_booted(3)."""

_UNIT_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_MASKED = {"masked", "masked-runtime"}
_ACTIVE = {"active", "activating", "reloading", "deactivating"}


class Service(Kind):
    """One unit; its value is what systemd says of it: ``active enabled``, ``inactive masked-runtime``.

    Masking at run time leaves what the administrator enabled on the disk untouched.
    """

    verified = "systemd is asked whether the unit runs and may be started"
    undone = "the mask is taken off, and a unit that ran is started"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        unit = str(entry.option("unit"))
        if not any(host.root.exists_or_is_link(f"{directory}/{unit}") for directory in _UNIT_DIRECTORIES):
            raise NotApplicable(f"{unit} is not installed")
        if not host.root.exists(RUNNING):
            raise NotApplicable("systemd does not run here")
        return [Knob(RUNNING, unit)]

    def read(self, root: Root, knob: Knob) -> str:
        answer = root.run("systemctl", "show", "--property=ActiveState,UnitFileState", knob.part)
        properties = dict(line.partition("=")[::2] for line in answer.splitlines())
        return f"{properties.get('ActiveState', '')} {properties.get('UnitFileState', '')}".strip()

    def write(self, root: Root, knob: Knob, text: str) -> None:
        active, _, file_state = text.partition(" ")
        if file_state in _MASKED:
            root.run("systemctl", "mask", "--runtime", "--now", knob.part)
            return
        if self.read(root, knob).endswith("masked-runtime"):
            root.run("systemctl", "unmask", "--runtime", knob.part)
        if active in _ACTIVE:
            root.run("systemctl", "start", knob.part)

    def text_for(self, wish: Wish, live: str) -> str:
        return "inactive masked-runtime"

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        return _is_halted(live)

    def foreign(self, live: str, after: str | None, wanted: str) -> bool:
        # An undo that was cut off between unmasking and starting leaves a unit that may be started and does not run.
        active, _, file_state = live.partition(" ")
        if active not in _ACTIVE and file_state not in _MASKED:
            return False
        # Both masks halt it: the one on the disk, taken back before this, hid the one at run time.
        return after is not None and _is_halted(live) != _is_halted(after)

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        own = f"/etc/systemd/system/{knob.part}"
        if host.root.exists_or_is_link(own) and not os.path.islink(host.root.path(own)):
            return f"{own} is the administrator's own unit, which a mask at run time does not cover: stop it by hand"
        return ""


def _is_halted(state: str) -> bool:
    active, _, file_state = state.partition(" ")
    return active not in _ACTIVE and file_state in _MASKED

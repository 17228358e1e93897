"""lltool-apply.service: runs once at boot, applies what has no file of its own to persist in, and ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from lltool.root import Root
from lltool.state_directory import VARIABLE
from lltool.tuning.kinds.owned_file import marked
from lltool.tuning.kinds.service import RUNNING
from lltool.tuning.persistence.steps import file_steps, link_steps, refreshed, removal_steps, unlink_steps
from lltool.tuning.step import Step
from lltool.tuning.transaction import BootRun

NAME = "lltool-apply.service"
PATH = f"/etc/systemd/system/{NAME}"
_WANTED = f"/etc/systemd/system/multi-user.target.wants/{NAME}"
_SETTING = "persist.unit"
_RELOAD = "systemctl daemon-reload"

# After all that would change the same values: sysctl.d files, udev rules, interrupt balancing, other tuners.
_TEXT = """\
[Unit]
Description=Apply the settings of lltool
After=systemd-sysctl.service systemd-udev-settle.service systemd-udev-trigger.service network.target
After=swap.target irqbalance.service tuned.service

[Service]
Type=oneshot
# A tune that was to be confirmed, and was not before the machine went down, is reverted instead.
{environment}ExecStartPre={lltool} confirm --else-revert
{runs}StandardOutput=null

[Install]
WantedBy=multi-user.target
"""


def unit_steps(root: Root, runs: Sequence[BootRun]) -> list[Step]:
    """Have lltool run so at every boot, one run after the other; without any run the unit goes."""
    if not runs:
        gone = [*unlink_steps(_SETTING, root, _WANTED), *removal_steps(_SETTING, root, PATH)]
        return refreshed(_SETTING, _RELOAD, gone)
    program = program_of_units()
    # A run that finds drift (exit 3) must not keep the later ones from theirs; the last one tells how it ended.
    lines = [f"{program} {' '.join(map(quoted, run.arguments))}\n" for run in runs]
    commands = "".join(f"ExecStart={'-' if line is not lines[-1] else ''}{line}" for line in lines)
    text = marked(_TEXT.format(environment=environment_of_units(), lltool=program, runs=commands))
    steps = [*file_steps(_SETTING, root, PATH, text), *link_steps(_SETTING, root, _WANTED, PATH)]
    return refreshed(_SETTING, _RELOAD, steps)


def program_of_units() -> str:
    """This lltool as the command of a unit."""
    return " ".join(map(quoted, (sys.executable, "-m", "lltool")))


def environment_of_units() -> str:
    """The line that gives a unit the state directory of this process; empty where that is the usual one."""
    state = os.environ.get(VARIABLE)
    return f"Environment={quoted(f'{VARIABLE}={os.path.abspath(state)}')}\n" if state else ""


def unit_reduction(root: Root, runs: Sequence[BootRun]) -> list[Step]:
    """Have lltool run so at boot instead of as it does, where it does."""
    return unit_steps(root, runs) if root.exists(PATH) else []


def obstacle(root: Root) -> str:
    """Why no unit can be installed; empty where it can."""
    return "" if root.exists(RUNNING) else "this host was not started by systemd"


def quoted(word: str) -> str:
    """One word of a command line as systemd reads it (systemd.service(5))."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if escaped == word and not set(word) & set(" \t';") else f'"{escaped}"'

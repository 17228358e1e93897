"""A systemd timer that verifies this host and writes its metrics, on its housekeeping cores, and then ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from lltool.host.cores import read_core_plan
from lltool.host.cpulist import format_cpulist
from lltool.root import Root
from lltool.tuning.persistence.unit import environment_of_units, program_of_units, quoted

NAME = "lltool-monitor"
EXIT_CODES = "3 4"
"""Drift and a pending reboot are findings: the metrics tell of them, and the service has not failed."""

# Nice and idle I/O: whatever shares the housekeeping cores with it goes first. CPUAffinity is of the service alone:
# the threads of lltool inherit it.
_SERVICE = """\
[Unit]
Description=Verify the settings of lltool and write its metrics
Documentation=man:node_exporter(1)

[Service]
Type=oneshot
CPUAffinity={cpus}
Nice=10
IOSchedulingClass=idle
{environment}SuccessExitStatus={codes}
StandardOutput=null
{commands}
ExecStartPost={lltool} monitor metrics --output {output}
"""

# RandomizedDelaySec: hundreds of hosts started together must not verify together.
_TIMER = """\
[Unit]
Description=Verify the settings of lltool and write its metrics, regularly

[Timer]
OnBootSec=2min
OnUnitInactiveSec={interval}
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """What the timer does: ``interval`` is as systemd.time(7) has it, ``output`` where the metrics go.

    With ``reapply`` it may set again what an event undid (:mod:`lltool.tuning.reapply`).
    """

    profile: str
    cores: str | None
    interval: str
    output: str
    reapply: bool = False


def timer_units(root: Root, watch: Watch) -> dict[str, str]:
    """The text of the service and of its timer, by file name."""
    service = _SERVICE.format(
        cpus=format_cpulist(read_core_plan(root).housekeeping),
        environment=environment_of_units(),
        codes=EXIT_CODES,
        commands="\n".join(_commands(watch)),
        lltool=program_of_units(),
        output=quoted(watch.output),
    )
    return {f"{NAME}.service": service, f"{NAME}.timer": _TIMER.format(interval=watch.interval)}


def _commands(watch: Watch) -> Iterator[str]:
    profile = os.path.abspath(watch.profile) if watch.profile.endswith(".toml") else watch.profile
    options = f"--profile {quoted(profile)}" + (f" --cores {quoted(watch.cores)}" if watch.cores else "")
    if watch.reapply:
        # Whatever becomes of it, the host is verified and its metrics are written.
        yield f"ExecStart=-{program_of_units()} monitor reapply {options}"
    yield f"ExecStart={program_of_units()} verify --since-boot {options}"

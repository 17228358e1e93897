"""A systemd timer that verifies this host and writes its metrics, on its housekeeping cores, and then ends."""

from __future__ import annotations

import os

from lltool.host.cores import plan_cores
from lltool.host.cpulist import format_cpulist
from lltool.host.interrupts import read_interrupts
from lltool.host.nics import read_nics
from lltool.host.topology import read_topology
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
ExecStart={lltool} verify --profile {profile}
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


def timer_units(root: Root, profile: str, interval: str, output: str) -> dict[str, str]:
    """The text of the service and of its timer, by file name. ``interval`` is as systemd.time(7) has it."""
    cores = plan_cores(read_topology(root), read_nics(root, read_interrupts(root)))
    service = _SERVICE.format(
        cpus=format_cpulist(cores.housekeeping),
        environment=environment_of_units(),
        codes=EXIT_CODES,
        lltool=program_of_units(),
        profile=quoted(os.path.abspath(profile) if profile.endswith(".toml") else profile),
        output=quoted(output),
    )
    return {f"{NAME}.service": service, f"{NAME}.timer": _TIMER.format(interval=interval)}

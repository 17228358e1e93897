"""The CPU frequency governor, one a CPU."""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.sysfs import cpus_of, per_cpu_knobs

_DIRECTORY = "/sys/devices/system/cpu/cpu{cpu}/cpufreq"


class Governor(Kind):
    """``cpufreq/scaling_governor`` of every CPU that is online."""

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        missing = "no CPU has frequency scaling here"
        if host.facts.hypervisor.is_guest:
            missing += ": a virtual machine leaves its frequency to the host below"
        return per_cpu_knobs(f"{_DIRECTORY}/scaling_governor", cpus_of("online", host), host, missing)

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        directory = knob.path.rpartition("/")[0]
        available = host.root.read_or(f"{directory}/scaling_available_governors")
        if available is None or wanted in available.split():
            return ""
        driver = host.root.read_or(f"{directory}/scaling_driver", "unknown")
        return f"driver {driver} offers only {available}"

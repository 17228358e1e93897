"""Properties of units of systemd that a drop-in sets: CPUs of a slice, limits of a service."""

from __future__ import annotations

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import EVERY, Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.kinds.process_limits import limit_of, nice_of, soft_limit
from lltool.tuning.kinds.service import RUNNING
from lltool.tuning.values import NONE, Wish

CPUS = "AllowedCPUs"
NICE = "LimitNICE"
_ITEMS = {"LimitMEMLOCK": "memlock", "LimitRTPRIO": "rtprio", NICE: "nice"}


class UnitProperty(Kind):
    """One property as systemd has loaded it. The knob's path is the unit's drop-in of lltool, its part the property."""

    runtime = False
    filed = True
    verified = "systemd is asked for the property, and for the CPUs that the unit really has"
    undone = "lltool's drop-in goes, or its line, and systemd reads its units again"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        unit, name = entry.device_in(setting), str(entry.option("property"))
        if unit == EVERY:
            raise NotApplicable(f"it needs a unit: {entry.id.replace(EVERY, 'system.slice')}")
        if not host.root.exists(RUNNING):
            raise NotApplicable("systemd does not run here")
        if name == CPUS and host.facts.cgroup.cpuset_version == 1:
            raise NotApplicable("cpusets are under cgroup v1 here, where systemd does not set them")
        if name != CPUS and not unit.endswith(".service"):
            raise NotApplicable(f"limits belong to services, and {unit} is none")
        try:
            loaded = host.root.run("systemctl", "show", "--property=LoadState", unit)
        except OSError as error:
            raise NotApplicable(f"systemd does not answer: {error.strerror}") from None
        if "LoadState=loaded" not in loaded:
            raise NotApplicable(f"systemd has no unit {unit}")
        return [Knob(drop_in(unit), name)]

    def read(self, root: Root, knob: Knob) -> str:
        value = _show(root, knob, knob.part)
        if knob.part == CPUS:
            return _cpus(value)
        # systemd shows it as setrlimit(2) takes it.
        return nice_of(value) if knob.part == NICE and value.isdigit() else value

    def shortfall(self, root: Root, knob: Knob, wish: Wish) -> str:
        if knob.part != CPUS:
            return ""
        effective = _show(root, knob, "EffectiveCPUs")
        if set(parse_cpulist(effective.replace(" ", ","))) <= set(parse_cpulist(wish.text)):
            return ""
        return f"systemd has it, and the kernel still lets the unit use CPUs {_cpus(effective)}"

    def remark(self, root: Root, knob: Knob, wish: Wish) -> str:
        if knob.part == CPUS:
            return ""
        process, item = _show(root, knob, "MainPID"), _ITEMS[knob.part]
        limit = soft_limit(root, process, item)
        if limit is None or limit >= limit_of(item, wish.text):
            return ""
        return f"its process {process} began with less: it holds from the next start of the unit on"


def drop_in(unit: str) -> str:
    """Where lltool's part of a unit lies."""
    return f"/etc/systemd/system/{unit}.d/90-lltool.conf"


def unit_of(knob: Knob) -> str:
    """The unit of a knob."""
    return knob.path.split("/")[-2].removesuffix(".d")


def _show(root: Root, knob: Knob, name: str) -> str:
    return root.run("systemctl", "show", f"--property={name}", unit_of(knob)).strip().partition("=")[2]


def _cpus(text: str) -> str:
    return format_cpulist(parse_cpulist(text.replace(" ", ","))) or NONE

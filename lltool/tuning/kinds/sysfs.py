"""Files below /sys that hold one value each, some of them one a CPU."""

from __future__ import annotations

from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob, NotApplicable


class SysfsFile(Kind):
    """The entry's ``path``; with ``{cpu}`` in it, one file for each CPU of the set that ``cpus`` names."""

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        path = str(entry.option("path"))
        if "{cpu}" not in path:
            return super().knobs(entry, setting, host)
        return per_cpu_knobs(path, cpus_of(str(entry.option("cpus")), host), host, str(entry.option("missing")))


def cpus_of(name: str, host: TunedHost) -> tuple[int, ...]:
    """The CPUs of a named set: ``online`` or ``isolated``."""
    if name == "online":
        return host.facts.topology.online
    if not host.cores.isolated:
        raise NotApplicable("no core is isolated on this host")
    return host.cores.isolated


def per_cpu_knobs(path: str, cpus: tuple[int, ...], host: TunedHost, missing: str) -> list[Knob]:
    """The files of these CPUs that exist; raises :class:`NotApplicable` with ``missing`` where none does."""
    paths = [path.format(cpu=cpu) for cpu in cpus]
    knobs = [Knob(path) for path in paths if host.root.exists(path)]
    if not knobs:
        raise NotApplicable(missing)
    return knobs

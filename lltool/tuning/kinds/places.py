"""Where the files of a setting are: one a host, or one for each CPU, device or match of a pattern."""

from __future__ import annotations

from collections.abc import Iterable

from lltool.tuning.catalogue import EVERY, Entry
from lltool.tuning.host import TunedHost


class NotApplicable(Exception):
    """There is no such thing on this host; the message says why."""


def files_of(entry: Entry, setting: str, host: TunedHost) -> list[str]:
    """The files that the entry's ``path`` names and that exist, in the order of their CPUs or devices.

    ``{device}`` stands for the device that the setting names (all of its class for ``*``), ``{cpu}`` for each CPU of
    the set in ``cpus``; ``*`` and ``[...]`` match within one component. Raises :class:`NotApplicable` with the entry's
    ``missing`` where no file is there.
    """
    options = dict(entry.options)
    templates = [str(options["path"])]
    if "{device}" in templates[0]:
        templates = [templates[0].replace("{device}", device) for device in devices_of(entry, setting, host)]
    if "{cpu}" in templates[0]:
        cpus = cpus_of(str(options["cpus"]), host)
        templates = [template.replace("{cpu}", str(cpu)) for template in templates for cpu in cpus]
    files = [path for template in templates for path in _existing(template, host)]
    if not files:
        raise NotApplicable(str(options["missing"]))
    return files


def devices_of(entry: Entry, setting: str, host: TunedHost) -> list[str]:
    """The devices of this host that a setting means; raises :class:`NotApplicable` where it has none of them."""
    device = entry.device_in(setting)
    if entry.device == "nic":
        here: Iterable[str] = (nic.name for nic in host.facts.nics)
        nothing = "no network interface with hardware behind it is here"
        one = f"no network interface {device} with hardware behind it is here"
    else:
        here = (f"node{node.id}" for node in host.facts.topology.nodes)
        nothing = "this host has no NUMA nodes"
        one = f"this host has no NUMA {device}"
    found = [name for name in here if device in {EVERY, name}]
    if not found:
        raise NotApplicable(nothing if device == EVERY else one)
    return found


def cpus_of(name: str, host: TunedHost) -> tuple[int, ...]:
    """The CPUs of a named set: ``online`` or ``isolated``."""
    if name == "online":
        return host.facts.topology.online
    if not host.cores.isolated:
        raise NotApplicable("no core is isolated on this host")
    return host.cores.isolated


def _existing(path: str, host: TunedHost) -> list[str]:
    if any(character in path for character in "*["):
        return host.root.glob(path)
    return [path] if host.root.exists(path) else []

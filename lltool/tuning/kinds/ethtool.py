"""Settings of network interfaces that have no file: rings, channels, coalescing, pause frames, offloads."""

from __future__ import annotations

import errno
import os

from lltool.host.ethtool import GROUPS, read_feature, read_group, write_feature, write_group
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable, devices_of

_FEATURE = "feature"
_SWITCHES = {"adaptive_rx", "adaptive_tx", "pause.rx", "pause.tx"}
_WORDS = {0: "off", 1: "on"}


class Ethtool(Kind):
    """One word of one structure of the SIOCETHTOOL ioctl, or one offload, of each interface.

    The knob's path is the interface's directory, its part ``coalesce rx_usecs`` or ``feature rx-lro``.
    """

    verified = "the driver is asked again: what it clamped is partial"
    undone = "the old value is set again, between whatever the driver has meanwhile for its other values"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        if not host.root.answers_ethtool:
            raise NotApplicable("a recorded tree does not hold what drivers answer")
        part = f"{entry.option('command')} {entry.option('field')}"
        knobs: list[Knob] = []
        reasons: list[str] = []
        for device in devices_of(entry, setting, host):
            knob = Knob(f"/sys/class/net/{device}", part)
            try:
                self.read(host.root, knob)
            except OSError as error:
                if error.errno not in {errno.EOPNOTSUPP, errno.ENODEV}:
                    knobs.append(knob)  # the reason shows where its value is read again
                    continue
                reasons.append(f"{device}: its driver does not have it ({os.strerror(error.errno).lower()})")
            else:
                knobs.append(knob)
        if not knobs:
            raise NotApplicable("; ".join(reasons))
        return knobs

    def read(self, root: Root, knob: Knob) -> str:
        interface, command, field = _split(knob)
        if command == _FEATURE:
            return _WORDS[read_feature(root, interface, field).is_on]
        word = read_group(root, interface, command)[field]
        return _WORDS[bool(word)] if _is_switch(command, field) else str(word)

    def write(self, root: Root, knob: Knob, text: str) -> None:
        interface, command, field = _split(knob)
        if command == _FEATURE:
            write_feature(root, interface, field, on=text == "on")
            return
        value = int(text == "on") if _is_switch(command, field) else int(text)
        write_group(root, interface, command, read_group(root, interface, command) | {field: value})

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        interface, command, field = _split(knob)
        if command == _FEATURE:
            fixed = read_feature(host.root, interface, field).is_fixed
            return f"{interface}: {field} is fixed to {live} by the driver" if fixed else ""
        bound = GROUPS[command].bounds.get(field)
        most = None if bound is None else read_group(host.root, interface, command)[bound]
        if most is not None and int(wanted) > most:
            return f"{interface}: the driver takes at most {most}"
        return ""

    def refused(self, error: OSError) -> str:
        if error.errno in {errno.EOPNOTSUPP, errno.EINVAL}:
            return "the driver does not take it"
        return super().refused(error)


def _split(knob: Knob) -> tuple[str, str, str]:
    command, _, field = knob.part.partition(" ")
    return knob.path.rpartition("/")[2], command, field


def _is_switch(command: str, field: str) -> bool:
    return field in _SWITCHES or f"{command}.{field}" in _SWITCHES

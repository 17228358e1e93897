"""Swap areas in use, with the priorities that bring them back as they were."""

from __future__ import annotations

import re

from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable

OFF = "off"
_OCTAL = re.compile(r"\\([0-7]{3})")
_SWAPS = "/proc/swaps"


class Swap(Kind):
    """All swap areas as one value: ``off``, or ``path=priority`` for each, highest priority first.

    Paths keep the kernel's octal escapes, so that a space in one cannot be mistaken for a separator.
    """

    verified = "/proc/swaps lists the areas in use"
    undone = "swapon of each area again, with its old priority"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        if not host.root.exists(_SWAPS):
            raise NotApplicable("this kernel has no swap")
        return [Knob(_SWAPS)]

    def read(self, root: Root, knob: Knob) -> str:
        areas = _areas(root)
        return " ".join(f"{path}={priority}" for path, priority in areas) or OFF

    def write(self, root: Root, knob: Knob, text: str) -> None:
        wanted = [] if text == OFF else [_area(word) for word in text.split()]
        for path, priority in _areas(root):
            if (path, priority) not in wanted:
                root.swapoff(_decoded(path))
        present = {path for path, _ in _areas(root)}
        # Highest first: the kernel hands out negative priorities in the order of the calls.
        for path, priority in wanted:
            if path not in present:
                root.swapon(_decoded(path), priority)

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        from lltool.host.memory import available_bytes

        used = 1024 * sum(int(line.split()[3]) for line in host.root.read(_SWAPS).splitlines()[1:])
        available = available_bytes(host.root)
        if available is not None and used > available:
            return f"{used >> 20} MiB are swapped out and only {available >> 20} MiB of memory are free"
        return ""


def _areas(root: Root) -> list[tuple[str, int]]:
    rows = [line.split() for line in root.read(_SWAPS).splitlines()[1:]]
    return sorted(((row[0], int(row[4])) for row in rows), key=lambda area: -area[1])


def _area(word: str) -> tuple[str, int]:
    path, _, priority = word.rpartition("=")
    return path, int(priority)


def _decoded(path: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), path)

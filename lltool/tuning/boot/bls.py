"""GRUB of RHEL and Fedora: boot entries in BLS snippets, changed by ``grubby``."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.boot_arguments import CommandLineFile, GrubbyArguments, SharedArguments, bls_entries
from lltool.tuning.step import Step, Write

KERNEL_CMDLINE = "/etc/kernel/cmdline"


class Bls:
    """``grubby`` for the kernels that are there, ``/etc/kernel/cmdline`` for those to come, where it exists."""

    name = "grub-bls"

    def obstacle(self, root: Root) -> str:
        """Why it cannot be used."""
        return ""

    def steps(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> list[Step]:
        """Stage exactly ``arguments`` as lltool's; ``owned`` are those staged before."""
        words = " ".join(dict.fromkeys([*owned, *arguments]))
        wanted = " ".join(arguments)
        knobs: list[tuple[str, SharedArguments, Knob]] = [
            ("grubby_arguments", GrubbyArguments(), Knob("grubby", words))
        ]
        if root.exists(KERNEL_CMDLINE):
            knobs.append(("command_line_file", CommandLineFile(), Knob(KERNEL_CMDLINE, words)))
        current = [(name, knob, kind.read(root, knob), kind) for name, kind, knob in knobs]
        return [
            Step(SETTING, name, (Write(knob, before, wanted),))
            for name, knob, before, kind in current
            if not kind.restored(before, wanted)
        ]

    def next_boot(self, root: Root) -> list[str] | None:
        """The words that every ordinary entry hands to its kernel; None where that cannot be read."""
        try:
            entries = [words for _, words in bls_entries(root)]
        except OSError:
            return None
        return [word for word in entries[0] if all(word in words for words in entries)] if entries else None

"""The boot loaders that lltool can stage arguments with, by the names that :mod:`lltool.host.boot` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lltool.host.boot import read_boot
from lltool.root import Root
from lltool.tuning.boot.bls import Bls
from lltool.tuning.boot.grub import Grub
from lltool.tuning.boot.ostree import Ostree
from lltool.tuning.boot.systemd_boot import SystemdBoot
from lltool.tuning.step import Step


class Loader(Protocol):
    """One way to hand arguments to the next kernel."""

    name: str

    def obstacle(self, root: Root) -> str:
        """Why it cannot be used on this host; empty where it can."""

    def steps(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> list[Step]:
        """The steps after which exactly ``arguments`` are lltool's, where ``owned`` were before."""

    def next_boot(self, root: Root) -> list[str] | None:
        """The words that every ordinary entry hands to its kernel; None where that cannot be read."""


_LOADERS: tuple[Loader, ...] = (Grub(), Bls(), Ostree(), SystemdBoot())


def loader_of(root: Root) -> tuple[Loader | None, str]:
    """The loader of this host, or None and why there is none to use."""
    boot = read_boot(root)
    loader = next((each for each in _LOADERS if each.name == boot.loader), None)
    if loader is None:
        return None, f"no boot loader that lltool knows ({boot.evidence})"
    obstacle = loader.obstacle(root)
    return (None, f"{loader.name}: {obstacle}") if obstacle else (loader, "")

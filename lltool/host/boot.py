"""The boot loader: who decides on the kernel command line of the next boot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.root import Root


@dataclass(frozen=True, slots=True)
class Boot:
    """``loader`` is ``rpm-ostree``, ``systemd-boot``, ``grub-bls`` (RHEL, Fedora), ``grub`` (Debian, Ubuntu ...).

    ``None`` where none is seen: a container, a microVM, a network boot. ``evidence`` says what was seen, or what was
    looked for.
    """

    loader: str | None
    evidence: str


def read_boot(root: Root) -> Boot:
    """Find the boot loader by the files it leaves."""
    for loader, groups in _SIGNS:
        seen = [next((path for path in group if root.exists(path)), None) for group in groups]
        if None not in seen:
            return Boot(loader, "found " + ", ".join(path for path in seen if path is not None))
    return Boot(None, "none seen: no rpm-ostree, systemd-boot or GRUB under /run, /boot, /efi and /etc")


# Per loader: of every group at least one file exists. The order matters: an ostree system has GRUB as well.
_SIGNS: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...] = (
    ("rpm-ostree", (("/run/ostree-booted", "/ostree/repo"), ("/usr/bin/rpm-ostree",))),
    (
        "systemd-boot",
        (
            (
                "/boot/EFI/systemd/systemd-bootx64.efi",
                "/boot/EFI/systemd/systemd-bootaa64.efi",
                "/boot/efi/EFI/systemd/systemd-bootx64.efi",
                "/boot/efi/EFI/systemd/systemd-bootaa64.efi",
                "/efi/EFI/systemd/systemd-bootx64.efi",
                "/efi/EFI/systemd/systemd-bootaa64.efi",
            ),
        ),
    ),
    ("grub-bls", (("/boot/loader/entries",), ("/usr/sbin/grubby", "/sbin/grubby"), ("/etc/default/grub",))),
    (
        "grub",
        (
            ("/etc/default/grub",),
            ("/usr/sbin/update-grub", "/usr/sbin/grub-mkconfig", "/usr/bin/grub-mkconfig", "/usr/sbin/grub2-mkconfig"),
            ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg"),
        ),
    ),
)

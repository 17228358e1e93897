"""systemd-boot: entries that ``kernel-install`` writes from /etc/kernel/cmdline, one a kernel."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.root import Root
from lltool.tuning.boot.setting import SETTING
from lltool.tuning.kinds.base import Knob
from lltool.tuning.kinds.boot_arguments import CommandLineFile
from lltool.tuning.kinds.owned_file import ABSENT
from lltool.tuning.persistence.steps import refreshed
from lltool.tuning.step import Step, Write

KERNEL_CMDLINE = "/etc/kernel/cmdline"
_ENTRIES = ("/boot/loader/entries", "/efi/loader/entries", "/boot/efi/loader/entries")
_INSTALL_CONF = "/etc/kernel/install.conf"
# Put there by the boot loader itself, not by the owner of the command line.
_OF_THE_LOADER = ("BOOT_IMAGE=", "initrd=")


class SystemdBoot:
    """``/etc/kernel/cmdline`` and ``kernel-install add`` for every kernel that is installed."""

    name = "systemd-boot"

    def obstacle(self, root: Root) -> str:
        """Why it cannot be used: a unified kernel image has its command line baked in, and signed."""
        if "layout=uki" in (root.read_or(_INSTALL_CONF, "") or "").replace(" ", ""):
            return "its kernels are unified images, whose command line is part of the signed file"
        if not self._kernels(root):
            return "no kernel in /usr/lib/modules or /boot that kernel-install could add"
        return ""

    def steps(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> list[Step]:
        """Stage exactly ``arguments`` as lltool's; ``owned`` are those staged before."""
        steps = [self._file(root, arguments, owned)]
        for kernel, image in self._kernels(root) if steps[0].writes else ():
            steps = refreshed(SETTING, f"kernel-install add {kernel} {image}", steps)
        return steps if steps[0].writes else []

    def next_boot(self, root: Root) -> list[str] | None:
        """The words that every entry hands to its kernel; None where there is none to read."""
        texts = [root.read_or(path, "") or "" for folder in _ENTRIES for path in root.glob(f"{folder}/*.conf")]
        entries = [line.split()[1:] for text in texts for line in text.splitlines() if line.split()[:1] == ["options"]]
        return [word for word in entries[0] if all(word in words for words in entries)] if entries else None

    def _file(self, root: Root, arguments: Sequence[str], owned: Sequence[str]) -> Step:
        wanted = " ".join(arguments)
        if not root.exists(KERNEL_CMDLINE):
            # Without the file kernel-install takes what the running kernel was started with.
            running = [w for w in root.read("/proc/cmdline").split() if not w.startswith(_OF_THE_LOADER)]
            text = " ".join([*(word for word in running if word not in arguments), *arguments]) + "\n"
            return Step(SETTING, "owned_file", (Write(Knob(KERNEL_CMDLINE), ABSENT, text),))
        kind, knob = CommandLineFile(), Knob(KERNEL_CMDLINE, " ".join(dict.fromkeys([*owned, *arguments])))
        before = kind.read(root, knob)
        writes = () if kind.restored(before, wanted) else (Write(knob, before, wanted),)
        return Step(SETTING, "command_line_file", writes)

    @staticmethod
    def _kernels(root: Root) -> list[tuple[str, str]]:
        """Version and image of each kernel: Debian and Ubuntu keep the image in /boot, others with the modules."""
        images = {
            version: [f"/usr/lib/modules/{version}/vmlinuz", f"/boot/vmlinuz-{version}"]
            for version in root.listdir("/usr/lib/modules")
        }
        found = {version: [path for path in paths if root.exists(path)] for version, paths in images.items()}
        return [(version, paths[0]) for version, paths in found.items() if paths]

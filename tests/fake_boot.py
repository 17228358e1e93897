"""Boot loaders made of plain files and of programs that answer as the real ones do."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fake_host import FakeKernel

OWN = "root=/dev/vda1 ro quiet"
"""What the owner of the host has on the command line."""

MakeLoader = Callable[[str], "FakeLoader"]


class FakeLoader:
    """One loader of a fake host. ``entries`` are the command lines of the next boot, ``rescue`` the recovery one."""

    def __init__(self, kernel: FakeKernel, name: str) -> None:
        self.kernel = kernel
        self.name = name
        self.kernels = {"6.1.0-1": OWN, "6.1.0-2": OWN}
        self.rescue = "root=/dev/vda1 single"
        getattr(self, f"_make_{name.replace('-', '_')}")()

    @property
    def entries(self) -> list[str]:
        """The command lines of the ordinary entries."""
        return list(self.kernels.values())

    def boot(self, *, unknown: str = "") -> None:
        """Reboot into the first entry; the kernel takes what it knows of isolcpus and skew_tick."""
        line = self.entries[0]
        self.put("/proc/cmdline", line)
        self.put("/proc/sys/kernel/random/boot_id", self.kernel.read("/proc/sys/kernel/random/boot_id") + "+1")
        isolated = next((word for word in line.split() if word.startswith("isolcpus=")), "")
        self.put("/sys/devices/system/cpu/isolated", isolated.rpartition("domain,")[2])
        said = f'5,1,0,-;Unknown kernel command line parameters "{unknown}", will be passed to user space.\n'
        self.put("/dev/kmsg", "5,0,0,-;Linux version 6.1\n" + (said if unknown else ""))

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        file = Path(self.kernel.directory) / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def _make_grub(self) -> None:
        self.put("/etc/default/grub", 'GRUB_CMDLINE_LINUX_DEFAULT="ro quiet"\n')
        self.put("/usr/sbin/grub-mkconfig", "for x in ${sysconfdir}/default/grub.d/*.cfg ; do\n")
        self.put("/usr/sbin/update-grub", "")
        self.kernel.programs["update-grub"] = self._update_grub
        self._update_grub()

    def _update_grub(self) -> str:
        added = ""
        for path in self.kernel.glob("/etc/default/grub.d/*.cfg"):
            for line in self.kernel.read(path).splitlines():
                if line.startswith("GRUB_CMDLINE_LINUX_DEFAULT="):
                    added += " " + shlex.split(line.partition("=")[2])[0].replace("$GRUB_CMDLINE_LINUX_DEFAULT ", "")
        self.kernels = dict.fromkeys(self.kernels, f"{OWN}{added}")
        menu = "".join(
            f"menuentry 'Debian {name}' {{\n\tlinux\t/boot/vmlinuz-{name} {line}\n}}\n"
            f"menuentry 'Debian {name} (recovery mode)' {{\n\tlinux\t/boot/vmlinuz-{name} {self.rescue}\n}}\n"
            for name, line in self.kernels.items()
        )
        self.put("/boot/grub/grub.cfg", menu)
        return ""

    def _make_grub_bls(self) -> None:
        self.put("/etc/default/grub", "GRUB_ENABLE_BLSCFG=true\n")
        self.put("/usr/sbin/grubby", "")
        self.put("/boot/loader/entries/a.conf", "")
        self.put("/etc/kernel/cmdline", f"{OWN}\n")
        self.kernel.programs["grubby"] = self._grubby

    def _grubby(self, *options: str) -> str:
        """As grubby 8.40: --info=ALL prints a block an entry; --args replaces a parameter of the same name."""
        if options == ("--info=ALL",):
            blocks = [(f"/boot/vmlinuz-{name}", line) for name, line in self.kernels.items()]
            blocks.append(("/boot/vmlinuz-0-rescue-0123", self.rescue))
            return "".join(
                f'index={index}\nkernel="{path}"\nargs="{line}"\nroot="/dev/vda1"\n'
                for index, (path, line) in enumerate(blocks)
            )
        given = dict(option.split("=", 1) for option in options)
        name = given["--update-kernel"].removeprefix("/boot/vmlinuz-")
        removed, added = given.get("--remove-args", "").split(), given.get("--args", "").split()
        words = [word for word in self.kernels[name].split() if word not in removed]
        self.kernels[name] = " ".join([*words, *(word for word in added if word not in words)])
        return ""

    def _make_rpm_ostree(self) -> None:
        self.put("/run/ostree-booted", "")
        self.put("/usr/bin/rpm-ostree", "")
        self.kernels = {"deployment": OWN}
        self.kernel.programs["rpm-ostree"] = self._rpm_ostree

    def _rpm_ostree(self, command: str, *options: str) -> str:
        if command == "status":
            return "State: idle\nDeployments:\n"
        words = self.kernels["deployment"].split()
        for option in options:
            name, _, word = option.partition("=")
            if name == "--append-if-missing" and word not in words:
                words.append(word)
            elif name == "--delete-if-present" and word in words:
                words.remove(word)
        self.kernels["deployment"] = " ".join(words)
        return self.kernels["deployment"] + "\n"

    def _make_systemd_boot(self) -> None:
        """Two kernels: one with its image where Debian has it, one where Fedora has it twice."""
        self.put("/boot/EFI/systemd/systemd-bootx64.efi", "")
        self.put("/etc/kernel/cmdline", f"{OWN}\n")
        debian, fedora = self.kernels
        self.put(f"/usr/lib/modules/{debian}/modules.dep", "")
        self.put(f"/boot/vmlinuz-{debian}", "")
        self.put(f"/usr/lib/modules/{fedora}/vmlinuz", "")
        self.put(f"/boot/vmlinuz-{fedora}", "")
        self.images = {debian: f"/boot/vmlinuz-{debian}", fedora: f"/usr/lib/modules/{fedora}/vmlinuz"}
        for name, image in self.images.items():
            self._kernel_install("add", name, image)
        self.kernel.programs["kernel-install"] = self._kernel_install

    def _kernel_install(self, verb: str, name: str, image: str) -> str:
        assert verb == "add"
        assert image == self.images[name]
        text = self.kernel.read_or("/etc/kernel/cmdline") or self.kernel.read("/proc/cmdline")
        self.kernels[name] = " ".join(text.split())
        self.put(f"/boot/loader/entries/{name}.conf", f"title Linux\noptions {self.kernels[name]}\n")
        return ""


@pytest.fixture
def make_loader(kernel: FakeKernel) -> MakeLoader:
    """A loader by the name that lltool gives it, on the fake host."""
    return lambda name: FakeLoader(kernel, name)

"""A systemd of plain files: units that run or not, masked by a link or for this boot."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fake_host import FakeKernel


class FakeSystemd:
    """``active`` are the units that run; irqbalance is installed, enabled and runs.

    ``loaded`` is what drop-ins set, ``effective`` the CPUs that the kernel gives a unit where they are others.
    """

    def __init__(self, kernel: FakeKernel) -> None:
        self.kernel = kernel
        self.active = {"irqbalance.service"}
        self.masked_for_this_boot: set[str] = set()
        self.known = {"irqbalance.service", "system.slice", "feed.service"}
        self.loaded: dict[tuple[str, str], str] = {}
        self.effective: dict[str, str] = {}
        for path in ("run/systemd/system", "usr/lib/systemd/system", "etc/systemd/system/multi-user.target.wants"):
            Path(kernel.directory, path).mkdir(parents=True, exist_ok=True)
        Path(kernel.directory, "usr/lib/systemd/system/irqbalance.service").write_text("[Service]\n")
        kernel.programs["systemctl"] = self._systemctl

    def boot(self) -> None:
        """Reboot: runtime masks are gone, enabled units run that are not masked on the disk."""
        self.masked_for_this_boot.clear()
        self.loaded = self._drop_ins()
        self.active = set() if self._masked("irqbalance.service") else {"irqbalance.service"}
        self.kernel.write("/proc/sys/kernel/random/boot_id", self.kernel.read("/proc/sys/kernel/random/boot_id") + "+1")

    def _masked(self, unit: str) -> bool:
        path = os.path.join(self.kernel.directory, "etc/systemd/system", unit)
        return os.path.islink(path) and os.readlink(path) == "/dev/null"

    def _systemctl(self, verb: str, *words: str) -> str:
        unit = words[-1] if words else ""
        if verb == "show":
            return "".join(f"{name}={self._property(unit, name)}\n" for name in words[0].partition("=")[2].split(","))
        if verb == "mask":
            self.masked_for_this_boot.add(unit)
            self.active.discard(unit)
        elif verb == "unmask":
            self.masked_for_this_boot.discard(unit)
        elif verb == "start":
            if self._masked(unit) or unit in self.masked_for_this_boot:
                raise OSError(5, f"Unit {unit} is masked.", "systemctl")
            self.active.add(unit)
        else:
            assert verb == "daemon-reload"
            self.loaded = self._drop_ins()
        return ""

    def _property(self, unit: str, name: str) -> str:
        if name == "ActiveState":
            return "active" if unit in self.active else "inactive"
        if name == "UnitFileState":
            state = "masked" if self._masked(unit) else "enabled"
            return "masked-runtime" if unit in self.masked_for_this_boot and state == "enabled" else state
        if name == "LoadState":
            return "loaded" if unit in self.known else "not-found"
        if name == "EffectiveCPUs":
            return self.effective.get(unit) or self.loaded.get((unit, "AllowedCPUs")) or "0-3"
        if name == "LimitNICE" and (unit, name) in self.loaded:
            return str(20 - int(self.loaded[unit, name]))
        return self.loaded.get((unit, name), {"LimitMEMLOCK": "8388608", "MainPID": "0"}.get(name, ""))

    def _drop_ins(self) -> dict[tuple[str, str], str]:
        return {
            (path.parent.name.removesuffix(".d"), key): value
            for path in Path(self.kernel.directory, "etc/systemd/system").glob("*.d/*.conf")
            for line in path.read_text().splitlines()
            if not line.startswith(("#", "["))
            for key, _, value in [line.partition("=")]
        }


@pytest.fixture
def systemd(kernel: FakeKernel) -> FakeSystemd:
    return FakeSystemd(kernel)

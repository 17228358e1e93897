"""A host made of plain files, with a kernel that can be told to misbehave."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lltool.root import Root
from lltool.tuning.plan import Target, target
from lltool.tuning.store import Store
from tests.behaviour import BEHAVIOUR, ethtool, systemctl

FILES = (
    {
        "/proc/sys/kernel/random/boot_id": "first-boot",
        "/proc/cmdline": "root=/dev/vda1 quiet",
        "/proc/meminfo": "MemTotal: 65536000 kB\nMemAvailable: 60000000 kB",
        "/proc/swaps": "Filename\tType\tSize\tUsed\tPriority",
        "/proc/sys/net/core/rmem_max": "212992",
        "/proc/sys/net/ipv4/tcp_rmem": "4096\t131072\t33554432",
        "/proc/sys/net/ipv4/tcp_low_latency": "0",
        "/proc/sys/net/ipv4/tcp_sack": "1",
        "/proc/sys/vm/swappiness": "60",
        "/proc/sys/vm/stat_interval": "1",
        "/proc/sys/vm/dirty_ratio": "0",
        "/proc/sys/vm/dirty_bytes": "1048576",
        "/proc/sys/vm/dirty_background_ratio": "10",
        "/proc/sys/vm/dirty_background_bytes": "0",
        "/proc/sys/kernel/sched_rt_runtime_us": "950000",
        "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0",
        "/sys/devices/system/cpu/online": "0-3",
        "/sys/devices/system/cpu/present": "0-3",
        "/sys/devices/system/cpu/possible": "0-3",
        "/sys/devices/system/cpu/isolated": "",
        "/proc/irq/default_smp_affinity": "f",
        "/proc/irq/24/smp_affinity_list": "0-3",
        "/proc/irq/25/smp_affinity_list": "2",
        "/proc/irq/26/smp_affinity_list": "0-3",
        "/sys/devices/system/cpu/intel_pstate/no_turbo": "1",
        "/sys/devices/system/cpu/smt/control": "on",
        "/sys/devices/system/clocksource/clocksource0/current_clocksource": "hpet",
        "/sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm",
        "/sys/class/net/lan0/device/msi_irqs/24": "msix",
        "/sys/class/net/lan0/operstate": "up",
        "/sys/class/net/lan0/threaded": "1",
        "/sys/class/net/lan0/queues/rx-0/rps_cpus": "c",
        "/sys/class/net/lan0/queues/tx-0/xps_cpus": "0",
        "/usr/lib/systemd/system/irqbalance.service": "[Unit]",
        "/run/systemd/system/.keep": "",
        "/fake/systemd/irqbalance.service": "active enabled",
        "/fake/ethtool/lan0/rings": "4096 0 0 4096 512 0 0 512",
        "/fake/ethtool/lan0/channels": "0 0 1 8 0 0 1 8",
        "/fake/ethtool/lan0/coalesce": " ".join(["50", "0", "0", "0", "50", "0", "0", "0", "0", "1", "1", *["0"] * 11]),
        "/fake/ethtool/lan0/features": "rx-gro on free\nrx-lro on free\ntx-tcp-segmentation on fixed",
    }
    | {
        f"/sys/devices/system/node/node{node}/{file}": text
        for node in range(2)
        for file, text in {
            "cpulist": f"{2 * node}-{2 * node + 1}",
            "distance": "10 21" if node == 0 else "21 10",
            "meminfo": f"Node {node} MemTotal: 32768000 kB",
            "hugepages/hugepages-2048kB/nr_hugepages": "0",
            "hugepages/hugepages-2048kB/free_hugepages": "0",
        }.items()
    }
    | {
        f"/sys/devices/system/cpu/cpu{cpu}/{file}": text
        for cpu in range(4)
        for file, text in {
            "topology/core_id": str(cpu),
            "topology/physical_package_id": "0",
            "topology/core_cpus_list": str(cpu),
            "topology/package_cpus_list": "0-3",
            "cpufreq/scaling_governor": "schedutil",
            "cpufreq/scaling_available_governors": "performance schedutil",
            "cpufreq/scaling_driver": "intel_pstate",
            "cpufreq/energy_performance_preference": "balance_performance",
            "cpufreq/energy_performance_available_preferences": "default performance balance_performance power",
            "power/pm_qos_resume_latency_us": "0",
        }.items()
    }
    | {f"/sys/kernel/debug/sched/fair_server/cpu{cpu}/runtime": "50000000" for cpu in range(4)}
)


@dataclass(eq=False)
class FakeKernel(Root):
    """A :class:`Root` over plain files that refuses, clamps and answers as it is told.

    ``errors`` and ``answers`` map a path to the errno of its next writes, or to what it makes of a written text;
    ``before_write`` is called before every write. ``programs`` answer what is run, and ``ran`` keeps the command lines.
    Beyond that it behaves as :mod:`tests.behaviour` says; ``node_room`` bounds the huge pages of a node's file, and
    ``enabled`` is what systemd has of each unit on its disk.
    """

    directory: str
    errors: dict[str, int] = field(default_factory=dict)
    answers: dict[str, Callable[[str], str]] = field(default_factory=dict)
    before_write: Callable[[str, str], None] = lambda path, text: None
    programs: dict[str, Callable[..., str]] = field(default_factory=dict)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    node_room: dict[str, int] = field(default_factory=dict)
    enabled: dict[str, str] = field(default_factory=lambda: {"irqbalance.service": "enabled"})

    def __post_init__(self) -> None:
        self.programs.setdefault("systemctl", lambda *arguments: systemctl(self, *arguments))

    @property
    def answers_ethtool(self) -> bool:
        return self.exists("/fake/ethtool")

    def ethtool(self, interface: str, request: bytes) -> bytes:
        return ethtool(self, interface, request)

    def put(self, path: str, text: str) -> None:
        """Change a file as the kernel itself does, without a write."""
        Root.write(self, path, text)

    def run(self, *command: str) -> str:
        self.ran.append(command)
        if command[0] not in self.programs:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command[0])
        return self.programs[command[0]](*command[1:])

    def write(self, path: str, text: str) -> None:
        self.before_write(path, text)
        if path in self.errors:
            raise OSError(self.errors[path], os.strerror(self.errors[path]), path)
        if not self.is_writable_by_mode(path):
            raise PermissionError(errno.EPERM, "managed", path)
        for pattern, behave in BEHAVIOUR:
            if re.fullmatch(pattern, path):
                text = behave(self, path, text)
        super().write(path, self.answers.get(path, str)(text))


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    for path, text in FILES.items():
        file = tmp_path / "root" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    (tmp_path / "root/proc/irq/26/smp_affinity_list").chmod(0o444)
    return FakeKernel(str(tmp_path / "root"))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LLTOOL_STATE_DIR", str(tmp_path / "state"))
    return Store(Root())


@pytest.fixture
def wanted(tmp_path: Path, kernel: FakeKernel) -> Target:
    """A profile over all kinds of setting that the fake host has, cores 2-3 isolated."""
    profile = tmp_path / "all.toml"
    profile.write_text(
        """[settings]
"boot.isolcpus" = "domain,{isolated}"
"cpu.governor" = "performance"
"cpu.turbo" = "on"
"cpu.energy_performance_preference" = "performance"
"cpu.clocksource" = "tsc"
"cpu.pm_qos_resume_latency" = "n/a"
"sysctl.net.core.rmem_max" = 26214400
"sysctl.net.ipv4.tcp_rmem" = "4096 87380 26214400"
"sysctl.net.ipv4.tcp_low_latency" = 1
"sysctl.net.ipv4.tcp_sack" = 0
"sysctl.vm.swappiness" = 1
"sysctl.vm.stat_interval" = ">= 10"
"sysctl.vm.dirty_ratio" = 10
"sysctl.vm.dirty_background_bytes" = 67108864
"sysctl.kernel.numa_balancing" = 0
"sysctl.kernel.sched_rt_runtime_us" = -1
"isolation.fair_server" = 0
"service.irqbalance" = "masked"
"nic.*.adaptive_rx" = "off"
"nic.*.rx_usecs" = 0
"nic.*.gro" = "off"
"nic.*.threaded" = 0
"nic.*.rps_cpus" = "none"
"memory.thp_enabled" = "never"
"memory.hugepages_2m" = 1024
"memory.swap" = "off"
"irq.affinity" = "{housekeeping}"
"irq.default_affinity" = "{housekeeping}"
"""
    )
    return target(str(profile), kernel, cores=(2, 3))

"""Processor, clock, hypervisor, memory, boot loader, other tuners, privileges."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lltool.host.boot import read_boot
from lltool.host.clock import read_clock
from lltool.host.cpu import read_cpu
from lltool.host.hypervisor import Hypervisor, read_hypervisor
from lltool.host.memory import available_bytes, read_memory
from lltool.host.privileges import CAPABILITIES, read_privileges
from lltool.host.tuners import TunerState, read_tuners
from lltool.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Tree

PHYSICAL = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: lm tsc constant_tsc nonstop_tsc\n"
GUEST = PHYSICAL.replace("nonstop_tsc", "nonstop_tsc hypervisor")
ARM = "processor\t: 0\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU part\t: 0xd0c\n"
DMI = "/sys/class/dmi/id"
CLOCK = "/sys/devices/system/clocksource/clocksource0"


def hypervisor_of(root: Root) -> Hypervisor:
    cpu = read_cpu(root)
    return read_hypervisor(root, read_clock(root, cpu.flags).available, lambda: cpu)


@pytest.mark.parametrize(
    ("files", "is_guest", "name"),
    [
        ({"/proc/cpuinfo": PHYSICAL}, False, None),
        ({"/proc/cpuinfo": GUEST}, True, None),
        ({"/proc/cpuinfo": GUEST, f"{DMI}/sys_vendor": "QEMU\n"}, True, "QEMU"),
        (
            {
                "/proc/cpuinfo": GUEST,
                f"{DMI}/sys_vendor": "Microsoft Corporation\n",
                f"{DMI}/product_name": "Virtual Machine\n",
            },
            True,
            "Hyper-V",
        ),
        ({"/proc/cpuinfo": GUEST, f"{CLOCK}/available_clocksource": "tsc kvm-clock \n"}, True, "KVM"),
        ({"/proc/cpuinfo": GUEST, "/sys/hypervisor/type": "xen\n"}, True, "Xen"),
        # VirtualBox of 2012 under Windows: no flag, no DMI.
        (
            {"/proc/cpuinfo": PHYSICAL, "/proc/bus/pci/devices": "0000\t80861237\t0\n0010\t80eebeef\t12\te0000008\n"},
            True,
            "VirtualBox",
        ),
        ({"/proc/cpuinfo": PHYSICAL, "/proc/bus/pci/devices": "\n0010\n0010\t102b0522\t0\n"}, False, None),
        # A cloud's bare-metal instance.
        (
            {"/proc/cpuinfo": PHYSICAL, f"{DMI}/sys_vendor": "Amazon EC2\n", f"{DMI}/product_name": "c5.metal\n"},
            False,
            None,
        ),
        (
            {"/proc/cpuinfo": GUEST, f"{DMI}/sys_vendor": "Amazon EC2\n", f"{DMI}/product_name": "c7i.large\n"},
            True,
            "KVM",
        ),
        (
            {"/proc/cpuinfo": ARM, f"{DMI}/sys_vendor": "Amazon EC2\n", f"{DMI}/product_name": "c7g.large\n"},
            True,
            "KVM",
        ),
        ({"/proc/cpuinfo": ARM, f"{DMI}/sys_vendor": "Huawei\n", f"{DMI}/product_name": "XA320\n"}, False, None),
        ({"/proc/cpuinfo": ARM, "/proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, True, "linux,kvm"),
        ({"/proc/cpuinfo": ARM}, None, None),
        ({}, None, None),
    ],
)
def test_hypervisor(tree: Callable[[Tree], Root], files: Tree, is_guest: bool | None, name: str | None) -> None:
    found = hypervisor_of(tree(files))
    assert (found.is_guest, found.name) == (is_guest, name)
    assert found.evidence


def test_a_tsc_is_invariant_with_both_flags_only(tree: Callable[[Tree], Root]) -> None:
    root = tree({f"{CLOCK}/current_clocksource": "tsc\n", f"{CLOCK}/available_clocksource": "tsc hpet acpi_pm \n"})
    clock = read_clock(root, frozenset({"tsc", "constant_tsc", "nonstop_tsc"}))
    assert (clock.clocksource, clock.available, clock.has_invariant_tsc) == ("tsc", ("tsc", "hpet", "acpi_pm"), True)
    assert read_clock(root, frozenset({"tsc", "constant_tsc"})).has_invariant_tsc is False
    assert read_clock(root, frozenset()).has_invariant_tsc is None


def test_flags_are_those_of_every_cpu(tree: Callable[[Tree], Root]) -> None:
    first = "processor\t: 0\nflags\t: lm avx2 avx512f\nmicrocode\t: 0x2\n"
    second = "processor\t: 1\nflags\t: lm avx2\nmicrocode\t: 0x1\n"
    cpu = read_cpu(tree({"/proc/cpuinfo": f"{first}\n{second}"}))
    assert cpu.flags == {"lm", "avx2"}
    assert cpu.microcode == ("0x1", "0x2")


def test_arm_designs_by_name(tree: Callable[[Tree], Root]) -> None:
    unknown = ARM.replace(": 0\n", ": 1\n", 1).replace("0xd0c", "0xfff")
    cpu = read_cpu(tree({"/proc/cpuinfo": f"{ARM}\n{unknown}"}))
    assert cpu.model_name == "Neoverse-N1 + part 0xfff"
    assert (cpu.vendor, cpu.architecture) == ("ARM", "aarch64")
    assert [(part.name, part.cpus) for part in cpu.arm_parts] == [("Neoverse-N1", (0,)), (None, (1,))]


def test_memory(tree: Callable[[Tree], Root]) -> None:
    thp = "/sys/kernel/mm/transparent_hugepage"
    files: Tree = {
        "/proc/meminfo": "MemTotal:       1024 kB\nMemAvailable:    512 kB\n",
        "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "3\n",
        "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "1\n",
        "/sys/kernel/mm/hugepages/hugepages-64kB/nr_hugepages": "0\n",
        "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages": "2\n",
        f"{thp}/enabled": "always [madvise] never\n",
        f"{thp}/defrag": "always defer defer+madvise madvise [never]\n",
        "/proc/swaps": "Filename Type Size Used Priority\n/swap\\040file file 1024 512 -2\ngarbled\n",
    }
    root = tree(files)
    memory = read_memory(root)
    assert memory.total_bytes == 1 << 20
    assert available_bytes(root) == 1 << 19
    assert [(pool.node, pool.page_bytes, pool.total, pool.free) for pool in memory.pools] == [
        (None, 64 << 10, 0, None),
        (None, 2 << 20, 3, 1),
        (1, 2 << 20, 2, None),
    ]
    assert memory.transparent is not None
    assert (memory.transparent.enabled, memory.transparent.defrag) == ("madvise", "never")
    assert memory.swaps is not None
    (swap,) = memory.swaps
    assert (swap.path, swap.size_bytes, swap.used_bytes, swap.priority) == ("/swap file", 1 << 20, 1 << 19, -2)


def test_no_swap_is_not_an_unknown_swap(tree: Callable[[Tree], Root]) -> None:
    assert read_memory(tree({})).swaps is None
    assert read_memory(tree({"/proc/swaps": "Filename Type Size Used Priority\n"})).swaps == ()


@pytest.mark.parametrize(
    ("files", "loader"),
    [
        ({"/etc/default/grub": "", "/usr/sbin/update-grub": "", "/boot/grub/grub.cfg": ""}, "grub"),
        ({"/etc/default/grub": "", "/usr/sbin/grubby": "", "/boot/loader/entries": None}, "grub-bls"),
        ({"/boot/efi/EFI/systemd/systemd-bootx64.efi": ""}, "systemd-boot"),
        (
            {
                "/run/ostree-booted": "",
                "/usr/bin/rpm-ostree": "",
                "/etc/default/grub": "",
                "/usr/sbin/grubby": "",
                "/boot/loader/entries": None,
            },
            "rpm-ostree",
        ),
        # A container image with the package and no boot loader installed by it.
        ({"/etc/default/grub": "", "/usr/sbin/update-grub": ""}, None),
        ({}, None),
    ],
)
def test_boot_loader(tree: Callable[[Tree], Root], files: Tree, loader: str | None) -> None:
    boot = read_boot(tree(files))
    assert boot.loader == loader
    assert ("none seen" in boot.evidence) == (loader is None)


def test_other_tuners(tree: Callable[[Tree], Root]) -> None:
    files: Tree = {
        "/proc/1/comm": "systemd\n",
        "/proc/77/comm": "irqbalance\n",
        "/proc/88/comm": "power-profiles-\n",
        "/etc/systemd/system/multi-user.target.wants/tlp.service": "->/lib/systemd/system/tlp.service",
        "/usr/lib/systemd/system/tlp.service": "[Unit]\n",
        "/usr/lib/systemd/system/tuned.service": "[Unit]\n",
        "/usr/lib/systemd/system/numad.service": "[Unit]\n",
        "/etc/systemd/system/numad.service": "->/dev/null",
    }
    tuners = read_tuners(tree(files))
    assert tuners.has_processes
    assert {tuner.name: (tuner.state, tuner.pids) for tuner in tuners.found} == {
        "irqbalance": (TunerState.RUNNING, (77,)),
        "power-profiles-daemon": (TunerState.RUNNING, (88,)),
        "tlp": (TunerState.ENABLED, ()),
        "tuned": (TunerState.INSTALLED, ()),
        "numad": (TunerState.MASKED, ()),
    }


def test_a_recorded_tree_without_processes_does_not_say_what_runs(tree: Callable[[Tree], Root]) -> None:
    assert not read_tuners(tree({"/proc/cpuinfo": PHYSICAL})).has_processes


def test_privileges_are_no_fact_of_a_recorded_tree(tree: Callable[[Tree], Root]) -> None:
    assert read_privileges(tree({"/proc/self/status": "CapEff: ffffffffffffffff\n"})) is None


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs a live /proc")
def test_privileges_of_this_process() -> None:
    privileges = read_privileges(Root())
    assert privileges is not None
    assert privileges.euid == os.geteuid()
    assert set(privileges.allowed_cpus) == os.sched_getaffinity(0)
    assert set(privileges.capabilities) <= set(CAPABILITIES)
    if privileges.euid != 0:
        assert not privileges.is_proc_sys_writable

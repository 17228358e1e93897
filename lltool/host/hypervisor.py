"""Whether this host is a virtual machine, and under which hypervisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lltool.host.cpu import Cpu
    from lltool.root import Root

_CLOCKSOURCES = {"kvm-clock": "KVM", "hyperv_clocksource_tsc_page": "Hyper-V", "hyperv_clocksource_msr": "Hyper-V"}
# Graphics that only a hypervisor makes, by vendor and device: where an old one sets no flag and there is no DMI, it is
# what tells. Source: util-linux, sys-utils/lscpu-virt.c.
_PCI = {"58530001": "Xen", "15ad0405": "VMware", "15ad0710": "VMware", "80eebeef": "VirtualBox"}
# Vendor, product (either may be a part of the text). Source: systemd, src/basic/virt.c, with the clouds' own names.
_DMI = (
    ("QEMU", "", "QEMU"),
    ("", "KVM", "KVM"),
    ("VMware", "", "VMware"),
    ("innotek", "", "VirtualBox"),
    ("", "VirtualBox", "VirtualBox"),
    ("Microsoft Corporation", "Virtual Machine", "Hyper-V"),
    ("Xen", "", "Xen"),
    ("Parallels", "", "Parallels"),
    ("BHYVE", "", "bhyve"),
    ("OpenStack", "", "KVM"),
    ("Google", "Google Compute Engine", "Google Compute Engine"),
    ("DigitalOcean", "", "KVM"),
    ("Alibaba Cloud", "", "KVM"),
)


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """``is_guest`` is ``None`` where nothing tells; ``name`` is ``None`` where nothing names the hypervisor.

    ``evidence`` says what was seen, or what was looked at.
    """

    is_guest: bool | None
    name: str | None
    evidence: str


def read_hypervisor(root: Root, clocksources: tuple[str, ...], read_cpu: Callable[[], Cpu]) -> Hypervisor:
    """Find the hypervisor by /sys/hypervisor, clock source, device tree, PCI, DMI and processor flag, in that order.

    ``clocksources`` are those that the kernel offers; the processor is read where they do not settle it.
    """
    by_files = _by_files(root, clocksources)
    if by_files is not None:
        return _guest(*by_files)
    cpu = read_cpu()
    flagged = "hypervisor" in cpu.flags
    is_x86 = bool(cpu.flags) and not cpu.arm_parts
    # On x86 a cloud's bare-metal instance carries the cloud's DMI names, but not the flag.
    by_dmi = _by_dmi(cpu) if flagged or not is_x86 else None
    if by_dmi is not None:
        return _guest(*by_dmi)
    if flagged:
        return Hypervisor(is_guest=True, name=None, evidence="the processor has the flag hypervisor; nothing names it")
    if not is_x86 and cpu.product.vendor is None:
        return Hypervisor(is_guest=None, name=None, evidence="neither processor flags nor DMI are known")
    looked_at = "the processor's flags" if is_x86 else "DMI, the device tree"
    return Hypervisor(is_guest=False, name=None, evidence=f"looked at {looked_at}, /sys/hypervisor, clock sources, PCI")


def _guest(name: str, evidence: str) -> Hypervisor:
    return Hypervisor(is_guest=True, name=name, evidence=evidence)


def _by_files(root: Root, clocksources: tuple[str, ...]) -> tuple[str, str] | None:
    kind = read_text(root, "/sys/hypervisor/type")
    if kind is not None:
        # Under Xen the control domain has this directory as well, and it is a guest of the hypervisor too.
        return kind.capitalize(), f"/sys/hypervisor/type is {kind}"
    for source in clocksources:
        if source in _CLOCKSOURCES:
            return _CLOCKSOURCES[source], f"clock source {source} is offered"
    compatible = read_text(root, "/proc/device-tree/hypervisor/compatible")
    if compatible is not None:
        name = compatible.split("\0", 1)[0]
        return name, f"the device tree names {name}"
    for line in (read_text(root, "/proc/bus/pci/devices") or "").splitlines():
        _place, device, *_ = (*line.split(), "", "")
        if device in _PCI:
            return _PCI[device], f"its graphics is {device[:4]}:{device[4:]} on PCI"
    return None


def _by_dmi(cpu: Cpu) -> tuple[str, str] | None:
    vendor, product = cpu.product.vendor or "", cpu.product.name or ""
    if not vendor and not product:
        return None
    for vendor_part, product_part, name in _DMI:
        if vendor_part in vendor and product_part in product:
            return name, f"DMI says {vendor} {product}".strip()
    # Nitro instances are named by their type; those on bare metal end in .metal.
    if vendor == "Amazon EC2" and ".metal" not in product:
        return "KVM", f"DMI says {vendor} {product}"
    return None

"""Whether this host is a virtual machine, and under which hypervisor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_text

if TYPE_CHECKING:
    from lltool.host.clock import Clock
    from lltool.host.cpu import Cpu
    from lltool.root import Root

_CLOCKSOURCES = {"kvm-clock": "KVM", "hyperv_clocksource_tsc_page": "Hyper-V", "hyperv_clocksource_msr": "Hyper-V"}
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


def read_hypervisor(root: Root, cpu: Cpu, clock: Clock) -> Hypervisor:
    """Find the hypervisor by /sys/hypervisor, clock source, device tree, DMI and the processor's flag, in this order."""
    kind = read_text(root, "/sys/hypervisor/type")
    if kind is not None:
        # Under Xen the control domain has this directory as well, and it is a guest of the hypervisor too.
        return Hypervisor(is_guest=True, name=kind.capitalize(), evidence=f"/sys/hypervisor/type is {kind}")
    for source in clock.available:
        if source in _CLOCKSOURCES:
            return Hypervisor(is_guest=True, name=_CLOCKSOURCES[source], evidence=f"clock source {source} is offered")
    compatible = read_text(root, "/proc/device-tree/hypervisor/compatible")
    if compatible is not None:
        named = compatible.split("\0", 1)[0]
        return Hypervisor(is_guest=True, name=named, evidence=f"the device tree names {named}")
    flagged = "hypervisor" in cpu.flags
    by_dmi = _by_dmi(cpu)
    # On x86 a cloud's bare-metal instance carries the cloud's DMI names, but not the flag.
    if by_dmi is not None and (flagged or not cpu.flags or cpu.arm_parts):
        name, evidence = by_dmi
        return Hypervisor(is_guest=True, name=name, evidence=evidence)
    if flagged:
        return Hypervisor(is_guest=True, name=None, evidence="the processor has the flag hypervisor; nothing names it")
    if not cpu.flags:
        return Hypervisor(is_guest=None, name=None, evidence="the processor's flags are not known")
    looked_at = "DMI" if cpu.arm_parts else "the processor's flag, DMI"
    return Hypervisor(
        is_guest=False, name=None, evidence=f"none seen by {looked_at}, /sys/hypervisor and the clock sources"
    )


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

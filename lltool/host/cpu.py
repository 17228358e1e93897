"""The processor model and the machine it sits in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.cpuinfo import read_cpuinfo
from lltool.host.readings import read_text

if TYPE_CHECKING:
    from lltool.root import Root

# Source: util-linux, lscpu-arm.c; Arm, "Main ID Register".
_ARM_IMPLEMENTERS = {
    0x41: "ARM",
    0x42: "Broadcom",
    0x43: "Cavium",
    0x46: "Fujitsu",
    0x48: "HiSilicon",
    0x4E: "NVIDIA",
    0x50: "APM",
    0x51: "Qualcomm",
    0x61: "Apple",
    0xC0: "Ampere",
}
_ARM_PARTS = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD07): "Cortex-A57",
    (0x41, 0xD08): "Cortex-A72",
    (0x41, 0xD0B): "Cortex-A76",
    (0x41, 0xD0C): "Neoverse-N1",
    (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD49): "Neoverse-N2",
    (0x41, 0xD4F): "Neoverse-V2",
    (0x41, 0xD84): "Neoverse-V3",
    (0x41, 0xD85): "Cortex-X925",
    (0x41, 0xD87): "Cortex-A725",
    (0x41, 0xD8E): "Neoverse-N3",
    (0x48, 0xD01): "TaiShan-v110",
    (0xC0, 0xAC3): "Ampere-1",
    (0xC0, 0xAC4): "Ampere-1a",
}


@dataclass(frozen=True, slots=True)
class ArmPart:
    """One Arm core design in this host and the online CPUs of that design; ``name`` where it is a known one."""

    implementer: int
    part: int
    name: str | None
    cpus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """The machine, as its firmware (DMI) names it."""

    vendor: str | None
    name: str | None
    board: str | None
    firmware: str | None


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor. Text is as the kernel prints it; ``None`` and empty where it does not.

    ``flags`` are those of every CPU together: a feature that one CPU lacks is not here. ``microcode`` has one entry
    when all CPUs run the same revision.
    """

    architecture: str | None
    vendor: str | None
    model_name: str | None
    family: int | None
    model: int | None
    stepping: int | None
    microcode: tuple[str, ...]
    flags: frozenset[str]
    arm_parts: tuple[ArmPart, ...]
    product: Product


def read_cpu(root: Root) -> Cpu:
    """Read the processor model from /proc/cpuinfo and the machine from DMI."""
    cpuinfo = read_cpuinfo(root)
    first = next(iter(cpuinfo.values()), {})
    parts = _arm_parts(cpuinfo)
    name = first.get("model name")
    if name is None and parts:
        name = " + ".join(part.name or f"part {part.part:#x}" for part in parts)
    vendor = first.get("vendor_id")
    if vendor is None and parts:
        vendor = _ARM_IMPLEMENTERS.get(parts[0].implementer, f"implementer {parts[0].implementer:#x}")
    return Cpu(
        architecture=_architecture(root, first),
        vendor=vendor,
        model_name=" ".join(name.split()) if name else None,
        family=_number(first.get("cpu family")),
        model=_number(first.get("model")),
        stepping=_number(first.get("stepping")),
        microcode=tuple(sorted({record["microcode"] for record in cpuinfo.values() if "microcode" in record})),
        flags=_common_flags(cpuinfo),
        arm_parts=parts,
        product=_product(root),
    )


def _architecture(root: Root, record: dict[str, str]) -> str | None:
    if root.is_live:
        return os.uname().machine
    stated = read_text(root, "/proc/sys/kernel/arch")
    if stated is not None:
        return stated
    if "CPU implementer" in record:
        return "aarch64" if record.get("CPU architecture") == "8" else "arm"
    if "flags" in record:
        return "x86_64" if "lm" in record["flags"].split() else "i686"
    return None


def _common_flags(cpuinfo: dict[int, dict[str, str]]) -> frozenset[str]:
    # Nearly always one text for all CPUs: splitting each would cost a millisecond for every 10 CPUs.
    texts = {record.get("flags", record.get("Features", "")) for record in cpuinfo.values()}
    return frozenset.intersection(*(frozenset(text.split()) for text in texts)) if texts else frozenset()


def _arm_parts(cpuinfo: dict[int, dict[str, str]]) -> tuple[ArmPart, ...]:
    cpus: dict[tuple[int, int], list[int]] = {}
    for cpu, record in cpuinfo.items():
        implementer, part = _number(record.get("CPU implementer")), _number(record.get("CPU part"))
        if implementer is not None and part is not None:
            cpus.setdefault((implementer, part), []).append(cpu)
    return tuple(ArmPart(*design, _ARM_PARTS.get(design), tuple(sorted(found))) for design, found in cpus.items())


def _number(text: str | None) -> int | None:
    try:
        return int(text, 0) if text is not None else None
    except ValueError:
        return None


def _product(root: Root) -> Product:
    def dmi(name: str) -> str | None:
        return read_text(root, f"/sys/class/dmi/id/{name}") or read_text(root, f"/sys/devices/virtual/dmi/id/{name}")

    board = " ".join(part for part in (dmi("board_vendor"), dmi("board_name")) if part)
    firmware = " ".join(part for part in (dmi("bios_vendor"), dmi("bios_version"), dmi("bios_date")) if part)
    return Product(dmi("sys_vendor"), dmi("product_name"), board or None, firmware or None)

"""Interrupts: who they belong to, where they are delivered, and how often they came.

Source: Documentation/core-api/irq/irq-affinity.rst, Documentation/ABI/testing/sysfs-kernel-irq.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.readings import read_cpulist, read_cpumask, read_text

if TYPE_CHECKING:
    from lltool.root import Root

# What /proc/interrupts prints between the chip and the action: "3-edge", "fasteoi", "27 Level".
_TRIGGER = re.compile(r"(?:\d+[-\s]+)?(?:IR-)?(?:edge|level|fasteoi|none)(?:-\w+)?(?=\s|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Interrupt:
    """One interrupt line. ``name`` lists its actions (drivers' handlers), comma-separated; empty: not in use.

    ``counts`` follow :attr:`Interrupts.cpus`. ``affinity`` is what was asked for, ``effective`` where the interrupt
    goes now; ``None`` where the file is missing. ``is_managed`` is true where the kernel lets nobody move it (mode
    0444, kernel 6.12 and later); older kernels only tell when a write fails, so false there means not known.
    """

    number: int
    name: str
    counts: tuple[int, ...]
    affinity: tuple[int, ...] | None
    effective: tuple[int, ...] | None
    is_managed: bool


@dataclass(frozen=True, slots=True)
class Interrupts:
    """All interrupts. ``cpus`` are the columns of every ``counts``.

    ``vectors`` are those without a line of their own (``LOC``, ``RES``, ``TLB`` ...): name to counts.
    """

    cpus: tuple[int, ...]
    lines: tuple[Interrupt, ...]
    vectors: dict[str, tuple[int, ...]]
    default_affinity: tuple[int, ...] | None


def read_interrupts(root: Root) -> Interrupts:
    """Read /proc/interrupts and /proc/irq; empty where they are missing."""
    text = root.read_or("/proc/interrupts") or ""
    cpus, rows = parse_interrupts(text)
    lines = []
    vectors = {}
    for label, counts, description in rows:
        if label.isdigit():
            lines.append(_interrupt(root, int(label), counts, description))
        else:
            vectors[label] = counts
    return Interrupts(cpus, tuple(lines), vectors, read_cpumask(root, "/proc/irq/default_smp_affinity"))


def parse_interrupts(text: str) -> tuple[tuple[int, ...], tuple[tuple[str, tuple[int, ...], str], ...]]:
    """Split /proc/interrupts into the CPUs of its columns and rows of label, counts and description.

    A row with fewer counts than columns (``ERR``) has its missing ones left out.
    """
    header, _, body = text.partition("\n")
    cpus = tuple(int(number) for number in re.findall(r"CPU(\d+)", header, re.ASCII))
    rows = []
    for line in body.splitlines():
        label, colon, rest = line.partition(":")
        if not colon or not label.strip().isascii():
            continue
        words = rest.split(maxsplit=len(cpus))
        counts: list[int] = []
        while words and len(counts) < len(cpus) and words[0].isascii() and words[0].isdigit():
            counts.append(int(words.pop(0)))
        # A chip's name with blanks around it keeps its columns: they separate the action.
        rows.append((label.strip(), tuple(counts), words[-1].strip() if len(words) == 1 else " ".join(words)))
    return cpus, tuple(rows)


def _interrupt(root: Root, number: int, counts: tuple[int, ...], description: str) -> Interrupt:
    directory = f"/proc/irq/{number}"
    actions = read_text(root, f"/sys/kernel/irq/{number}/actions")
    affinity_path = f"{directory}/smp_affinity_list"
    try:
        is_managed = not root.is_writable_by_mode(affinity_path)
    except OSError:
        is_managed = False
    return Interrupt(
        number=number,
        name=actions if actions is not None else _action(description),
        counts=counts,
        affinity=read_cpulist(root, affinity_path),
        effective=read_cpulist(root, f"{directory}/effective_affinity_list"),
        is_managed=is_managed,
    )


def _action(description: str) -> str:
    last = re.split(r"\s{2,}", description)[-1]
    match = _TRIGGER.match(last)
    return last[match.end() :].strip() if match else last if description != last else ""

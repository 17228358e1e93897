"""CPU lists (``0-3,8``) and CPU masks (``00000000,0000010f``), as the kernel writes and reads them.

Source: Documentation/admin-guide/kernel-parameters.rst, "cpu lists"; lib/bitmap-str.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_CPUS = 8192
"""No kernel configuration allows more (NR_CPUS); a larger number is a mistake, not a machine."""

_CHUNK_BITS = 32
_CHUNK_DIGITS = 8


def parse_cpulist(text: str) -> tuple[int, ...]:
    """Read a list such as ``0-3,8`` or ``0-31:2/8`` into ascending unique CPUs; empty text is no CPU.

    ``A-B:USED/GROUP`` takes the first USED CPUs of every GROUP. Raises ``ValueError`` that names the offending part.
    """
    cpus: set[int] = set()
    for part in text.split(","):
        item = part.strip()
        if item:
            cpus.update(_parse_item(item))
        elif text.strip():
            raise ValueError(f"CPU list {text.strip()!r} has an empty part")
    return tuple(sorted(cpus))


def _parse_item(item: str) -> Iterable[int]:
    span, has_stride, stride = item.partition(":")
    first_text, is_range, last_text = span.partition("-")
    first = _parse_number(first_text, item)
    if not is_range:
        if has_stride:
            raise ValueError(f"CPU list part {item!r} has a stride but no range")
        return (first,)
    last = _parse_number(last_text, item)
    if last < first:
        raise ValueError(f"CPU list part {item!r} runs backwards")
    if not has_stride:
        return range(first, last + 1)
    used_text, has_group, group_text = stride.partition("/")
    used, group = _parse_number(used_text, item), _parse_number(group_text, item) if has_group else 0
    if not 0 < used <= group:
        raise ValueError(f"CPU list part {item!r} needs a stride USED/GROUP with 0 < USED <= GROUP")
    return (cpu for cpu in range(first, last + 1) if (cpu - first) % group < used)


def _parse_number(text: str, item: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"CPU list part {item!r} is not a number or a range")
    # Length first: int() refuses absurdly long digit strings with a message of its own.
    if len(text.lstrip("0")) > len(str(MAX_CPUS)) or int(text) >= MAX_CPUS:
        raise ValueError(f"CPU list part {item!r} is beyond CPU {MAX_CPUS - 1}")
    return int(text)


def format_cpulist(cpus: Iterable[int]) -> str:
    """Write ``0-3,8`` for ``{0, 1, 2, 3, 8}``, empty text for no CPU. Raises ``ValueError`` for a negative one."""
    parts: list[str] = []
    ordered = sorted(set(cpus))
    if ordered and ordered[0] < 0:
        raise ValueError(f"CPU {ordered[0]} is negative")
    start = 0
    for index, cpu in enumerate(ordered):
        if index + 1 < len(ordered) and ordered[index + 1] == cpu + 1:
            continue
        first = ordered[start]
        parts.append(str(cpu) if first == cpu else f"{first}-{cpu}")
        start = index + 1
    return ",".join(parts)


def parse_cpumask(text: str) -> tuple[int, ...]:
    """Read a mask of comma-separated 32-bit hexadecimal words, lowest word last, into ascending CPUs.

    Raises ``ValueError`` that names the offending part.
    """
    mask = 0
    for part in text.strip().split(","):
        word = part.strip().lower().removeprefix("0x")
        if not word or len(word) > _CHUNK_DIGITS or any(digit not in "0123456789abcdef" for digit in word):
            raise ValueError(
                f"CPU mask {text.strip()!r}: part {part!r} is not up to {_CHUNK_DIGITS} hexadecimal digits"
            )
        mask = mask << _CHUNK_BITS | int(word, 16)
    if mask.bit_length() > MAX_CPUS:
        raise ValueError(f"CPU mask {text.strip()[:40]!r} is beyond CPU {MAX_CPUS - 1}")
    return tuple(cpu for cpu in range(mask.bit_length()) if mask >> cpu & 1)


def format_cpumask(cpus: Iterable[int], width: int | None = None) -> str:
    """Write the mask of ``cpus`` in the form the kernel prints for a machine with ``width`` possible CPUs.

    Without ``width`` the first word has no leading zeros. Raises ``ValueError`` for a CPU outside 0 .. width-1.
    """
    mask = 0
    for cpu in cpus:
        if cpu < 0 or (width is not None and cpu >= width):
            raise ValueError(
                f"CPU {cpu} does not fit into a mask of {width} CPUs" if cpu >= 0 else f"CPU {cpu} is negative"
            )
        mask |= 1 << cpu
    digits = f"{mask:x}" if width is None else f"{mask:0{max(1, -(-width // 4))}x}"
    words: list[str] = []
    while digits:
        words.append(digits[-_CHUNK_DIGITS:])
        digits = digits[:-_CHUNK_DIGITS]
    return ",".join(reversed(words))

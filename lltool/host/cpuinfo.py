"""The records of /proc/cpuinfo, one for each online CPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lltool.host.readings import fields

if TYPE_CHECKING:
    from lltool.root import Root


def read_cpuinfo(root: Root) -> dict[int, dict[str, str]]:
    """Read /proc/cpuinfo: CPU number to its fields, as the kernel names them; empty where there is no such file."""
    text = root.read_or("/proc/cpuinfo")
    if text is None:
        return {}
    records: dict[int, dict[str, str]] = {}
    for paragraph in text.split("\n\n"):
        record = fields(paragraph)
        number = record.get("processor", "")
        # Kernels for Arm before 3.8 end with a paragraph without a number: it describes the board.
        if number.isascii() and number.isdigit():
            records[int(number)] = record
    return records

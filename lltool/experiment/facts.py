"""Host and passport of a result as pairs of text. What a document lacks is left out: it may be of another lltool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lltool.bench.model import Result
from lltool.bench.passport_text import passport_rows

Pairs = tuple[tuple[str, str], ...]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return "" if value is None else str(value)


def _names(value: Any) -> str:
    return _plain([item.get("name") for item in value if isinstance(item, Mapping)]) if isinstance(value, list) else ""


def _gibibytes(value: Any) -> str:
    return f"{value / (1 << 30):.1f} GiB" if isinstance(value, int) else ""


_HOST = (
    ("Processor", "cpu.model_name", _plain),
    ("Machine", "cpu.product.name", _plain),
    ("Hypervisor", "hypervisor.evidence", _plain),
    ("Online CPUs", "topology.online", _plain),
    ("Offline CPUs", "topology.offline", _plain),
    ("L3 groups", "topology.l3_groups", _plain),
    ("CPUs isolated by the kernel", "topology.isolated", _plain),
    ("Core plan: housekeeping", "cores.housekeeping", _plain),
    ("Core plan: isolated", "cores.isolated", _plain),
    ("Core plan: interrupts", "cores.interrupt", _plain),
    ("Kernel", "kernel.release", _plain),
    ("Preemption", "kernel.preemption.current", _plain),
    ("Timer frequency (Hz)", "kernel.hz", _plain),
    ("Kernel command line", "kernel.cmdline", _plain),
    ("Clock source", "clock.clocksource", _plain),
    ("Memory", "memory.total_bytes", _gibibytes),
    ("Transparent huge pages", "memory.transparent.enabled", _plain),
    ("Network interfaces", "nics", _names),
    ("Other tuners", "tuners.found", _names),
    ("Effective user id", "privileges.euid", _plain),
    ("Capabilities", "privileges.capabilities", _plain),
    ("Container", "privileges.container", _plain),
)


def host_pairs(result: Result) -> Pairs:
    """What the host was, and which lltool measured it."""
    found = [(name, as_text(at(result.host, path))) for name, path, as_text in _HOST]
    return tuple((name, text) for name, text in (*found, ("Measured by", f"lltool {result.version}")) if text)


def passport_pairs(result: Result) -> Pairs:
    """What the clock was; the bare keys where the passport is not one that this lltool writes."""
    try:
        return tuple(passport_rows(result.passport))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return tuple((key.replace("_", " "), text) for key, value in result.passport.items() if (text := _plain(value)))


def side_by_side(before: Pairs, after: Pairs) -> Pairs:
    """The pairs of two results as one: values that differ name their arm."""
    old, new = dict(before), dict(after)
    names = dict.fromkeys([*old, *new])
    return tuple((name, _both(old.get(name, "not recorded"), new.get(name, "not recorded"))) for name in names)


def _both(old: str, new: str) -> str:
    return old if old == new else f"before: {old}; after: {new}"


def at(document: Any, path: str) -> Any:
    """The value at a dotted path in nested JSON objects; None where there is none."""
    for key in path.split("."):
        document = document.get(key) if isinstance(document, Mapping) else None
    return document

"""Which host, and which settings of it: what makes figures comparable, reduced to two short texts.

``host`` is what a reboot does not change: machine, processor, cores. ``settings`` is what tuning changes: kernel and
its command line, isolation, huge pages, interrupts' affinity. Counters and sizes that move by themselves are in
neither.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

HOST = (
    ("machine", ("cpu", "product", "name")),
    ("processor", ("cpu", "model_name")),
    ("microcode", ("cpu", "microcode")),
    ("online cores", ("topology", "online")),
    ("hypervisor", ("hypervisor", "name")),
)
SETTINGS = (
    ("kernel", ("kernel", "release")),
    ("kernel command line", ("kernel", "cmdline")),
    ("preemption", ("kernel", "preemption", "current")),
    ("isolated cores", ("topology", "isolated")),
    ("tickless cores", ("topology", "nohz_full")),
    ("clock source", ("clock", "clocksource")),
    ("transparent huge pages", ("memory", "transparent")),
    ("default interrupt affinity", ("interrupts", "default_affinity")),
)


def fingerprints(host: Mapping[str, Any]) -> dict[str, str]:
    """The fingerprints of a document of ``lltool host --json``: 12 hexadecimal digits each."""
    return {
        name: _digest([fact(host, path) for _, path in facts])
        for name, facts in (("host", HOST), ("settings", SETTINGS))
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each fact of either fingerprint that both documents tell and tell differently: name, before, after."""
    return [
        (name, old, new)
        for name, path in (*HOST, *SETTINGS)
        if (old := fact(before, path)) != (new := fact(after, path)) and old and new
    ]


def fact(document: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """The text at ``path`` of nested objects; empty where there is none."""
    found: Any = document
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping | list):
        return json.dumps(found, sort_keys=True)
    return "" if found is None else str(found)


def _digest(facts: list[str]) -> str:
    return hashlib.sha256(json.dumps(facts).encode("utf-8", errors="replace")).hexdigest()[:12]

"""The guest before and after: what of it may differ, and what may not."""

from __future__ import annotations

import re
from typing import Any

from tests.vm.guest import Guest

ISOLATED = "2-3"
_IRQ = re.compile(r"/proc/irq/\d+/smp_affinity_list")


def state(guest: Guest) -> dict[str, Any]:
    """Every file below /etc, the menu of GRUB, the command line, and every catalogued value (``state.py``)."""
    return guest.run("/opt/lltool/bin/python", "/opt/state.py").json()


def differences(after: dict[str, Any], before: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Files and values that differ, each with what it is and was.

    Interrupts that irqbalance, running again, moves every ten seconds do not count, nor do kernel threads that are
    there at one of the two times only.
    """
    flat_after, flat_before = _flat(after), _flat(before)
    pairs = {name: (flat_after.get(name), flat_before.get(name)) for name in flat_after | flat_before}
    return {
        name: pair
        for name, pair in pairs.items()
        if pair[0] != pair[1] and not _IRQ.fullmatch(name) and not (name.startswith("thread ") and None in pair)
    }


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    return {"command line": document["cmdline"]} | document["files"] | document["values"]


def verify(guest: Guest, profile: str, *, expect: int) -> dict[str, dict[str, str]]:
    """The findings of ``lltool verify`` by setting; its exit code must be ``expect``."""
    document = guest.lltool("verify", "-p", profile, "--cores", ISOLATED, "--json", expect=expect).json()
    return {each["setting"]: each for each in document["settings"]}

"""What this process may do on this host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lltool.host.cpulist import parse_cpulist
from lltool.host.readings import fields, read_text

if TYPE_CHECKING:
    from lltool.root import Root

# Bit numbers: include/uapi/linux/capability.h
CAPABILITIES = {"NET_ADMIN": 12, "IPC_LOCK": 14, "SYS_RAWIO": 17, "SYS_ADMIN": 21, "SYS_NICE": 23}
"""The capabilities that tuning and measuring need, with their bit numbers."""


@dataclass(frozen=True, slots=True)
class Privileges:
    """What this process may do; not a fact of a recorded tree.

    ``capabilities`` are those of :data:`CAPABILITIES` that are effective. ``allowed_cpus`` are the CPUs that it may
    run on. ``container`` says what hints at a container; ``None``: nothing does. The last two say whether a write
    could reach the kernel there at all.
    """

    euid: int
    capabilities: tuple[str, ...]
    allowed_cpus: tuple[int, ...]
    container: str | None
    is_proc_sys_writable: bool
    is_sys_writable: bool


def read_privileges(root: Root) -> Privileges | None:
    """Read the privileges of this process; ``None`` for a recorded tree, which says nothing about them."""
    if not root.is_live:
        return None
    status = fields(root.read_or("/proc/self/status") or "")
    return Privileges(
        euid=os.geteuid(),
        capabilities=_capabilities(status.get("CapEff", "0")),
        allowed_cpus=_cpus(status.get("Cpus_allowed_list", "")),
        container=_container(root),
        is_proc_sys_writable=_is_writable(root, "/proc/sys/vm/swappiness"),
        is_sys_writable=_is_writable(root, "/sys/kernel"),
    )


def _capabilities(text: str) -> tuple[str, ...]:
    try:
        mask = int(text, 16)
    except ValueError:
        return ()
    return tuple(name for name, bit in CAPABILITIES.items() if mask >> bit & 1)


def _cpus(text: str) -> tuple[int, ...]:
    try:
        return parse_cpulist(text)
    except ValueError:
        return ()


def _container(root: Root) -> str | None:
    for path in ("/.dockerenv", "/run/.containerenv", "/run/systemd/container"):
        if root.exists(path):
            return f"{path} exists"
    name = read_text(root, "/proc/1/environ") or ""
    for entry in name.split("\0"):
        if entry.startswith("container="):
            return f"process 1 has {entry}"
    # The initial user namespace maps all 2^32 - 1 ids.
    mapping = (read_text(root, "/proc/self/uid_map") or "").split()
    if mapping and mapping != ["0", "0", "4294967295"]:
        return "a user namespace of its own"
    return None


def _is_writable(root: Root, path: str) -> bool:
    # access(2) also says no where the mount is read-only, as in a container.
    return os.access(root.path(path), os.W_OK, effective_ids=True)

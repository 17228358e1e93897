"""One value from one kernel file; ``None`` where the file is missing, unreadable or holds something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lltool.host.cpulist import parse_cpulist, parse_cpumask

if TYPE_CHECKING:
    from lltool.root import Root


def read_names(root: Root, directory: str) -> list[str]:
    """List a directory, sorted; empty where it is missing or cannot be read."""
    try:
        return root.listdir(directory)
    except OSError:
        return []


# Kernel 5.15 appends a NUL byte to CPU lists and masks.
_PADDING = " \t\n\0"


def read_text(root: Root, path: str) -> str | None:
    """Read the text of a file without surrounding white space; empty counts as missing."""
    text = root.read_or(path)
    return (text.strip(_PADDING) or None) if text is not None else None


def read_int(root: Root, path: str) -> int | None:
    """Read a whole number in decimal."""
    text = read_text(root, path)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def read_cpulist(root: Root, path: str) -> tuple[int, ...] | None:
    """Read a CPU list; ``(null)``, which kernels print for a mask never allocated, is no CPU."""
    text = root.read_or(path)
    if text is None:
        return None
    text = text.strip(_PADDING)
    try:
        return () if text == "(null)" else parse_cpulist(text)
    except ValueError:
        return None


def read_cpumask(root: Root, path: str) -> tuple[int, ...] | None:
    """Read a CPU mask."""
    text = read_text(root, path)
    try:
        return parse_cpumask(text) if text is not None else None
    except ValueError:
        return None


def read_cpus(root: Root, mask: str, listed: str) -> tuple[int, ...] | None:
    """Read CPUs that the kernel states as mask and as list; the mask counts, as in hwloc and lscpu."""
    cpus = read_cpumask(root, mask)
    return read_cpulist(root, listed) if cpus is None else cpus


def bracketed(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Split ``always [madvise] never`` into the choice in brackets (or parentheses) and all choices."""
    chosen = None
    choices: list[str] = []
    for word in text.split():
        choice = word.strip("[]()")
        if word != choice:
            chosen = choice
        choices.append(choice)
    return chosen, tuple(choices)


def fields(text: str) -> dict[str, str]:
    """Split lines ``key: value`` into a dictionary; the first line of a key wins, other lines are left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found

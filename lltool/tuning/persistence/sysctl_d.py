"""Sysctls at boot: one file that systemd-sysctl (or procps) reads, late in its order; and who would override it."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lltool.root import Root
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.steps import line_steps
from lltool.tuning.step import Step

PATH = "/etc/sysctl.d/99-zz-lltool.conf"
_SETTING = "persist.sysctl"
_PROC_SYS = "/proc/sys/"
# sysctl.d(5): a file hides those of the same name in the directories after its own; then all go by name.
_DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_LAST_FOR_PROCPS = "/etc/sysctl.conf"


@dataclass(frozen=True, slots=True)
class Override:
    """A line of another file that sets a key after ours has been read. ``reader`` says by which program."""

    key: str
    ours: str
    theirs: str
    place: str
    reader: str

    def __str__(self) -> str:
        return f"{self.place} sets {self.key} to {self.theirs} after {PATH} has set it to {self.ours} ({self.reader})"


def sysctl_steps(observations: Sequence[Observation], root: Root) -> list[Step]:
    """Write the wanted value of every sysctl of this host into lltool's file."""
    lines: dict[str, str] = {}
    renews: list[str] = []
    for observation in _sysctls(observations):
        for state in observation.knobs:
            value = state.live if state.met and state.live is not None else state.wanted
            key = key_of(state.knob.path)
            lines[key] = f"{key} = {value}" if in_file(observation) else ""
        if in_file(observation):
            renews.append(observation.setting)
    return line_steps(_SETTING, root, PATH, lines, _key, renews=tuple(renews)) if lines else []


def in_file(observation: Observation) -> bool:
    """Whether lltool's file sets it at boot. What each boot wants anew is left to lltool's run in that boot."""
    return observation.entry.kind == "sysctl" and not observation.of_a_boot


def sysctl_reduction(settings: Collection[str], root: Root) -> list[Step]:
    """Take these settings out of lltool's file."""
    keys = (each.removeprefix("sysctl.") for each in settings if each.startswith("sysctl."))
    gone = {key_of(_PROC_SYS + key.replace(".", "/")): "" for key in keys}
    return line_steps(_SETTING, root, PATH, gone, _key)


def _key(line: str) -> str:
    return line.partition(" = ")[0]


def overrides(root: Root) -> list[Override]:
    """What other files would make of the keys in lltool's file at the next boot; nothing where it has no file."""
    ours = {key: value for _, key, value in _assignments(root, PATH)}
    if not ours:
        return []
    by_name = _files_by_name(root)
    later = [(path, "systemd-sysctl") for name, path in sorted(by_name.items()) if name > os.path.basename(PATH)]
    later.append((_LAST_FOR_PROCPS, "sysctl --system"))
    return [
        Override(key, value, theirs, f"{path}:{line}", reader)
        for path, reader in later
        for line, pattern, theirs in _assignments(root, path)
        for key, value in ours.items()
        if fnmatch.fnmatchcase(key, pattern) and theirs.split() != value.split()
    ]


def assignments_of_others(root: Root) -> Iterator[tuple[str, str, str]]:
    """Place, key (or pattern) and value of each assignment that another file than lltool's makes at boot."""
    paths = [path for _, path in sorted(_files_by_name(root).items()) if path != PATH]
    for path in (*paths, _LAST_FOR_PROCPS):
        for line, key, value in _assignments(root, path):
            yield f"{path}:{line}", key, value


def _files_by_name(root: Root) -> dict[str, str]:
    by_name: dict[str, str] = {}
    for directory in _DIRECTORIES:
        for name in root.listdir(directory):
            if name.endswith(".conf"):
                by_name.setdefault(name, f"{directory}/{name}")
    return by_name


def key_of(path: str) -> str:
    """The key of a file below /proc/sys; with slashes where one of its parts has a dot in it (``eth0.100``)."""
    key = path.removeprefix(_PROC_SYS)
    return key if "." in key else key.replace("/", ".")


def _sysctls(observations: Sequence[Observation]) -> list[Observation]:
    return [
        each
        for each in observations
        if each.entry.kind == "sysctl"
        and each.settled is None
        and not each.needs
        and not any(state.refusal for state in each.knobs)
    ]


def _assignments(root: Root, path: str) -> Iterator[tuple[int, str, str]]:
    """Line, key and value of each assignment in a file; a key may be a pattern."""
    for number, line in enumerate((root.read_or(path, "") or "").splitlines(), start=1):
        text = line.strip()
        key, separator, value = text.partition("=")
        if separator and not text.startswith(("#", ";")):
            yield number, _canonical(key.strip().removeprefix("-")), value.strip()


def _canonical(key: str) -> str:
    # sysctl.d(5): the first separator decides; after a slash, dots are part of the names.
    first = min((key.find(mark) for mark in "./" if mark in key), default=-1)
    if first >= 0 and key[first] == "/":
        return key_of(_PROC_SYS + key)
    return key

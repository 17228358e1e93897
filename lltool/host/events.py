"""What happened to this host that can undo a setting: from the kernel's log, package logs, files and processes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from lltool.host.kernel_log import read_messages
from lltool.host.readings import read_names

if TYPE_CHECKING:
    from lltool.host.tuners import Tuners
    from lltool.root import Root


class EventKind(StrEnum):
    """What kind of thing happened."""

    LINK = "link"
    RESET = "reset"
    SUSPEND = "suspend"
    HOTPLUG = "hotplug"
    PACKAGE = "package"
    FILE = "file"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when, in seconds since the epoch; ``subject`` is the interface, package or program."""

    seconds: float
    kind: EventKind
    subject: str
    text: str


_SUSPENDED = re.compile(r"Timekeeping suspended for (\d+\.\d+) seconds")
_OFFLINE = re.compile(r"CPU (\d+) is now offline")
_ONLINE = re.compile(r"Booting Node \d+ Processor (\d+)")
_LINK = re.compile(r"\blink(?: status)?(?: is| becomes| definitely)? (?:up|down|ready)\b", re.IGNORECASE)
_RESET = re.compile(
    r"\breset(?:ting|s)?\b|NETDEV WATCHDOG|\btimed out\b|\bhang\b|\brenamed from\b|\brecover(?:y|ed|ing)\b",
    re.IGNORECASE,
)
_DPKG_LOGS = ("/var/log/dpkg.log.1", "/var/log/dpkg.log")
_DPKG = re.compile(r"(\S+ \S+) (install|upgrade|remove) ([^:\s]+)\S* \S+ (\S+)")
_DNF_LOG = "/var/log/dnf.rpm.log"
_DNF = re.compile(r"(\S+) SUBDEBUG (Installed|Upgrade|Upgraded|Erase): (\S+)")
# Each directory of files that set what lltool sets: sysctl.d(5), udev(7), modprobe.d(5), tmpfiles.d(5).
_DIRECTORIES = (
    *("/etc/sysctl.d", "/run/sysctl.d", "/usr/lib/sysctl.d", "/usr/local/lib/sysctl.d"),
    *("/etc/udev/rules.d", "/etc/modprobe.d", "/etc/tmpfiles.d", "/etc/security/limits.d"),
)
_FILES = ("/etc/sysctl.conf", "/etc/security/limits.conf", "/etc/fstab")
_START_TIME = 19  # field 22 of /proc/PID/stat, counted from the state behind the name
_TICKS_PER_SECOND = 100  # USER_HZ: what the kernel shows to programs, on every architecture


def read_events(root: Root, since_seconds: float, interfaces: tuple[str, ...], tuners: Tuners) -> list[Event]:
    """What happened after a moment, oldest first; ``interfaces`` are those whose links and resets count."""
    events = [
        *_of_kernel(root, interfaces),
        *_of_packages(root),
        *_of_files(root),
        *_of_programs(root, tuners),
    ]
    return sorted((each for each in events if each.seconds > since_seconds), key=lambda each: each.seconds)


def _booted_seconds(root: Root) -> float:
    for line in (root.read_or("/proc/stat", "") or "").splitlines():
        if line.startswith("btime "):
            return float(line.split()[1])
    return 0.0


def _of_kernel(root: Root, interfaces: tuple[str, ...]) -> Iterator[Event]:
    # The log's clock stands still while the machine is suspended; the kernel says for how long that was.
    booted, suspended = _booted_seconds(root), 0.0
    name = re.compile(rf"\b({'|'.join(map(re.escape, interfaces))})\b") if interfaces else None
    for message in read_messages(root):
        if match := _SUSPENDED.search(message.text):
            suspended += float(match[1])
        seconds = booted + message.seconds + suspended
        if match:
            yield Event(seconds, EventKind.SUSPEND, "", f"woke after {match[1]} s of suspend")
        elif match := _OFFLINE.search(message.text):
            yield Event(seconds, EventKind.HOTPLUG, match[1], f"CPU {match[1]} went offline")
        elif match := _ONLINE.search(message.text):
            yield Event(seconds, EventKind.HOTPLUG, match[1], f"CPU {match[1]} came online")
        elif name is not None and (match := name.search(message.text)):
            kind = EventKind.LINK if _LINK.search(message.text) else EventKind.RESET
            if kind is EventKind.LINK or _RESET.search(message.text):
                yield Event(seconds, kind, match[1], message.text)


def _of_packages(root: Root) -> Iterator[Event]:
    for path in _DPKG_LOGS:
        for match in _DPKG.finditer(root.read_or(path, "") or ""):
            seconds = time.mktime(time.strptime(match[1], "%Y-%m-%d %H:%M:%S"))  # dpkg writes local time
            yield Event(seconds, EventKind.PACKAGE, match[3], f"package {match[3]}: {match[2]} ({match[4]})")
    for match in _DNF.finditer(root.read_or(_DNF_LOG, "") or ""):
        seconds = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S%z").timestamp()
        yield Event(seconds, EventKind.PACKAGE, match[3], f"package {match[3]}: {match[2].lower()}")


def _of_files(root: Root) -> Iterator[Event]:
    paths = [f"{directory}/{name}" for directory in _DIRECTORIES for name in read_names(root, directory)]
    for path in (*paths, *_FILES):
        try:
            seconds = root.modified_seconds(path)
        except OSError:
            continue
        yield Event(seconds, EventKind.FILE, path, f"{path} was written")


def _of_programs(root: Root, tuners: Tuners) -> Iterator[Event]:
    booted = _booted_seconds(root)
    for tuner in tuners.found:
        for pid in tuner.pids:
            words = (root.read_or(f"/proc/{pid}/stat", "") or "").rpartition(") ")[2].split()
            if len(words) > _START_TIME:
                seconds = booted + int(words[_START_TIME]) / _TICKS_PER_SECOND
                yield Event(seconds, EventKind.PROGRAM, tuner.name, f"{tuner.name} (process {pid}) started")

"""Other programs that change what lltool would change: each can undo it behind its back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lltool.host.readings import read_names, read_text

if TYPE_CHECKING:
    from lltool.root import Root

# Name of the unit (and of the process, where it stays running), and what it changes.
_KNOWN = {
    "tuned": "governor, sysctls, interrupt and task affinity, kernel command line",
    "irqbalance": "interrupt affinity",
    "cpupower": "frequency governor",
    "tlp": "frequency governor, energy preference, device power",
    "power-profiles-daemon": "energy preference, platform profile",
    "auto-cpufreq": "frequency governor, turbo",
    "ksmtuned": "memory merging (KSM)",
    "numad": "task and memory placement",
    "stalld": "scheduling of starved tasks on isolated cores",
}
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_COMM_LENGTH = 15  # TASK_COMM_LEN without its final NUL


class TunerState(StrEnum):
    """How far a tuner is at work."""

    RUNNING = "running"
    ENABLED = "enabled"
    INSTALLED = "installed"
    MASKED = "masked"


@dataclass(frozen=True, slots=True)
class Tuner:
    """One other tuner. ``pids`` are its processes; ``changes`` says what it touches.

    ``enabled`` means that systemd starts it at boot; a tuner that sets values once has then no process.
    """

    name: str
    state: TunerState
    pids: tuple[int, ...]
    changes: str


@dataclass(frozen=True, slots=True)
class Tuners:
    """The tuners found; ``has_processes`` is false for a recorded tree without processes: running is then not known."""

    found: tuple[Tuner, ...]
    has_processes: bool


def read_tuners(root: Root) -> Tuners:
    """Look for other tuners among the processes and the units of systemd."""
    processes = {entry: root.read_or(f"/proc/{entry}/comm") for entry in read_names(root, "/proc") if entry.isdigit()}
    pids: dict[str, list[int]] = {}
    for entry, command in processes.items():
        if command is not None:
            pids.setdefault(command, []).append(int(entry))
    wanted = _started_at_boot(root)
    found = []
    for name, changes in _KNOWN.items():
        running = tuple(sorted(pids.get(name[:_COMM_LENGTH], ())))
        state = TunerState.RUNNING if running else _unit_state(root, f"{name}.service", wanted)
        if state is not None:
            found.append(Tuner(name, state, running, changes))
    return Tuners(tuple(found), has_processes=bool(processes))


def _started_at_boot(root: Root) -> set[str]:
    # Links: in a recorded tree they point nowhere, so their names are what counts.
    directory = "/etc/systemd/system"
    return {
        unit
        for entry in read_names(root, directory)
        if entry.endswith((".wants", ".requires"))
        for unit in read_names(root, f"{directory}/{entry}")
    }


def _unit_state(root: Root, unit: str, wanted: set[str]) -> TunerState | None:
    try:
        is_masked = root.readlink(f"/etc/systemd/system/{unit}") == "/dev/null"
    except OSError:
        is_masked = False
    if is_masked:
        return TunerState.MASKED
    if not any(read_text(root, f"{directory}/{unit}") is not None for directory in _UNIT_DIRECTORIES):
        return None
    return TunerState.ENABLED if unit in wanted else TunerState.INSTALLED

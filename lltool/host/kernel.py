"""The kernel: its release, the build options that decide what can be tuned, and its command line."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lltool.host.readings import bracketed, read_cpulist, read_text

if TYPE_CHECKING:
    from lltool.root import Root

OPTIONS = (
    "NO_HZ_FULL",
    "RCU_NOCB_CPU",
    "CPU_ISOLATION",
    "PREEMPT_DYNAMIC",
    "PREEMPT_RT",
    "RT_GROUP_SCHED",
)
"""Build options that matter here, without their prefix ``CONFIG_``."""

# The choice of CONFIG_PREEMPT_*; before 6.12 PREEMPT is also set beside PREEMPT_RT, so it comes last.
_MODELS = {
    "PREEMPT_RT": "rt",
    "PREEMPT_LAZY": "lazy",
    "PREEMPT_NONE": "none",
    "PREEMPT_VOLUNTARY": "voluntary",
    "PREEMPT": "full",
}


class Answer(StrEnum):
    """Whether a kernel was built with an option."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Option:
    """One build option, and the file that tells."""

    name: str
    answer: Answer
    source: str


@dataclass(frozen=True, slots=True)
class Preemption:
    """How the kernel preempts itself.

    ``built`` is the model that it was built with and ``current`` the one in force: ``none``, ``voluntary``,
    ``full``, ``lazy`` or ``rt``; ``None`` where it is not known. ``source`` says what told about ``current``.
    """

    built: str | None
    current: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Kernel:
    """The running kernel. ``isolated`` and ``nohz_full`` are what the kernel confirms, whatever ``cmdline`` says.

    They are ``None`` where the kernel has no such file.
    """

    release: str | None
    version: str | None
    options: tuple[Option, ...]
    hz: int | None
    preemption: Preemption
    cmdline: str | None
    isolated: tuple[int, ...] | None
    nohz_full: tuple[int, ...] | None

    def option(self, name: str) -> Option:
        """Return one of :data:`OPTIONS`; raises ``KeyError`` for another name."""
        for option in self.options:
            if option.name == name:
                return option
        raise KeyError(name)


def read_kernel(root: Root) -> Kernel:
    """Read what the kernel is; options come from its configuration, or from files that only exist with them."""
    release, version = _release_and_version(root)
    config, source = _config(root, release)
    options = tuple(_option(root, name, config, source, version) for name in OPTIONS)
    hz = config.get("HZ", "")
    return Kernel(
        release=release,
        version=version,
        options=options,
        hz=int(hz) if hz.isascii() and hz.isdigit() else None,
        preemption=_preemption(root, config, options, version),
        cmdline=root.read_or("/proc/cmdline"),
        isolated=read_cpulist(root, "/sys/devices/system/cpu/isolated"),
        nohz_full=read_cpulist(root, "/sys/devices/system/cpu/nohz_full"),
    )


def _release_and_version(root: Root) -> tuple[str | None, str | None]:
    banner = re.match(r"Linux version (\S+) .*?(#\d.*)", root.read_or("/proc/version") or "", re.DOTALL)
    release, version = (banner[1], banner[2].strip()) if banner else (None, None)
    return (
        read_text(root, "/proc/sys/kernel/osrelease") or release,
        read_text(root, "/proc/sys/kernel/version") or version,
    )


def _config(root: Root, release: str | None) -> tuple[dict[str, str], str]:
    packed = "/proc/config.gz"
    try:
        with gzip.open(root.path(packed), "rt", encoding="utf-8", errors="replace") as file:
            config = _parse_config(file.read())
    except (OSError, EOFError, zlib.error):  # missing, unreadable or garbled: the next place may do better
        config = {}
    if config:
        return config, packed
    for path in (f"/boot/config-{release}", f"/lib/modules/{release}/config", f"/usr/lib/modules/{release}/config"):
        config = _parse_config(root.read_or(path) or "") if release is not None else {}
        if config:
            return config, path
    return {}, "no kernel configuration is readable (/proc/config.gz, /boot/config-RELEASE)"


def _parse_config(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^CONFIG_(\w+)=(.*)$", text))


def _option(root: Root, name: str, config: dict[str, str], source: str, version: str | None) -> Option:
    if config:
        return Option(name, _answer(config.get(name) == "y"), source)
    if name == "NO_HZ_FULL":
        # Both files came with kernel 4.0, and only the second depends on the option.
        isolated, nohz_full = (f"/sys/devices/system/cpu/{file}" for file in ("isolated", "nohz_full"))
        if root.exists(nohz_full):
            return Option(name, Answer.YES, f"{nohz_full} exists")
        # A recording may have left it out: absence counts on the running system only.
        if root.is_live and root.exists(isolated):
            return Option(name, Answer.NO, f"{isolated} exists and {nohz_full} does not")
    if name == "PREEMPT_RT" and read_text(root, "/sys/kernel/realtime") == "1":
        return Option(name, Answer.YES, "/sys/kernel/realtime is 1")
    if name in {"PREEMPT_RT", "PREEMPT_DYNAMIC"} and version is not None:
        return Option(name, _answer(name in re.split(r"[\s,()]+", version)), "the kernel's version text")
    return Option(name, Answer.UNKNOWN, source)


def _answer(condition: bool) -> Answer:
    return Answer.YES if condition else Answer.NO


def _model_by_name(version: str | None, answers: dict[str, Answer]) -> str | None:
    if answers["PREEMPT_RT"] is Answer.YES:
        return "rt"
    # Only these models show in the version text: without a word it is none or voluntary.
    words = (version or "").split()
    return "full" if "PREEMPT" in words else "lazy" if "PREEMPT_LAZY" in words else None


def _preemption(root: Root, config: dict[str, str], options: tuple[Option, ...], version: str | None) -> Preemption:
    answers = {option.name: option.answer for option in options}
    built = next((model for option, model in _MODELS.items() if config.get(option) == "y"), None)
    if built is None:
        built = _model_by_name(version, answers)
    live = read_text(root, "/sys/kernel/debug/sched/preempt")
    current = bracketed(live)[0] if live is not None else None
    if current is not None:
        return Preemption(built, current, "/sys/kernel/debug/sched/preempt")
    if answers["PREEMPT_DYNAMIC"] is Answer.YES and built != "rt":
        asked = re.findall(r"(?:^|\s)preempt=(\S+)", root.read_or("/proc/cmdline") or "")
        if asked:
            return Preemption(built, asked[-1], "preempt= on the kernel command line")
        hidden = "/sys/kernel/debug/sched/preempt is not readable"
        return Preemption(built, built, f"the default of its build; {hidden}" if built else f"chosen at boot; {hidden}")
    return Preemption(built, built, "fixed at build time" if built else "no kernel configuration is readable")

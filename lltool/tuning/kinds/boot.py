"""Parameters of the kernel command line: read from what the kernel made of them, changed by a reboot only."""

from __future__ import annotations

import re
from functools import cache

from lltool.host.cpulist import format_cpulist, parse_cpulist
from lltool.host.kernel import Answer
from lltool.host.readings import read_cpulist
from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.values import Wish, normalised

_CMDLINE = "/proc/cmdline"
ABSENT = "(absent)"
ON = "on"
"""The value of a parameter that is a word alone, such as ``nowatchdog``."""
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')  # a quoted part may hold spaces


class BootParameter(Kind):
    """The entry's ``parameter``.

    Where the kernel says itself which CPUs it gave the role (``cpus_file``), that is compared and the text of the
    command line is not: a kernel without the feature keeps the text and ignores it.
    """

    runtime = False
    verified = "by what the kernel made of it where it says so (sysfs), else by the running command line"
    undone = "lltool's own argument is taken out of the boot loader; the next boot is without it"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        options = dict(entry.options)
        required = options.get("requires")
        if required is not None and host.facts.kernel.option(required).answer is Answer.NO:
            raise NotApplicable(f"this kernel was built without CONFIG_{required}")
        for confirming in ("cpus_file", "implied_by_file"):
            path = options.get(confirming)
            # What implies the parameter settles it only where it is in force: else the parameter itself counts.
            if (
                path is not None
                and host.root.exists(path)
                and (confirming == "cpus_file" or read_cpulist(host.root, path))
            ):
                return [Knob(path)]
        return [Knob(_CMDLINE, entry.option("parameter"))]

    def read(self, root: Root, knob: Knob) -> str:
        if knob.part:
            return parameter(root.read(knob.path), knob.part) or ON
        text = root.read(knob.path).strip()
        # nohz_full reads "(null)" where the kernel has the feature and no CPU was given to it.
        return ABSENT if text in {"", "(null)"} else format_cpulist(parse_cpulist(text))

    def cpus(self, entry: Entry, wish: Wish) -> tuple[int, ...]:
        return cpus_in(wish.text) if entry.value.type in {"cpus", "flags_cpus"} else ()

    def met(self, entry: Entry, wish: Wish, live: str) -> bool:
        if entry.value.type not in {"cpus", "flags_cpus"} or live in {ABSENT, ON}:
            return normalised(live) == wish.text
        return set(cpus_in(live)) == set(cpus_in(wish.text))


def argument(entry: Entry, text: str) -> str:
    """What stands on the kernel command line for a wished value: ``isolcpus=domain,2-5``, ``nowatchdog``."""
    options = dict(entry.options)
    if "argument" in options:
        return str(options["argument"]).format(value=text)
    return str(options["parameter"]) if options.get("flag") else f"{options['parameter']}={text}"


def parameter(command_line: str, name: str) -> str:
    """The value of the last ``name=value`` on a kernel command line; :data:`ABSENT` where there is none."""
    return _parameters(command_line).get(name.replace("-", "_"), ABSENT)


@cache
def _parameters(command_line: str) -> dict[str, str]:
    words = (word.strip('"').partition("=") for word in _WORD.findall(command_line))
    return {key.replace("-", "_"): value.strip('"') for key, _, value in words}


def cpus_in(value: str) -> tuple[int, ...]:
    """The CPUs of a value such as ``managed_irq,domain,2-5``: flags come first, CPUs after them."""
    words = value.split(",")
    return parse_cpulist(",".join(word for word in words if word[:1].isdigit()))

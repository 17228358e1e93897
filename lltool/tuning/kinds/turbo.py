"""Frequencies above the nominal one, under whichever name the driver gives them."""

from __future__ import annotations

import errno

from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable

_NO_TURBO = "/sys/devices/system/cpu/intel_pstate/no_turbo"
_BOOST = "/sys/devices/system/cpu/cpufreq/boost"
_POLICY_BOOST = "/sys/devices/system/cpu/cpufreq/policy*/boost"
_WORDS = {"0": "off", "1": "on"}
_INVERTED = {"0": "on", "1": "off"}


class Turbo(Kind):
    """``intel_pstate/no_turbo`` (inverted), else ``cpufreq/boost``, else the ``boost`` of every policy (6.11)."""

    verified = "the file is read back as on or off, whichever way round the driver counts"
    undone = "the old state is written back, before the governor that could reset it"

    def knobs(self, entry: Entry, setting: str, host: TunedHost) -> list[Knob]:
        for path in (_NO_TURBO, _BOOST):
            if host.root.exists(path):
                return [Knob(path)]
        policies = host.root.glob(_POLICY_BOOST)
        if not policies:
            raise NotApplicable(str(entry.option("missing")))
        return [Knob(path) for path in policies]

    def read(self, root: Root, knob: Knob) -> str:
        text = super().read(root, knob)
        words = _INVERTED if knob.path == _NO_TURBO else _WORDS
        if text not in words:
            raise ValueError(f"{text!r} is neither 0 nor 1")
        return words[text]

    def write(self, root: Root, knob: Knob, text: str) -> None:
        on, off = ("0", "1") if knob.path == _NO_TURBO else ("1", "0")
        root.write(knob.path, on if text == "on" else off)

    def refused(self, error: OSError) -> str:
        if error.errno == errno.EPERM:
            return "turbo is switched off in the firmware, or writing needs root"
        return super().refused(error)

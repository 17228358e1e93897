"""Files whose neighbour lists the values that this machine offers: governors, energy preferences, clock sources."""

from __future__ import annotations

from lltool.root import Root
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds.base import Kind, Knob

_OFFERS = {
    "scaling_governor": "scaling_available_governors",
    "energy_performance_preference": "energy_performance_available_preferences",
    "current_clocksource": "available_clocksource",
}


class Listed(Kind):
    """One file, and beside it the file that lists the choices."""

    verified = "the file is read back; what the neighbouring file does not offer is refused without a write"

    def refusal(self, knob: Knob, wanted: str, live: str, host: TunedHost) -> str:
        offered = _offered(host.root, knob)
        if offered is None or wanted in offered.split():
            return ""
        return f"only {offered} is offered here"


def _offered(root: Root, knob: Knob) -> str | None:
    directory, _, name = knob.path.rpartition("/")
    return root.read_or(f"{directory}/{_OFFERS[name]}")

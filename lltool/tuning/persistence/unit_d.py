"""Properties of units: a drop-in beside each unit, which systemd reads at once and at every boot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lltool.root import Root
from lltool.tuning.catalogue import Entry
from lltool.tuning.kinds.unit_property import NICE, drop_in, unit_of
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.steps import line_steps, refreshed
from lltool.tuning.step import Step

_SETTING = "persist.unit_properties"


def unit_property_steps(observations: Sequence[Observation], root: Root) -> list[Step]:
    """Write the wanted properties into a drop-in of each unit."""
    lines: dict[str, dict[str, str]] = {}
    for observation in observations:
        if observation.entry.kind == "unit_property":
            knob = observation.knobs[0].knob
            lines.setdefault(unit_of(knob), {})[knob.part] = f"{knob.part}={_written(knob.part, observation.wanted)}"
    return _steps(lines, root)


def unit_property_reduction(settings: Mapping[str, Entry], root: Root) -> list[Step]:
    """Take these settings out of the drop-ins of their units."""
    lines: dict[str, dict[str, str]] = {}
    for setting, entry in settings.items():
        if entry.kind == "unit_property":
            lines.setdefault(entry.device_in(setting), {})[str(entry.option("property"))] = ""
    return _steps(lines, root)


def _steps(lines: Mapping[str, Mapping[str, str]], root: Root) -> list[Step]:
    files = [
        step
        for unit, of_unit in lines.items()
        for step in line_steps(_SETTING, root, drop_in(unit), of_unit, _key, heading=f"[{_section(unit)}]")
    ]
    return refreshed(_SETTING, "systemctl daemon-reload", files)


def _key(line: str) -> str:
    return line.partition("=")[0]


def _section(unit: str) -> str:
    return unit.rpartition(".")[2].capitalize()


def _written(name: str, value: str) -> str:
    # Without a sign systemd takes it for the raw limit.
    return f"{int(value):+d}" if name == NICE else value

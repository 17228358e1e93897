"""What a transaction writes under one setting's name: knobs of one kind, each with its value before and after."""

from __future__ import annotations

from dataclasses import dataclass

from lltool.tuning.kinds import KINDS
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.observation import Observation


@dataclass(frozen=True, slots=True)
class Write:
    """One knob: what it holds and what it is to hold."""

    knob: Knob
    before: str
    wanted: str


@dataclass(frozen=True, slots=True)
class Step:
    """Writes that are announced by one record of the journal.

    ``renews`` names the settings whose values this step writes into a file that sets them at every boot;
    ``renewed`` says that another step of the same transaction does so for this one.
    """

    setting: str
    kind_name: str
    writes: tuple[Write, ...]
    renewed: bool = False
    renews: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        """The code for this kind."""
        return KINDS[self.kind_name]


def step_of(observation: Observation, *, renewed: bool = False) -> Step:
    """The step that brings a setting to what its profile wants."""
    writes = tuple(Write(state.knob, state.live or "", state.wanted) for state in observation.to_write)
    return Step(observation.setting, observation.entry.kind, writes, renewed)

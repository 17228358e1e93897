"""What is wrong with a profile on this host although it is valid: settings that do nothing, lose, or will not last."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lltool.host.tuners import TunerState
from lltool.root import Root
from lltool.tuning.kinds.places import NotApplicable, devices_of
from lltool.tuning.model import Verdict
from lltool.tuning.observation import Observation
from lltool.tuning.other_tuners import OTHER_TUNERS
from lltool.tuning.persistence.sysctl_d import assignments_of_others
from lltool.tuning.plan import Target, shrinks


@dataclass(frozen=True, slots=True)
class Lint:
    """One remark on one setting."""

    setting: str
    text: str


def lint(target: Target) -> list[Lint]:
    """Remark on the selected settings of a profile, in the order in which they would be applied."""
    observations = target.observe()
    named = {entry.id for setting in target.profile.settings if (entry := target.catalogue.find(setting)) is not None}
    remarks = [
        Lint(observation.setting, text)
        for observation in observations
        for check in _CHECKS
        for text in check(observation, target, named)
    ]
    remarks += _other_tuners(target, named)
    remarks += _other_files(observations, target.host.root)
    return remarks


def _does_nothing(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    if observation.settled is Verdict.NO_EFFECT:
        yield f"does nothing: {observation.reason}"
    elif observation.settled is Verdict.NOT_APPLICABLE and observation.entry.id.startswith(("sysctl.", "boot.")):
        yield f"does nothing on this host: {observation.reason}"


def _loses(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    if observation.entry.capacity and any(shrinks(state.live or "", state.wanted) for state in observation.to_write):
        yield f"shrinks what this host has ({observation.live}); write >= in front of the value to only raise it"


def _is_best_left(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    if observation.entry.leave:
        yield f"is best left alone: {observation.entry.leave}"


def _contradicts(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    for other in observation.entry.conflicts:
        if other in named:
            yield f"cannot be combined with {other}"


def _is_implied(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    implying = [other for other in observation.entry.implied_by if other in named]
    if implying and observation.entry.kind == "boot":
        yield f"is brought about by {' and '.join(implying)} already"


def _cuts_a_link(observation: Observation, target: Target, named: set[str]) -> Iterator[str]:
    if observation.entry.disrupts != "link" or all(state.met for state in observation.knobs):
        return
    try:
        devices = devices_of(observation.entry, observation.setting, target.host)
    except NotApplicable:
        return
    live = [nic.name for nic in target.host.facts.nics if nic.name in devices and nic.is_up]
    if live:
        yield f"can reset a link that is up: {', '.join(live)}"


_CHECKS: tuple[Callable[[Observation, Target, set[str]], Iterator[str]], ...] = (
    _does_nothing,
    _loses,
    _is_best_left,
    _contradicts,
    _is_implied,
    _cuts_a_link,
)


def _other_tuners(target: Target, named: set[str]) -> Iterator[Lint]:
    for tuner in target.host.facts.tuners.found:
        stopped_by, patterns = OTHER_TUNERS.get(tuner.name, ("", ()))
        if stopped_by in named or tuner.state not in {TunerState.RUNNING, TunerState.ENABLED}:
            continue
        changed = [each for each in target.selected if any(fnmatch.fnmatchcase(each, pattern) for pattern in patterns)]
        if changed:
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            yield Lint(changed[0], f"{tuner.name} is {tuner.state} and changes this{more}: add {stopped_by} = masked")


def _other_files(observations: list[Observation], root: Root) -> Iterator[Lint]:
    wanted = {
        observation.setting.removeprefix("sysctl."): observation
        for observation in observations
        if observation.setting.startswith("sysctl.") and observation.settled is None
    }
    for place, pattern, value in assignments_of_others(root):
        for key in fnmatch.filter(wanted, pattern):
            observation = wanted[key]
            states = observation.knobs
            if states and states[0].live is not None and value.split() != states[0].wanted.split():
                yield Lint(
                    observation.setting, f"{place} sets it to {value} at boot, the profile to {states[0].wanted}"
                )

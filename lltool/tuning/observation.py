"""A profile's wishes beside what is in force: the common ground of plan, verify and tune."""

from __future__ import annotations

import errno
import fnmatch
import graphlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

from lltool.host.cpulist import format_cpulist
from lltool.root import Root
from lltool.tuning import facts
from lltool.tuning.catalogue import Catalogue, Entry
from lltool.tuning.host import TunedHost
from lltool.tuning.kinds import KINDS
from lltool.tuning.kinds.base import Kind, Knob
from lltool.tuning.kinds.places import NotApplicable
from lltool.tuning.model import Verdict
from lltool.tuning.profile import Profile
from lltool.tuning.values import Wish, in_one_line


@dataclass(frozen=True, slots=True)
class KnobState:
    """One knob: its live value, what would be written, and what is known against writing it.

    ``live`` is None where it cannot be read; ``refusal`` then says why. Of a met wish, ``shortfall`` says why it is in
    force only in part, ``remark`` what is still to happen, and ``evidence`` would tell whether it did.
    """

    knob: Knob
    live: str | None
    wanted: str
    met: bool
    refusal: str = ""
    shortfall: str = ""
    remark: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One setting of a profile on this host.

    ``settled`` is the verdict that needs no comparison (not applicable, no effect, or a value that this host cannot
    have), with its ``reason``; None where ``knobs`` decide. ``needs`` is the disruption that nobody allowed: the
    setting is then left as it is. ``of_a_boot``: the next boot may want another value.
    """

    setting: str
    entry: Entry
    wanted: str
    knobs: tuple[KnobState, ...] = ()
    settled: Verdict | None = None
    reason: str = ""
    needs: str = ""
    of_a_boot: bool = False

    @property
    def kind(self) -> Kind:
        """The code for this setting's kind."""
        return KINDS[self.entry.kind]

    @property
    def live(self) -> str:
        """The live values in one line."""
        return in_one_line("unreadable" if state.live is None else state.live for state in self.knobs)

    @property
    def to_write(self) -> tuple[KnobState, ...]:
        """The knobs that differ from the wish and may be written."""
        if self.settled is not None or self.needs or not self.kind.runtime:
            return ()
        return tuple(state for state in self.knobs if not state.met and state.live is not None and not state.refusal)


def observe(
    profile: Profile, catalogue: Catalogue, host: TunedHost, selected: Sequence[str], allowed: frozenset[str]
) -> list[Observation]:
    """Compare the selected settings of a profile with the host, in the order in which they would be applied.

    ``allowed`` are the disruptions that may happen.
    """
    return [_observe_one(setting, profile.settings[setting], catalogue, host, allowed) for setting in selected]


def select(profile: Profile, catalogue: Catalogue, only: Sequence[str], skip: Sequence[str]) -> list[str]:
    """The settings of a profile that match ``only`` (all if empty) and not ``skip``, each after those it depends on."""
    chosen = [
        setting for setting in profile.settings if (not only or _matches(setting, only)) and not _matches(setting, skip)
    ]
    of_entry: dict[str, list[str]] = {}
    for setting in chosen:
        entry = catalogue.find(setting)
        of_entry.setdefault(setting if entry is None else entry.id, []).append(setting)
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for setting in chosen:
        entry = catalogue.find(setting)
        after = entry.after if entry is not None else ()
        sorter.add(setting, *(other for required in after for other in of_entry.get(required, ())))
    return list(sorter.static_order())


def unmatched(profile: Profile, patterns: Sequence[str]) -> list[str]:
    """The patterns that match no setting of the profile."""
    return [pattern for pattern in patterns if not any(_matches(setting, [pattern]) for setting in profile.settings)]


def _matches(setting: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(setting, pattern) for pattern in patterns)


def _observe_one(
    setting: str, value: str, catalogue: Catalogue, host: TunedHost, allowed: frozenset[str]
) -> Observation:
    entry = catalogue.find(setting)
    if entry is None:
        raise KeyError(setting)
    try:
        wish = entry.value.parse(facts.fill(value, host))
    except (facts.NoSuchFact, ValueError) as error:
        return Observation(setting, entry, value, settled=Verdict.NOT_APPLICABLE, reason=str(error))
    kind = KINDS[entry.kind]
    absent = set(kind.cpus(entry, wish)) - set(host.facts.topology.present)
    if absent:
        reason = f"cores {format_cpulist(absent)} are not on this host ({format_cpulist(host.facts.topology.present)})"
        return Observation(setting, entry, str(wish), settled=Verdict.NOT_APPLICABLE, reason=reason)
    try:
        knobs = kind.knobs(entry, setting, host)
    except NotApplicable as reason:
        return Observation(setting, entry, str(wish), settled=Verdict.NOT_APPLICABLE, reason=str(reason))
    states = tuple(_state(kind, entry, knob, wish, host) for knob in knobs)
    if entry.no_effect:
        return Observation(setting, entry, str(wish), states, Verdict.NO_EFFECT, entry.no_effect)
    needs = "" if entry.disrupts in allowed else entry.disrupts
    return Observation(setting, entry, str(wish), states, needs=needs, of_a_boot=facts.is_of_a_boot(value))


def _state(kind: Kind, entry: Entry, knob: Knob, wish: Wish, host: TunedHost) -> KnobState:
    try:
        live = kind.read(host.root, knob)
    except (OSError, ValueError) as error:
        return KnobState(knob, None, str(wish), met=False, refusal=read_failure(error))
    if kind.met(entry, wish, live):
        shortfall, remark = kind.shortfall(host.root, knob, wish), kind.remark(host.root, knob, wish)
        evidence = kind.evidence(host.root, knob, wish.text)
        return KnobState(knob, live, wish.text, met=True, shortfall=shortfall, remark=remark, evidence=evidence)
    wanted = kind.text_for(wish, live)
    refusal = kind.refusal(knob, wanted, live, host) if kind.runtime else ""
    return KnobState(knob, live, wanted, met=False, refusal=refusal)


def read_failure(error: OSError | ValueError) -> str:
    """Why a value could not be read, with the privilege that is missing."""
    if isinstance(error, ValueError):
        return f"the kernel's text is not understood: {error}"
    if error.errno in {errno.EACCES, errno.EPERM}:
        return "reading it needs root"
    return os.strerror(error.errno or 0).lower()


def snapshot(catalogue: Catalogue, host: TunedHost, settings: Sequence[str]) -> dict[Knob, str]:
    """The live value of every knob of these settings that can be read; what proves that a host was restored."""
    values: dict[Knob, str] = {}
    for setting in settings:
        entry = catalogue.find(setting)
        if entry is None:
            continue
        kind = KINDS[entry.kind]
        try:
            knobs = kind.knobs(entry, setting, host)
        except NotApplicable:
            continue
        values |= _readable(kind, knobs, host.root)
    return values


def _readable(kind: Kind, knobs: Sequence[Knob], root: Root) -> dict[Knob, str]:
    values: dict[Knob, str] = {}
    for knob in knobs:
        try:
            values[knob] = kind.read(root, knob)
        except (OSError, ValueError):
            continue
    return values

"""Settings that an event undid, set again: what a timer may do where its operator gave permission.

Set again is what lltool had set and what a link, a driver's reset, a suspend, a CPU's return or a package has undone
since. Left alone is what nothing is known to have undone, because somebody may have meant it; what another tuner or a
file changed, because they would change it again; and whatever disrupts, a link above all, whatever the profile allows.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lltool.host.events import Event, EventKind
from lltool.tuning.apply import apply
from lltool.tuning.catalogue import DISRUPTIONS
from lltool.tuning.changing import changing, judged
from lltool.tuning.drift import DriftHistory, histories
from lltool.tuning.held import read_held, record_held
from lltool.tuning.model import Finding, Verdict
from lltool.tuning.observation import Observation
from lltool.tuning.plan import Target
from lltool.tuning.rollback import changes_in_force
from lltool.tuning.store import Store
from lltool.tuning.transaction import Change

UNDOING = frozenset({EventKind.LINK, EventKind.RESET, EventKind.SUSPEND, EventKind.HOTPLUG, EventKind.PACKAGE})


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about one setting that drifted, and why."""

    setting: str
    reapply: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What was done about each setting that had drifted, and the verdict on every setting afterwards."""

    decisions: tuple[Decision, ...]
    findings: list[Finding]
    notes: tuple[str, ...] = ()


def reapply(wanted: Target, store: Store) -> Reapplied:
    """Set again what an event undid, in one transaction of its own.

    Raises what :func:`changing` and :func:`apply` raise; a write that fails leaves everything as it was found.
    """
    root = wanted.host.root
    with changing(store, root):
        observed, findings = judged(wanted, store)
        known = histories(findings, read_held(store, root), wanted.host)
        decisions = decide(observed, findings, changes_in_force(store, root), known)
        chosen = {each.setting for each in decisions if each.reapply}
        if chosen:
            again = replace(wanted, selected=tuple(name for name in wanted.selected if name in chosen))
            apply(again.observe(), root, store, wanted.profile.name, keep_going=False)
            _, findings = judged(wanted, store)
        untold = record_held(store, root, findings, time.time())
    return Reapplied(tuple(decisions), findings, tuple(filter(None, [untold])))


def decide(
    observations: Sequence[Observation],
    findings: Sequence[Finding],
    in_force: Sequence[Change],
    known: Mapping[str, DriftHistory],
) -> list[Decision]:
    """A decision on each setting that drifted and that lltool had set; the rest is no business of this."""
    set_to: dict[str, set[str]] = {}
    for change in in_force:
        set_to.setdefault(change.setting, set()).add(change.wanted)
    return [
        _decision(observation, set_to[finding.setting], known[finding.setting])
        for observation, finding in zip(observations, findings, strict=True)
        if finding.verdict is Verdict.DRIFT and finding.setting in set_to and finding.setting in known
    ]


def _decision(observation: Observation, set_to: set[str], history: DriftHistory) -> Decision:
    disrupts = observation.entry.disrupts
    if disrupts:
        return Decision(observation.setting, False, f"{DISRUPTIONS[disrupts]}: never done without being asked")
    wanted = {state.wanted for state in observation.to_write}
    if not wanted:
        return Decision(observation.setting, False, "only a boot or `lltool tune --persist` sets it")
    if not wanted <= set_to:
        return Decision(observation.setting, False, "the profile wants another value than was set: run `lltool tune`")
    undoing = [event for event in history.events if event.kind in UNDOING]
    if not undoing:
        return Decision(observation.setting, False, f"{history}: somebody may have meant it")
    return Decision(observation.setting, True, _told(undoing[-1]))


def _told(event: Event) -> str:
    return f"undone by {event.kind}: {event.text}"

"""What `tune` would do: per setting, and why. Plans change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lltool.errors import InvalidInput
from lltool.root import Root
from lltool.tuning.boot.staging import Staging
from lltool.tuning.catalogue import DISRUPTIONS, Catalogue, load_catalogue
from lltool.tuning.host import TunedHost, tuned_host
from lltool.tuning.model import Verdict
from lltool.tuning.observation import Observation, observe, select, unmatched
from lltool.tuning.profile import Profile, load_profile


@dataclass(frozen=True, slots=True)
class Target:
    """A profile, the host it is meant for, and the settings of it that were selected, in order of application.

    ``allowed`` are the disruptions that the profile or its user allows.
    """

    catalogue: Catalogue
    profile: Profile
    host: TunedHost
    selected: tuple[str, ...]
    allowed: frozenset[str] = frozenset({""})

    def observe(self) -> list[Observation]:
        """Compare with the host as it is now."""
        return observe(self.profile, self.catalogue, self.host, self.selected, self.allowed)


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One setting of a plan.

    ``action``: ``change``, ``keep``, ``reboot`` and ``file`` (with ``--persist`` only), ``blocked``, ``refused`` or
    ``none``.
    """

    setting: str
    live: str
    wanted: str
    action: str
    notes: tuple[str, ...]


def target(
    profile: str,
    root: Root,
    *,
    cores: tuple[int, ...] | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    allow: Sequence[str] = (),
) -> Target:
    """Load what a command names; raises :class:`InvalidInput` for a bad profile, core list, pattern or disruption."""
    unknown = [word for word in allow if word not in DISRUPTIONS]
    if unknown:
        raise InvalidInput(
            f"--allow {' '.join(unknown)} names no disruption",
            [f"{word}: {text}" for word, text in DISRUPTIONS.items()],
            next_step=f"choose among {', '.join(DISRUPTIONS)}",
        )
    catalogue = load_catalogue()
    loaded = load_profile(profile, catalogue, root)
    stray = unmatched(loaded, [*only, *skip])
    if stray:
        raise InvalidInput(
            f"nothing in profile {profile} matches",
            [f"{pattern}" for pattern in stray],
            next_step=f"`lltool profile show {profile}` lists its settings",
        )
    host = tuned_host(root, cores)
    allowed = frozenset({"", *loaded.allow, *allow})
    return Target(catalogue, loaded, host, tuple(select(loaded, catalogue, only, skip)), allowed)


def make_plan(
    observations: Sequence[Observation], staging: Staging | None = None, *, persist: bool = False
) -> list[PlanItem]:
    """Say for each setting what `tune` would do with it, and with ``--persist`` where it does not have that.

    ``staging`` is what would happen to the boot loader; without it, nothing is said of that.
    """
    return [
        PlanItem(
            observation.setting,
            observation.live,
            observation.wanted,
            _action(observation),
            (*_notes(observation), *_file_notes(observation, staging, persist=persist)),
        )
        for observation in observations
    ]


def _action(observation: Observation) -> str:
    if observation.settled is not None:
        return "none"
    if all(state.met for state in observation.knobs):
        return "keep"
    if observation.needs:
        return "blocked"
    if not observation.kind.runtime:
        return "file" if observation.kind.filed else "reboot"
    return "change" if observation.to_write else "refused"


def _notes(observation: Observation) -> list[str]:
    entry = observation.entry
    notes: list[str] = []
    if observation.settled is not None:
        prefix = "no effect: " if observation.settled is Verdict.NO_EFFECT else "not applicable: "
        notes.append(prefix + observation.reason)
    if observation.needs and any(not state.met for state in observation.knobs):
        notes.append(f"left out, needs --allow {observation.needs}: {DISRUPTIONS[observation.needs]}")
    refused = [state.refusal for state in observation.knobs if state.refusal]
    if refused:
        notes.append(f"{len(refused)} of {len(observation.knobs)} refused: {refused[0]}")
    changes = bool(observation.to_write)
    if changes and entry.capacity and any(shrinks(state.live or "", state.wanted) for state in observation.to_write):
        notes.append("shrinks the value in force")
    if changes and entry.disputed:
        notes.append(f"disputed: {entry.disputed}")
    if changes and entry.undo_note:
        notes.append(f"on rollback: {entry.undo_note}")
    return notes


def _file_notes(observation: Observation, staging: Staging | None, *, persist: bool) -> Iterator[str]:
    """What --persist does, or would do, for a setting that nothing else sets."""
    if observation.kind.runtime or observation.settled is not None or observation.needs:
        return
    if all(state.met for state in observation.knobs):
        return
    with_persist = "" if persist else "with --persist: "
    if observation.kind.filed:
        yield f"{with_persist}written to {observation.knobs[0].knob.path}"
    elif staging is not None:
        yield with_persist + staging.said_of(observation)
    else:
        yield "takes effect at boot"


def shrinks(live: str, wanted: str) -> bool:
    """Whether any number of a capacity would get smaller."""
    present, asked = live.split(), wanted.split()
    if len(present) != len(asked) or not all(word.isdigit() for word in present + asked):
        return False
    return any(int(new) < int(old) for old, new in zip(present, asked, strict=True))

"""What makes a profile hold at the next boot: one native mechanism a class of setting, in files of lltool's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lltool.root import Root
from lltool.tuning.boot.staging import Staging, plan_staging
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.mask import mask_steps
from lltool.tuning.persistence.sysctl_d import sysctl_steps
from lltool.tuning.persistence.unit import obstacle, unit_steps
from lltool.tuning.step import Step
from lltool.tuning.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Persistence:
    """The steps of a transaction that outlive a reboot, and what cannot be made to.

    ``steps`` come after those that change live values; ``first`` come before them, so that an undo meets them last.
    """

    first: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    staging: Staging = field(default_factory=Staging)
    notes: tuple[str, ...] = ()


NOTHING_PERSISTS = Persistence()


def plan_persistence(
    observations: Sequence[Observation], root: Root, transactions: Sequence[Transaction], at_boot: Sequence[str]
) -> Persistence:
    """Plan files and boot arguments; ``at_boot`` are the arguments with which lltool applies the rest at boot.

    Raises :class:`LltoolError` where a file of lltool's name is there and not lltool's.
    """
    staging = plan_staging(observations, root, transactions)
    notes = [f"{setting} is not staged: {reason}" for setting, reason in staging.conflicts.items()]
    if staging.obstacle:
        notes.append(
            f"boot arguments are not staged: {staging.obstacle}; add them yourself: {' '.join(staging.arguments)}"
        )
    steps = sysctl_steps(observations, root)
    possible = [each for each in observations if each.settled is None and not each.needs]
    others = [each for each in possible if each.entry.kind not in {"boot", "sysctl"}]
    first: list[Step] = []
    if others and obstacle(root):
        notes.append(f"{len(others)} settings will not hold after a reboot: {obstacle(root)}")
    elif others:
        first, masks = mask_steps(others, root)
        steps += [*masks, *unit_steps(root, at_boot)]
    return Persistence(tuple(first), (*steps, *staging.steps), staging, tuple(notes))

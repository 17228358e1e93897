"""What makes a profile hold at the next boot: one native mechanism a class of setting, in files of lltool's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lltool.root import Root
from lltool.tuning.boot.staging import Staging, plan_staging
from lltool.tuning.observation import Observation
from lltool.tuning.persistence.limits_d import limit_steps
from lltool.tuning.persistence.mask import mask_steps
from lltool.tuning.persistence.sysctl_d import in_file, sysctl_steps
from lltool.tuning.persistence.unit import obstacle, unit_steps
from lltool.tuning.persistence.unit_d import unit_property_steps
from lltool.tuning.step import Step
from lltool.tuning.transaction import BootRun, Transaction


@dataclass(frozen=True, slots=True)
class Persistence:
    """The steps of a transaction that outlive a reboot, and what cannot be made to.

    ``steps`` come after those that change live values; ``first`` come before them, so that an undo meets them last.
    ``at_boot`` are lltool's own runs at boot.
    """

    first: tuple[Step, ...] = ()
    steps: tuple[Step, ...] = ()
    staging: Staging = field(default_factory=Staging)
    notes: tuple[str, ...] = ()
    at_boot: tuple[BootRun, ...] = ()


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
    possible = [each for each in observations if each.settled is None and not each.needs]
    others = [each for each in possible if each.kind.runtime and not in_file(each)]
    runs = _runs(BootRun(tuple(at_boot), tuple(each.setting for each in possible)), transactions)
    steps = [*sysctl_steps(possible, root), *limit_steps(possible, root), *unit_property_steps(possible, root)]
    first: list[Step] = []
    if others and obstacle(root):
        notes.append(f"{len(others)} settings will not hold after a reboot: {obstacle(root)}")
    elif others:
        first, masks = mask_steps(others, root)
        steps += [*masks, *unit_steps(root, runs)]
    return Persistence(tuple(first), (*steps, *staging.steps), staging, tuple(notes), runs)


def runs_at_boot(transactions: Sequence[Transaction]) -> tuple[BootRun, ...]:
    """What lltool runs at boot, as its newest transaction left it."""
    newest = max((each for each in transactions if each.at_boot), key=lambda each: each.id, default=None)
    return () if newest is None else newest.at_boot


def _runs(added: BootRun, transactions: Sequence[Transaction]) -> tuple[BootRun, ...]:
    """Earlier runs stay in front, unless the new one does all that they do."""
    earlier = (run for run in runs_at_boot(transactions) if not set(run.settings) <= set(added.settings))
    return (*earlier, added)

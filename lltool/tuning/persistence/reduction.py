"""The files that hold settings over a reboot, without those that a partial rollback takes back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from lltool.errors import LltoolError
from lltool.root import Root
from lltool.tuning.boot.staging import Staging, unstage
from lltool.tuning.catalogue import Catalogue
from lltool.tuning.persistence.limits_d import limit_reduction
from lltool.tuning.persistence.mask import mask_reduction
from lltool.tuning.persistence.plan import NOTHING_PERSISTS, Persistence, runs_at_boot
from lltool.tuning.persistence.sysctl_d import sysctl_reduction
from lltool.tuning.persistence.unit import unit_reduction
from lltool.tuning.persistence.unit_d import unit_property_reduction
from lltool.tuning.step import Step
from lltool.tuning.transaction import BootRun, Transaction


def persistence_without(
    settings: Collection[str], transactions: Sequence[Transaction], root: Root, catalogue: Catalogue
) -> Persistence:
    """The steps that take ``settings`` out of what ``transactions`` (those in force) left on the disk.

    A file that was changed by hand is left alone, and a note says so.
    """
    present = runs_at_boot(transactions)
    gone = {setting for run in present for setting in run.settings} & set(settings)
    if not gone:
        return NOTHING_PERSISTS
    entries = {each: entry for each in sorted(gone) if (entry := catalogue.find(each)) is not None}
    services = {each: str(entry.option("unit")) for each, entry in entries.items() if entry.kind == "service"}
    runs = tuple(run for each in present if (run := _run_without(gone, each)).settings)
    notes: list[str] = []
    staging = Staging()

    def staging_steps() -> list[Step]:
        nonlocal staging
        boot = [entry for entry in entries.values() if entry.kind == "boot"]
        staging = unstage(boot, root, transactions)
        return list(staging.steps)

    reductions: tuple[Callable[[], list[Step]], ...] = (
        lambda: sysctl_reduction(gone, root),
        lambda: limit_reduction(gone, root),
        lambda: unit_property_reduction(entries, root),
        lambda: mask_reduction(services, transactions, root),
        lambda: unit_reduction(root, runs),
        staging_steps,
    )
    steps = [step for reduce in reductions for step in _unless_foreign(reduce, notes)]
    if staging.obstacle:
        notes.append(f"the boot loader keeps lltool's arguments: {staging.obstacle}")
    return Persistence((), tuple(steps), staging, tuple(notes), runs)


def _run_without(gone: Collection[str], run: BootRun) -> BootRun:
    skipped = (word for setting in run.settings if setting in gone for word in ("--skip", setting))
    return BootRun((*run.arguments, *skipped), tuple(each for each in run.settings if each not in gone))


def _unless_foreign(reduce: Callable[[], list[Step]], notes: list[str]) -> list[Step]:
    try:
        return reduce()
    except LltoolError as error:
        notes.append(f"{error.what}, and still holds what was taken back: {error.cause}")
        return []

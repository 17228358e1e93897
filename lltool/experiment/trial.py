"""The trial: measure untuned and tuned in turn, and leave the host as it was found.

Blocks in ABBA order: untuned; apply, verify, settle, tuned twice; undo, settle, untuned. Drift of the machine then
falls on both arms alike (design.md section 6). What needs a reboot takes no part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lltool.bench.benchmark import Benchmark
from lltool.bench.model import Run
from lltool.errors import LltoolError
from lltool.tuning.apply import apply
from lltool.tuning.kinds.base import Knob
from lltool.tuning.model import Finding
from lltool.tuning.observation import snapshot
from lltool.tuning.plan import Target
from lltool.tuning.rollback import changes_in_force, open_transactions, rollback
from lltool.tuning.store import Store
from lltool.tuning.transaction import Transaction, read_transactions, refuse_if_unfinished
from lltool.tuning.verdicts import judge

BEFORE, AFTER = "before", "after"
ABBA, ONE_ARM = "ABBA", "one arm"
SETTLE_SECONDS = 0.2
QUICK_BLOCKS, FULL_BLOCKS = 5, 10
PASSES = 4
"""Passes over all benchmarks in a block: two of each arm."""

Measure = Callable[[Benchmark, str, int, int], Run]
"""(benchmark, arm, block, position in the trial) -> run."""

Watch = Callable[[], dict[str, Any]]
"""Who disturbs the measured cores now: a document of ``lltool noise``. Raises LltoolError where nothing can tell."""


@dataclass(slots=True)
class Trial:
    """What a trial has seen so far.

    ``settings`` holds the findings by arm; without an ``after`` nothing was tuned, and ``notes`` say why. Of the
    ``compared`` knobs, ``differences`` holds those that read otherwise after the trial than before it: both values.
    ``gone`` are those that are no longer there: a kernel thread that ended, a device that was taken out.
    ``transactions`` are what was applied, one a block, each undone; ``noise`` what disturbed the cores, by arm.
    """

    runs: list[Run] = field(default_factory=list)
    settings: dict[str, list[Finding]] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    noise: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    compared: int = 0
    differences: dict[Knob, tuple[str, str]] = field(default_factory=dict)
    gone: tuple[Knob, ...] = ()

    @property
    def design(self) -> str:
        """How the arms were ordered."""
        return ABBA if AFTER in self.settings else ONE_ARM


def refuse_if_tuned(store: Store, target: Target) -> None:
    """Raise where lltool's settings are in force: an untuned arm would not be one."""
    root = target.host.root
    refuse_if_unfinished(read_transactions(store, root))
    in_force = open_transactions(store, root)
    if in_force:
        raise LltoolError(
            f"this host is tuned: transaction {in_force[0].id} (profile {in_force[0].profile}) is in force",
            cause="a trial measures the untuned host too",
            next_step="run `lltool rollback` first",
        )


def run_trial(
    target: Target,
    store: Store,
    benchmarks: Sequence[Benchmark],
    measure: Measure,
    watch: Watch,
    *,
    blocks: int,
    trial: Trial,
) -> None:
    """Run all blocks into ``trial``; the lock must be held where this process may tune.

    In the first block each arm is watched for noise too, after its benchmarks.

    The host is restored however this ends. Where nothing can be tuned the untuned arm is measured alone. On
    ``KeyboardInterrupt`` what was measured is kept and ``trial.interrupted`` set.
    """
    before = snapshot(target.catalogue, target.host, target.selected)
    trial.settings[BEFORE] = judge(target.observe(), ())
    obstacle = _why_not_tunable(target)
    try:
        if obstacle:
            _watch(watch, BEFORE, trial)
            _measure_untuned(benchmarks, measure, blocks, obstacle, trial)
        else:
            _measure_in_turn(target, store, benchmarks, measure, watch, blocks=blocks, trial=trial)
    except KeyboardInterrupt:
        trial.interrupted = True
    finally:
        if not obstacle:
            rollback(store, target.host.root)
        after = snapshot(target.catalogue, target.host, target.selected)
        trial.gone = tuple(knob for knob in before if knob not in after)
        trial.compared = len(before) - len(trial.gone)
        trial.differences = {
            knob: (value, after[knob]) for knob, value in before.items() if knob in after and after[knob] != value
        }


def _why_not_tunable(target: Target) -> str:
    if os.geteuid() != 0:
        return "changing a setting needs root"
    if not any(observation.to_write for observation in target.observe()):
        return "no setting of the profile differs from what is in force and can be changed"
    return ""


def _measure_untuned(
    benchmarks: Sequence[Benchmark], measure: Measure, blocks: int, obstacle: str, trial: Trial
) -> None:
    trial.notes.append(f"only the untuned host was measured: {obstacle}")
    while len(trial.runs) < blocks * PASSES // 2 * len(benchmarks):
        _pass(benchmarks, measure, BEFORE, len(trial.runs) // (2 * len(benchmarks)), trial)


def _measure_in_turn(
    target: Target,
    store: Store,
    benchmarks: Sequence[Benchmark],
    measure: Measure,
    watch: Watch,
    *,
    blocks: int,
    trial: Trial,
) -> None:
    root = target.host.root
    for block in range(blocks):
        _pass(benchmarks, measure, BEFORE, block, trial)
        if block == 0:
            _watch(watch, BEFORE, trial)
        transaction = apply(target.observe(), root, store, target.profile.name, keep_going=True)
        if transaction is None or not _changed_anything(transaction):
            rollback(store, root)
            _measure_untuned(benchmarks, measure, blocks, "the kernel refused every change", trial)
            return
        trial.transactions.append(transaction)
        _keep_findings(judge(target.observe(), changes_in_force(store, root)), block, trial)
        time.sleep(SETTLE_SECONDS)
        _pass(benchmarks, measure, AFTER, block, trial)
        _pass(benchmarks, measure, AFTER, block, trial)
        if block == 0:
            _watch(watch, AFTER, trial)
        rollback(store, root)
        time.sleep(SETTLE_SECONDS)
        _pass(benchmarks, measure, BEFORE, block, trial)


def _pass(benchmarks: Sequence[Benchmark], measure: Measure, arm: str, block: int, trial: Trial) -> None:
    for benchmark in benchmarks:
        trial.runs.append(measure(benchmark, arm, block, len(trial.runs)))


def _watch(watch: Watch, arm: str, trial: Trial) -> None:
    try:
        trial.noise[arm] = watch()
    except LltoolError as error:
        trial.notes.append(f"{arm}: the noise on the measured cores is not known: {str(error).splitlines()[0]}")


def _changed_anything(transaction: Transaction) -> bool:
    return any(change.after != change.before for change in transaction.changes)


def _keep_findings(findings: list[Finding], block: int, trial: Trial) -> None:
    first = trial.settings.setdefault(AFTER, findings)
    trial.notes += [
        f"{now.setting} was {was.verdict} in the first block and {now.verdict} in block {block + 1}: {now.reason}"
        for was, now in zip(first, findings, strict=True)
        if was.verdict is not now.verdict
    ]

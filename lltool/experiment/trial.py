"""The trial: measure untuned and tuned in turn, and leave the host as it was found.

Blocks in ABBA order: untuned; apply, verify, settle, tuned twice; undo, settle, untuned. Drift of the machine then
falls on both arms alike (design.md section 6). What needs a reboot takes no part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lltool.bench.catalogue import Benchmark
from lltool.bench.model import Run
from lltool.errors import LltoolError
from lltool.tuning.apply import apply
from lltool.tuning.kinds.base import Knob
from lltool.tuning.model import Finding
from lltool.tuning.observation import snapshot
from lltool.tuning.plan import Target
from lltool.tuning.rollback import changes_in_force, open_transactions, rollback
from lltool.tuning.store import Store
from lltool.tuning.transaction import read_transactions, refuse_if_unfinished
from lltool.tuning.verdicts import judge

BEFORE, AFTER = "before", "after"
SETTLE_SECONDS = 0.2
QUICK_BLOCKS, FULL_BLOCKS = 5, 10

Measure = Callable[[Benchmark, str, int, int], Run]
"""(benchmark, arm, block, position) -> run"""


@dataclass(slots=True)
class Trial:
    """What a trial has seen so far; complete when ``interrupted`` is False at its end.

    ``settings`` holds the findings by arm. ``differences`` lists the knobs whose value after the trial is not the one
    before it, with both; ``compared`` counts the knobs that were looked at.
    """

    runs: list[Run] = field(default_factory=list)
    settings: dict[str, list[Finding]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    compared: int = 0
    differences: dict[Knob, tuple[str, str]] = field(default_factory=dict)


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


def why_not_tunable(target: Target) -> str:
    """Why no setting can be changed here; empty where at least one can be tried."""
    if os.geteuid() != 0:
        return "not run as root: no setting can be changed"
    if not any(observation.to_write for observation in target.observe()):
        return "no setting of the profile differs from what is in force and can be changed"
    return ""


def run_trial(
    target: Target, store: Store, benchmarks: Sequence[Benchmark], measure: Measure, blocks: int, trial: Trial
) -> None:
    """Run all blocks into ``trial``; the lock must be held. The host is restored however this ends.

    Where nothing can be tuned the untuned arm is measured alone, and the notes say why. On ``KeyboardInterrupt`` what
    was measured is kept and ``trial.interrupted`` set.
    """
    root = target.host.root
    before = snapshot(target.catalogue, target.host, target.selected)
    trial.settings[BEFORE] = judge(target.observe(), ())
    obstacle = why_not_tunable(target)
    try:
        if obstacle:
            trial.notes.append(f"Only the untuned host was measured: {obstacle}.")
            _measure_untuned(benchmarks, measure, blocks, trial)
        else:
            _measure_in_turn(target, store, benchmarks, measure, blocks, trial)
    except KeyboardInterrupt:
        trial.interrupted = True
    finally:
        if not obstacle:
            rollback(store, root)
        after = snapshot(target.catalogue, target.host, target.selected)
        trial.compared = len(before)
        trial.differences = {
            knob: (value, after.get(knob, "(gone)")) for knob, value in before.items() if after.get(knob) != value
        }


def _measure_untuned(benchmarks: Sequence[Benchmark], measure: Measure, blocks: int, trial: Trial) -> None:
    for block in range(blocks):
        for _ in range(2):
            _pass(benchmarks, measure, BEFORE, block, trial)


def _measure_in_turn(
    target: Target, store: Store, benchmarks: Sequence[Benchmark], measure: Measure, blocks: int, trial: Trial
) -> None:
    root = target.host.root
    for block in range(blocks):
        _pass(benchmarks, measure, BEFORE, block, trial)
        apply(target.observe(), root, store, target.profile.name, keep_going=True)
        findings = judge(target.observe(), changes_in_force(store, root))
        _compare_with_first(findings, block, trial)
        time.sleep(SETTLE_SECONDS)
        _pass(benchmarks, measure, AFTER, block, trial)
        _pass(benchmarks, measure, AFTER, block, trial)
        rollback(store, root)
        time.sleep(SETTLE_SECONDS)
        _pass(benchmarks, measure, BEFORE, block, trial)


def _pass(benchmarks: Sequence[Benchmark], measure: Measure, arm: str, block: int, trial: Trial) -> None:
    for benchmark in benchmarks:
        trial.runs.append(measure(benchmark, arm, block, len(trial.runs)))


def _compare_with_first(findings: list[Finding], block: int, trial: Trial) -> None:
    first = trial.settings.setdefault(AFTER, findings)
    for was, now in zip(first, findings, strict=True):
        if was.verdict is not now.verdict:
            trial.notes.append(
                f"{now.setting} was {was.verdict} in the first block and {now.verdict} in block {block + 1}."
            )

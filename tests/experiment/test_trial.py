"""The trial's design: ABBA, restored however it ends."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.model import Run
from lltool.errors import LltoolError
from lltool.experiment.trial import ABBA, ONE_ARM, Trial, Watch, refuse_if_tuned, run_trial
from lltool.tuning.apply import apply
from lltool.tuning.plan import Target
from lltool.tuning.rollback import open_transactions
from lltool.tuning.store import Store

TWO = BENCHMARKS[:2]
SWAPPINESS = "/proc/sys/vm/swappiness"


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lltool.experiment.trial.SETTLE_SECONDS", 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)


@pytest.fixture
def live(kernel: Any) -> list[str]:
    """The swappiness that each run has seen."""
    return []


@pytest.fixture
def measure(kernel: Any, live: list[str], synthetic: Any) -> Callable[..., Run]:
    def measured(benchmark: Benchmark, arm: str, block: int, position: int) -> Run:
        live.append(kernel.read(SWAPPINESS))
        return synthetic.run(benchmark.name, arm, [100, 200], block=block, position=position)

    return measured


def quiet() -> dict[str, Any]:
    return {"schema": "lltool.noise/1"}


def run(wanted: Target, store: Store, measure: Callable[..., Run], blocks: int = 2, watch: Watch = quiet) -> Trial:
    trial = Trial()
    run_trial(wanted, store, TWO, measure, watch, blocks=blocks, trial=trial)
    return trial


def test_arms_alternate_abba_and_each_run_sees_its_arm(
    wanted: Target, store: Store, measure: Callable[..., Run], live: list[str]
) -> None:
    trial = run(wanted, store, measure)
    assert [each.arm for each in trial.runs[::2]] == ["before", "after", "after", "before"] * 2
    assert live == [{"before": "60", "after": "1"}[each.arm] for each in trial.runs]
    assert [each.position for each in trial.runs] == list(range(16))
    assert [each.block for each in trial.runs] == [0] * 8 + [1] * 8
    assert trial.design == ABBA


def test_the_host_is_as_before(wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any) -> None:
    trial = run(wanted, store, measure)
    assert trial.differences == {}
    assert trial.compared > 15
    assert kernel.read(SWAPPINESS) == "60"
    assert open_transactions(store, kernel) == []


def test_what_someone_else_changed_meanwhile_is_named(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any
) -> None:
    def meddling(benchmark: Benchmark, arm: str, block: int, position: int) -> Run:
        if position == 5:
            kernel.write(SWAPPINESS, "33")
        return measure(benchmark, arm, block, position)

    trial = run(wanted, store, meddling)
    assert [(knob.path, values) for knob, values in trial.differences.items()] == [(SWAPPINESS, ("60", "33"))]


def test_what_went_away_meanwhile_is_no_value_that_differs(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any
) -> None:
    """The thread khugepaged ends when transparent huge pages are switched off, and comes back as another thread."""
    interrupt = Path(kernel.path("/proc/irq/25/smp_affinity_list"))

    def leaving(benchmark: Benchmark, arm: str, block: int, position: int) -> Run:
        interrupt.unlink(missing_ok=True)
        return measure(benchmark, arm, block, position)

    trial = run(wanted, store, leaving)
    assert trial.differences == {}
    assert [knob.path for knob in trial.gone] == ["/proc/irq/25/smp_affinity_list"]


@pytest.mark.parametrize("position", range(8))
def test_ctrl_c_keeps_what_was_measured_and_undoes(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any, position: int
) -> None:
    def interrupted(benchmark: Benchmark, arm: str, block: int, number: int) -> Run:
        if number == position:
            raise KeyboardInterrupt
        return measure(benchmark, arm, block, number)

    trial = run(wanted, store, interrupted)
    assert trial.interrupted
    assert len(trial.runs) == position
    assert kernel.read(SWAPPINESS) == "60"
    assert open_transactions(store, kernel) == []


def test_a_defect_in_the_middle_undoes_too(wanted: Target, store: Store, kernel: Any) -> None:
    def broken(benchmark: Benchmark, arm: str, block: int, position: int) -> Run:
        assert arm == "before", "broken"
        return Run(benchmark.name, arm, block, position, "", (0,), 1e9)

    with pytest.raises(AssertionError, match="broken"):
        run(wanted, store, broken)
    assert kernel.read(SWAPPINESS) == "60"


def test_without_root_the_untuned_host_is_measured_alone(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    written: list[str] = []
    kernel.before_write = lambda path, text: written.append(path)
    trial = run(wanted, store, measure)
    assert {each.arm for each in trial.runs} == {"before"}
    assert len(trial.runs) == 2 * 2 * len(TWO)
    assert written == []
    assert trial.design == ONE_ARM
    assert any("root" in note for note in trial.notes)


def test_where_every_change_is_refused_no_arm_is_called_tuned(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any
) -> None:
    """A container with read-only /proc/sys and /sys."""

    def refuse(path: str, text: str) -> None:
        raise OSError(errno.EROFS, "read-only", path)

    kernel.before_write = refuse
    trial = run(wanted, store, measure)
    assert {each.arm for each in trial.runs} == {"before"}
    assert len(trial.runs) == 2 * 2 * len(TWO)
    assert any("refused every change" in note for note in trial.notes)


def test_a_host_that_is_tuned_is_no_untuned_arm(wanted: Target, store: Store, kernel: Any) -> None:
    refuse_if_tuned(store, wanted)
    apply(wanted.observe(), kernel, store, "test", keep_going=False)
    with pytest.raises(LltoolError, match="lltool rollback"):
        refuse_if_tuned(store, wanted)


def test_each_arm_is_watched_once_while_its_settings_are_in_force(
    wanted: Target, store: Store, measure: Callable[..., Run], kernel: Any
) -> None:
    trial = run(wanted, store, measure, watch=lambda: {"swappiness": kernel.read(SWAPPINESS)})
    assert trial.noise == {"before": {"swappiness": "60"}, "after": {"swappiness": "1"}}


def test_noise_that_cannot_be_watched_is_a_note_and_no_failure(
    wanted: Target, store: Store, measure: Callable[..., Run]
) -> None:
    def watch() -> dict[str, Any]:
        raise LltoolError("core 1 cannot be used", cause="offline", next_step="choose another")

    trial = run(wanted, store, measure, watch=watch)
    assert trial.noise == {}
    assert [note for note in trial.notes if "noise" in note] == [
        f"{arm}: the noise on the measured cores is not known: core 1 cannot be used: offline"
        for arm in ("before", "after")
    ]


def test_every_block_keeps_the_transaction_that_it_undid(
    wanted: Target, store: Store, measure: Callable[..., Run]
) -> None:
    trial = run(wanted, store, measure)
    changed = [[(change.before, change.after) for change in each.changes] for each in trial.transactions]
    assert len(changed) == 2
    assert changed[0] == changed[1]
    assert ("60", "1") in changed[0]
    assert open_transactions(store, wanted.host.root) == []

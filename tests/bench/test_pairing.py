"""Which runs are before and which are after, and what limits the comparison."""

from __future__ import annotations

from typing import Any

import pytest

from lltool.bench.pairing import pair_of
from lltool.errors import InvalidInput


def test_the_same_trial_twice_compares_its_arms(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000))
    pair = pair_of(trial, trial)
    assert {run.arm for run in pair.before} == {"before"}
    assert {run.arm for run in pair.after} == {"after"}
    assert (len(pair.before), len(pair.after)) == (10, 10)
    assert (pair.design, pair.notes) == ("ABBA", ())
    assert pair.quantum_ns == pytest.approx(10.0)


def test_two_results_are_a_sequential_design(synthetic: Any) -> None:
    before = synthetic.result(synthetic.arm("tcp.rtt", "", 26_000))
    after = synthetic.result(synthetic.arm("tcp.rtt", "", 20_000))
    pair = pair_of(before, after)
    assert pair.design == "sequential"
    assert len(pair.notes) == 1
    assert "drift" in pair.notes[0]


def test_a_sequential_trial_is_labelled(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000))
    runs = synthetic.result(trial.runs, design="sequential", notes=("stopped early",))
    notes = pair_of(runs, runs).notes
    assert notes[0] == "stopped early"
    assert "drift" in notes[1]


def test_other_hosts_and_clocks_are_named(synthetic: Any) -> None:
    before = synthetic.result(synthetic.arm("tcp.rtt", "", 26_000))
    after = synthetic.result(
        synthetic.arm("tcp.rtt", "", 20_000, tick_hz=3.0e9),
        host={"cpu": {"model_name": "Xeon", "product": None}, "kernel": {"release": "6.8.0"}},
        passport={"tick_hz": 3.0e9, "quantum_ticks": 60},
        version="0.2.0",
    )
    pair = pair_of(before, after)
    told = " | ".join(pair.notes)
    assert "processor differs: AMD EPYC 9R14 before, Xeon after" in told
    assert "kernel differs: 6.1.0-18-amd64 before, 6.8.0 after" in told
    assert "2600 MHz before, 3000 MHz after" in told
    assert "lltool differs" in told
    assert "machine differs" not in told
    assert pair.quantum_ns == pytest.approx(20.0)
    assert all(entry.change == pytest.approx(20 / 26 * 2.6 / 3 - 1, abs=0.01) for entry in pair.compare())


def test_an_unknown_quantum_is_told(synthetic: Any) -> None:
    trial = synthetic.result(synthetic.trial(tcp_rtt=(26_000, 20_000)).runs, passport={})
    pair = pair_of(trial, trial)
    assert pair.quantum_ns is None
    assert any("quantum" in note for note in pair.notes)


def test_no_common_benchmark_works_and_says_so(synthetic: Any) -> None:
    pair = pair_of(
        synthetic.result(synthetic.arm("tcp.rtt", "", 26_000)), synthetic.result(synthetic.arm("timer.cost", "", 52))
    )
    assert "no benchmark is in both arms" in pair.notes
    assert {entry.outcome.value for entry in pair.compare()} == {"not compared"}


def test_a_result_is_not_compared_with_itself(synthetic: Any) -> None:
    one = synthetic.result(synthetic.arm("tcp.rtt", "before", 26_000))
    with pytest.raises(InvalidInput, match=r"only one arm \(before\)"):
        pair_of(one, one)


def test_two_trials_are_ambiguous(synthetic: Any) -> None:
    trial, plain = synthetic.trial(tcp_rtt=(26_000, 20_000)), synthetic.result(synthetic.arm("tcp.rtt", "", 26_000))
    for before, after, faults in ((trial, plain, 1), (plain, trial, 1), (trial, synthetic.trial(tcp_rtt=(1, 2)), 2)):
        with pytest.raises(InvalidInput, match="not clear which runs") as caught:
            pair_of(before, after)
        assert len(caught.value.faults) == faults


def test_work_under_other_conditions_is_named(synthetic: Any) -> None:
    before = synthetic.result([synthetic.run(effort="quick", conditions={"SCHED_FIFO": "done", "pinned": "done"})])
    after = synthetic.result([synthetic.run(effort="full", conditions={"SCHED_FIFO": "refused", "pinned": "done"})])
    notes = pair_of(before, after).notes
    assert "effort differs: quick before, full after" in notes
    assert "SCHED_FIFO differs: done before, refused after" in notes
    assert not any("pinned" in note for note in notes)

"""What disturbs a run is counted and named, and drops nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from lltool.bench.catalogue import by_name
from lltool.bench.compare import Limits, compare
from lltool.bench.figures import clean_of
from lltool.bench.interference import interrupts_on, labels, steal_clock_ticks
from lltool.bench.model import Interference
from lltool.bench.summary import summarise
from lltool.root import Root

QUIET = Interference(0, 200, 0, 0, 0.0, {"LOC": 250}, 0.01)


def test_the_tick_and_the_memory_of_the_benchmark_disturb_nobody() -> None:
    assert labels(QUIET) == ()
    assert labels(None) == ()


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"involuntary_switches": 1}, "involuntary switches"),
        ({"major_faults": 1}, "major faults"),
        ({"migrations": 1}, "migrations"),
        ({"steal_seconds": 0.01}, "steal"),
        ({"interrupts": {"LOC": 250, "RES": 1}}, "interrupts"),
        ({"canary_change": -0.06}, "change of speed"),
    ],
)
def test_each_disturbance_has_its_label(change: dict[str, Any], label: str) -> None:
    assert labels(replace(QUIET, **change)) == (label,)


def test_interrupts_are_those_of_the_cores(tmp_path: Any) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/interrupts").write_text(
        "            CPU0       CPU1       CPU3\n"
        " 24:          1          0          5   IO-APIC   5-edge      eth0\n"
        " 25:          2          0          7   PCI-MSIX  1-edge      eth0\n"
        "LOC:        100        200        300   Local timer interrupts\n"
        "ERR:          4\n"
    )
    (tmp_path / "proc/stat").write_text(
        "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 1 1 1 1 1 1 1 4 0 0\ncpu3 1 1 1 1 1 1 1 5 0 0\n"
    )
    root = Root(tmp_path)
    assert interrupts_on(root, [1, 3]) == {"eth0": 12, "LOC": 500}
    assert steal_clock_ticks(root, [1, 3]) == 9
    assert steal_clock_ticks(root, [1, 2]) is None


def test_all_runs_decide_and_the_clean_ones_are_shown(synthetic: Any) -> None:
    before = synthetic.arm("tcp.rtt", "before", 26_000, interference=QUIET)
    after = [
        *synthetic.arm("tcp.rtt", "after", 26_000, runs=4, interference=QUIET),
        *synthetic.arm("tcp.rtt", "after", 52_000, runs=6, interference=replace(QUIET, steal_seconds=0.1)),
    ]
    (found,) = [entry for entry in compare(before, after, Limits(1.0)) if entry.metric == "centre"]
    assert found.clean is not None
    assert (found.clean.before, found.clean.after) == ((10, 10), (4, 10))
    assert found.clean.change == pytest.approx(0.0, abs=0.01)
    assert found.change == pytest.approx(0.6, abs=0.01)
    assert clean_of(found).startswith("10 + 4 of 20, ")
    (first, *_) = summarise(by_name("tcp.rtt"), after, {})
    assert "undisturbed 4 of 10: steal in 6" in first.remark


def test_a_run_counts_what_happens_to_it() -> None:
    pytest.importorskip("lltool.kernels.frequency", reason="needs the compiled kernels")
    from lltool.bench.interference import Witness

    before = os.sched_getaffinity(0)
    core = max(before)
    try:
        os.sched_setaffinity(0, {core})
        witness = Witness(Root(), [core])
        assert witness.seen().migrations == 0
        block = bytearray(64 << 20)
        assert len(block) == 64 << 20
        assert witness.seen().minor_faults > 0
        if len(before) > 1:
            os.sched_setaffinity(0, {min(before)})
            assert witness.seen().migrations >= 1
    finally:
        os.sched_setaffinity(0, before)

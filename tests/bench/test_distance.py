"""Two cores are classed by the round trip of a cache line; a change of class during a run shows."""

from __future__ import annotations

import os
import threading

import pytest

from lltool.bench.distance import classify, distance, probe_ticks
from lltool.bench.peer import peer_thread


@pytest.mark.parametrize(
    ("round_trip_ns", "name"), [(47, "smt"), (74.9, "smt"), (75, "near"), (130, "near"), (300, "far"), (560, "far")]
)
def test_the_modes_seen_on_a_real_host_fall_into_their_classes(round_trip_ns: float, name: str) -> None:
    assert classify(round_trip_ns) == name


def test_a_run_during_which_the_cores_moved_is_mixed() -> None:
    assert distance(110, 120).distance_class == "near"
    assert distance(110, 480).distance_class == "mixed"


def test_the_probe_measures_and_leaves_no_thread() -> None:
    pytest.importorskip("lltool.kernels.loops.probe", reason="needs the compiled kernels")
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two cores")
    threads = threading.active_count()
    assert probe_ticks(max(os.sched_getaffinity(0))) > 0
    assert threading.active_count() == threads


def test_a_peer_that_cannot_be_pinned_stops_the_run_before_it_spins() -> None:
    pytest.importorskip("lltool.kernels.placement", reason="needs the compiled kernels")
    entered = []
    with pytest.raises(OSError, match="Invalid argument"), peer_thread(8191, lambda: None, lambda: None):
        entered.append(True)
    assert entered == []


def test_what_the_peer_raises_is_raised_here() -> None:
    pytest.importorskip("lltool.kernels.placement", reason="needs the compiled kernels")

    def fail() -> None:
        raise RuntimeError("the peer broke")

    core = min(os.sched_getaffinity(0))
    with pytest.raises(RuntimeError, match="the peer broke"), peer_thread(core, fail, lambda: None):
        pass


def test_the_peer_is_stopped_when_the_block_raises() -> None:
    pytest.importorskip("lltool.kernels.placement", reason="needs the compiled kernels")
    over = threading.Event()
    core = min(os.sched_getaffinity(0))
    with pytest.raises(KeyError), peer_thread(core, lambda: over.wait(30) and None, over.set):
        raise KeyError("in the block")
    assert over.is_set()

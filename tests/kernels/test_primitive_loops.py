"""The loops of ring, allocation and guards do what they are asked, as often as they are asked."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("lltool.kernels.loops.ring", reason="needs the compiled kernels")
from lltool.kernels.loops import allocation, guards, queue_hop, ring
from lltool.kernels.recorder import Recorder
from lltool.kernels.risk import RiskCheck

LOOPS = [
    *((ring.Pass, kind) for kind in ring.KINDS),
    *((allocation.Allocation, kind) for kind in allocation.KINDS),
    *((guards.Guard, kind) for kind in guards.KINDS),
]


@pytest.mark.parametrize(("loop", "kind"), LOOPS, ids=[f"{loop.__name__} {kind}" for loop, kind in LOOPS])
def test_a_loop_runs_in_both_modes(loop: type, kind: str) -> None:
    made, recorder = loop(kind), Recorder(300)
    assert made.block(5000) > 0
    made.each(recorder, 300)
    assert (recorder.count, recorder.lost) == (300, 0)
    assert made.block(1) > 0


@pytest.mark.parametrize("loop", [ring.Pass, allocation.Allocation, guards.Guard])
def test_another_kind_is_refused(loop: type) -> None:
    with pytest.raises(ValueError, match="kind 'other' is none of"):
        loop("other")


@pytest.mark.parametrize("kind", ring.KINDS)
def test_a_ring_names_the_path_that_runs(kind: str) -> None:
    assert ring.Pass(kind, "scalar").path == "scalar"
    assert ring.Pass(kind).path in ({"scalar", "avx2"} if kind in {"sequenced 64", "indexed 64"} else {"scalar"})
    assert ring.Pass(kind, "scalar").block(100) > 0
    with pytest.raises(ValueError, match="path 'avx1024': this CPU runs scalar"):
        ring.Pass(kind, "avx1024")


def test_the_order_of_the_risk_loop_passes_every_check() -> None:
    """Or the loop would measure a refusal."""
    check = RiskCheck(**guards.LIMITS)
    check.set_reference(100_000, 1_000_000_000)
    for number in range(5000):
        price, quantity = 100_000 + number % 64 * 5, 10 + number % 32 * 10
        assert check.check(number + 1, number & 1, price, quantity, 1_000_000_000 + number) == 0


@pytest.mark.parametrize("kind", queue_hop.KINDS)
def test_a_word_goes_to_another_thread_and_back_through_each_queue(kind: str) -> None:
    pair, recorder = queue_hop.QueueHop(kind), Recorder(20)
    peer = threading.Thread(target=pair.echo)
    peer.start()
    try:
        assert pair.block(20) > 0
        pair.each(recorder, 20)
    finally:
        pair.stop()
        peer.join()
    assert (recorder.count, recorder.lost) == (20, 0)


def test_a_queue_that_nobody_empties_is_given_up() -> None:
    with pytest.raises(TimeoutError, match=r"no answer from the other core within 0\.001 s"):
        queue_hop.QueueHop("indexed", 0.001).block(1)

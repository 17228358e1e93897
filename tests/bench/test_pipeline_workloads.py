"""The pipeline as a benchmark: every layout answers every tick, and tells how it was measured."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

pytest.importorskip("lltool.kernels.pipeline", reason="needs the compiled kernels")

from lltool.bench.stages import INSIDE
from lltool.bench.workload import QUICK, NotApplicable, Workload
from lltool.bench.workloads import pipeline, pipeline_knee
from lltool.bench.workloads.pipeline_rig import Layout, Rig, place
from lltool.trading.feed import synthetic_feed
from lltool.trading.kernel_stamps import RECEIVE

EFFORT = replace(QUICK, seconds=0.02)
CORES = sorted(os.sched_getaffinity(0))

needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")


@needs_two_cores
@pytest.mark.parametrize(
    ("workload", "layout", "form"),
    [
        (pipeline.tick_to_trade_fixed, Layout.ONE, "packed"),
        (pipeline.tick_to_trade_fix, Layout.ONE, "FIX 4.4"),
        (pipeline.tick_to_trade_udp, Layout.ONE, "packed"),
        (pipeline.two_cores_fixed, Layout.TWO, "packed"),
    ],
    ids=["one core", "FIX", "UDP", "two cores"],
)
def test_every_tick_causes_an_order_and_every_stage_is_noted(workload: Workload, layout: Layout, form: str) -> None:
    measurement = workload(CORES[:2], EFFORT)
    notes = measurement.notes
    taken = notes["messages"] - notes["lost_messages"]
    assert measurement.samples is not None
    assert measurement.samples.n == notes["orders"] == taken
    assert taken == 2000 or workload is pipeline.tick_to_trade_udp, "only datagrams may be lost"
    if taken < 2000:
        pytest.skip(f"{notes['lost_messages']} datagrams were lost: this machine is busy")
    assert (notes["layout"], notes["order_form"]) == (layout.value, form)
    hops = {"hop_in", "hop_out"} if layout is Layout.TWO else set()
    expected = set(INSIDE) - {"hop_in", "hop_out"} | hops | {"send", "trade_response"}
    assert expected <= set(notes["stages_ns"])
    assert ("shared_core" in notes) == (layout is Layout.TWO)
    if notes["kernel_stamps"].startswith("software"):
        assert {"kernel_to_read", "send_to_kernel", "kernel_to_kernel"} <= set(notes["stages_ns"])


@pytest.mark.parametrize("workload", [pipeline.tick_to_trade_8x, pipeline_knee.one_core], ids=["8x", "knee"])
def test_one_core_is_not_enough(workload: Workload) -> None:
    with pytest.raises(NotApplicable, match="1 can be used"):
        workload(CORES[:1], EFFORT)


def test_the_market_has_a_core_of_its_own_where_there_is_one() -> None:
    own = place(Layout.TWO, (4, 5, 6))
    assert (own.threads, own.market, own.shared) == ((4, 5), 6, None)
    shared = place(Layout.THREE, (4, 5, 6))
    assert (shared.threads, shared.market, shared.yields) == ((4, 5, 6), 6, True)
    with pytest.raises(NotApplicable, match="3 cores"):
        place(Layout.THREE, (4, 5))


@needs_two_cores
def test_three_threads_on_two_cores_make_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a placement that is offered, but the threads are those of three cores."""
    placement = replace(place(Layout.THREE, (0, 1, 2)), threads=(CORES[0], CORES[1], CORES[1]), market=CORES[1])
    feed = synthetic_feed(300, 20_000)
    with Rig(placement, feed.opening) as rig:
        rig.play(feed.messages, feed.offsets_ns)
        assert rig.pipeline.counts["orders"] == len(rig.pipeline.spans["trade_response"]) == 300


@needs_two_cores
def test_stamps_that_are_refused_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object, flags: int) -> str | None:
        return "refused: no" if flags == RECEIVE else None

    monkeypatch.setattr("lltool.bench.workloads.pipeline_rig.stamp", refuse)
    notes = pipeline.tick_to_trade_fixed(CORES[:2], EFFORT).notes
    assert notes["kernel_stamps"] == "no receive stamps: refused: no"
    assert "kernel_to_read" not in notes["stages_ns"]


@needs_two_cores
def test_the_search_for_the_knee_tells_the_rates_it_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline_knee, "HIGHEST_HZ", 2 * pipeline_knee.LOWEST_HZ)
    notes = pipeline_knee.one_core(CORES[:2], EFFORT).notes
    assert notes["rates"][0]["offered_hz"] == pipeline_knee.LOWEST_HZ
    assert notes["knee_hz"] is None or notes["knee_hz"] >= pipeline_knee.LOWEST_HZ


def test_the_knee_is_where_waiting_doubles_what_is_not_service() -> None:
    lowest = {"offered_hz": 10, "achieved_hz": 10, "response_p50_ns": 5200, "service_p50_ns": 200}
    assert pipeline_knee.has_not_departed(lowest, lowest | {"response_p50_ns": 10_000, "service_p50_ns": 300})
    assert not pipeline_knee.has_not_departed(lowest, lowest | {"response_p50_ns": 10_300, "service_p50_ns": 200})
    assert not pipeline_knee.has_not_departed(lowest, lowest | {"achieved_hz": 9})

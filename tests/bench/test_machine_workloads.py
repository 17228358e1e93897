"""The workloads of the machine measure what their names say: relations that hold on any host."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from statistics import median

import pytest

pytest.importorskip("lltool.kernels.loops.handoff", reason="needs the compiled kernels")
from lltool.bench.workload import QUICK, Measurement, NotApplicable, Workload
from lltool.bench.workloads import cores, handoff, hierarchy, oneway, sharing, storage, system, tcp, timer
from lltool.trading.socket_options import QUICKACK, TUNED, named

EFFORT = replace(QUICK, samples=500, blocks=20, seconds=0.05, warm_seconds=0.001, warm_limit_seconds=0.01)
CORES = sorted(os.sched_getaffinity(0))

needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")


def per_operation(measurement: Measurement) -> float:
    """The cheapest block: what other work on this host can only make dearer."""
    return min(measurement.block_ticks) / measurement.block_ops


def test_memory_is_farther_away_level_by_level() -> None:
    nearest, second, memory = (
        per_operation(workload(CORES, EFFORT)) for workload in (hierarchy.l1, hierarchy.l2, hierarchy.ram)
    )
    assert nearest < second < memory
    assert memory > 5 * nearest


def test_working_sets_lie_between_the_levels() -> None:
    sizes = {"L1d": 48 << 10, "L2": 2 << 20, "L3": 260 << 20}
    assert hierarchy.working_set_bytes("L1d", sizes) == 24 << 10
    assert hierarchy.working_set_bytes("L2", sizes) == 1 << 20
    assert hierarchy.working_set_bytes("L3", sizes) == 4 << 20
    assert hierarchy.working_set_bytes("L3", {"L2": 2 << 20, "L3": 6 << 20}) == 3 << 20
    with pytest.raises(NotApplicable, match="no L3 cache"):
        hierarchy.working_set_bytes("L3", {"L1d": 48 << 10})


def test_a_single_node_has_no_nodes_to_compare() -> None:
    if os.path.isdir("/sys/devices/system/node/node1"):
        pytest.skip("needs a host with one node")
    with pytest.raises(NotApplicable, match="NUMA node"):
        hierarchy.ram_nodes(CORES, EFFORT)


@needs_two_cores
def test_counters_lie_as_far_apart_as_their_names_say() -> None:
    distances = (sharing.same_line, sharing.apart_64, sharing.apart_128)
    found = [workload(CORES[:2], EFFORT) for workload in distances]
    assert [one.notes["distance_bytes"] for one in found] == [8, 64, 128]
    assert all(per_operation(one) > 0 for one in found)


@pytest.mark.parametrize("means", [handoff.condvar, handoff.futex, handoff.eventfd, handoff.pipe])
def test_sleeping_hand_offs_work_on_one_core_and_say_so(means: Workload) -> None:
    measurement = means(CORES[:1], EFFORT)
    assert measurement.samples is not None
    assert 0 < measurement.samples.n <= 500
    assert "same core" in measurement.notes["peer"]


@pytest.mark.parametrize("means", [handoff.spin, handoff.mutex])
def test_polling_hand_offs_need_two_cores(means: Workload) -> None:
    with pytest.raises(NotApplicable, match="both sides poll"):
        means(CORES[:1], EFFORT)


@needs_two_cores
def test_a_switch_stays_on_its_core() -> None:
    assert "same core" in handoff.switch(CORES[:2], EFFORT).notes["peer"]


def test_a_fault_costs_more_than_a_call_and_a_call_more_than_a_stamp() -> None:
    stamp, call, fault = (
        per_operation(workload(CORES, EFFORT)) for workload in (timer.cost, system.call, system.page_fault)
    )
    assert stamp < call < fault


def test_a_system_call_without_a_tick_needs_such_a_core() -> None:
    try:
        measurement = system.call_nohz_full(CORES, EFFORT)
    except NotApplicable as reason:
        assert "nohz_full" in str(reason)
    else:
        assert measurement.notes["nohz_full"]


def test_a_clock_without_a_vdso_costs_more_than_one_that_reads_no_counter() -> None:
    clocks = (timer.clock_monotonic_coarse, timer.clock_thread_cputime)
    coarse, call = (per_operation(clock(CORES, EFFORT)) for clock in clocks)
    assert coarse < call


def test_spinning_wake_ups_are_as_many_as_periods() -> None:
    measurement = timer.wakeup_spin(CORES, EFFORT)
    assert measurement.samples is not None
    assert measurement.samples.n == 500
    assert 0 <= measurement.notes["missed_periods"] <= 500


def test_storage_is_read_past_the_cache_or_says_why_not() -> None:
    try:
        measurement = storage.read_4k(CORES, EFFORT)
    except NotApplicable as reason:
        assert "/var/tmp" in str(reason)  # noqa: S108
        return
    assert measurement.samples is not None
    assert measurement.samples.n > 0
    assert not [name for name in os.listdir("/var/tmp") if name.startswith("tmp")]  # noqa: S108


@needs_two_cores
@pytest.mark.parametrize("workload", [oneway.tcp, oneway.udp])
def test_one_way_messages_are_split_at_the_kernels_stamp(workload: Workload) -> None:
    measurement = workload(CORES[:2], replace(EFFORT, samples=300))
    notes = measurement.notes
    assert measurement.samples is not None
    assert notes["messages"] == 300
    assert notes["lost_messages"] == 0 or workload is oneway.udp
    assert measurement.samples.n == 300 - notes["lost_messages"]
    if "kernel_stamp" in notes:
        assert "none" in notes["kernel_stamp"]
        return
    assert notes["to_kernel_stamp_p50_ns"] > 0
    assert notes["from_kernel_stamp_p50_ns"] > 0


def test_the_split_adds_up_and_unstamped_messages_are_left_out() -> None:
    ticks_per_ns = 2
    meant = [1000, 2000, 3000, 4000]
    there = [tick + 100 for tick in meant]
    stamps = [tick // ticks_per_ns + 20 for tick in meant[:3]] + [0]
    split = oneway.split_at_stamp(meant, there, stamps, first=(0, 0), last=(8000, 4000))
    assert split["stamped"] == 3
    assert (split["to_kernel_stamp_p50_ns"], split["from_kernel_stamp_p99_ns"]) == (20, 30)
    nothing = oneway.split_at_stamp(meant, there, [0] * 4, first=(0, 0), last=(8000, 4000))
    assert "none" in nothing["kernel_stamp"]


@needs_two_cores
def test_the_matrix_holds_every_pair_and_the_thread_goes_home() -> None:
    before = os.sched_getaffinity(0)
    try:
        measurement = cores.matrix(CORES[:1], replace(EFFORT, seconds=60))
        assert os.sched_getaffinity(0) == {CORES[0]}
    finally:
        os.sched_setaffinity(0, before)
    notes = measurement.notes
    assert notes["pairs"] == notes["pairs_measured"] == len(notes["matrix_ns"]) == len(measurement.block_ticks)
    assert min(notes["matrix_ns"].values()) > 1


@pytest.mark.parametrize(
    ("workload", "asked"),
    [
        (tcp.rtt_nodelay, {"TCP_NODELAY"}),
        (tcp.rtt_busy_poll, {"SO_BUSY_POLL"}),
        (tcp.rtt_buffers, {"SO_RCVBUF", "SO_SNDBUF"}),
        (tcp.rtt_keepalive, {"SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL"}),
        (tcp.rtt_quickack, {"TCP_QUICKACK"}),
    ],
)
def test_one_option_is_set_and_no_other(workload: Workload, asked: set[str]) -> None:
    options = workload(CORES[:2], replace(EFFORT, samples=20, blocks=3)).notes["socket_options"]
    assert set(options) == {option.name for option in (*TUNED, QUICKACK)}
    assert {name for name, state in options.items() if not state.endswith("the default")} == asked


def test_named_options_are_those_of_the_chapter() -> None:
    assert [option.number for option in named("TCP_NODELAY")] == [socket.TCP_NODELAY]


def test_datagrams_go_there_and_back() -> None:
    measurement = tcp.udp_rtt(CORES[:2], EFFORT)
    assert measurement.samples is not None
    assert measurement.samples.n > 0
    assert median(measurement.block_ticks) > 0

"""The workloads of the primitives and of TCP measure as much as they were asked to, and say under which conditions."""

from __future__ import annotations

import errno
import importlib
import os
import socket
from dataclasses import replace

import pytest

pytest.importorskip("lltool.kernels.spsc", reason="needs the compiled kernels")
from lltool.bench.catalogue import by_name
from lltool.bench.primitives import PRIMITIVES
from lltool.bench.runner import run_once
from lltool.bench.workload import QUICK, NotApplicable, Workload
from lltool.bench.workloads import book, message, seqlock, spsc, tcp
from lltool.bench.workloads.timebound import MIN_BLOCKS
from lltool.kernels.message import parse_many
from lltool.trading.socket_options import QUICKACK, TUNED, SocketOption, apply, read_back

EFFORT = replace(QUICK, samples=500, blocks=5, seconds=0.05, warm_seconds=0.001, warm_limit_seconds=0.01)
CORES = sorted(os.sched_getaffinity(0))

needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")


@pytest.mark.parametrize("workload", [seqlock.read, book.l2_update, message.parse])
def test_one_core_workloads_measure_in_both_modes(workload: Workload) -> None:
    measurement = workload(CORES[:1], EFFORT)
    assert measurement.samples.n == 500
    assert len(measurement.block_ticks) == 5
    assert measurement.block_ops > 0
    assert min(measurement.block_ticks) > 0
    assert measurement.notes["steady"] in (True, False)


@pytest.mark.parametrize("name", [known.name for known in PRIMITIVES if known.cores_needed <= len(CORES)])
def test_primitives_measure_in_both_modes(name: str) -> None:
    module, _, function = by_name(name).workload.partition(":")
    measurement = getattr(importlib.import_module(module), function)(CORES[:2], EFFORT)
    assert measurement.samples.n == 500
    assert len(measurement.block_ticks) == 5
    assert min(measurement.block_ticks) > 0


@needs_two_cores
def test_hop_is_measured_as_a_round_trip_and_says_so() -> None:
    measurement = spsc.hop(CORES[:2], EFFORT)
    assert measurement.samples.n == 500
    assert len(measurement.block_ticks) == 5
    assert "a hop is half" in measurement.notes["operation"]


def test_hop_is_not_applicable_on_one_core() -> None:
    with pytest.raises(NotApplicable, match="two cores"):
        spsc.hop(CORES[:1], EFFORT)


@pytest.mark.parametrize("workload", [tcp.rtt, tcp.rtt_tuned])
def test_tcp_is_measured_in_both_modes(workload: Workload) -> None:
    measurement = workload(CORES[:2], EFFORT)
    assert 0 < measurement.samples.n <= 500
    assert MIN_BLOCKS <= len(measurement.block_ticks) <= 5
    assert min(measurement.block_ticks) > 0
    assert "peer" not in measurement.notes or len(CORES) < 2


@pytest.mark.parametrize("name", ["tcp.rtt", "tcp.rtt_tuned"])
def test_tcp_runs_on_a_single_core_and_says_so(name: str) -> None:
    run = run_once(by_name(name), CORES[:1], "before", 0, 0, quick=True, hold=False)
    assert run.failed is None
    assert run.samples is not None
    assert "same core" in run.notes["peer"]
    assert run.distance is None


def test_hop_is_not_run_on_a_single_core() -> None:
    run = run_once(by_name("spsc.hop"), CORES[:1], "before", 0, 0, quick=True, hold=False)
    assert run.not_applicable == "needs 2 cores; 1 can be used"


def test_time_ends_a_tcp_run() -> None:
    """A million single round trips would take longer than 20 ms anywhere."""
    measurement = tcp.rtt(CORES[:2], replace(EFFORT, samples=1_000_000, blocks=1_000_000, seconds=0.02))
    assert 0 < measurement.samples.n < 1_000_000
    assert len(measurement.block_ticks) < 1_000_000


def test_default_sockets_are_left_alone() -> None:
    options = tcp.rtt(CORES[:1], EFFORT).notes["socket_options"]
    assert options["TCP_NODELAY"] == "0, the default"
    assert set(options) == {option.name for option in (*TUNED, QUICKACK)}


def test_tuned_sockets_hold_what_the_kernel_granted_at_both_ends() -> None:
    client, server, options = tcp.connected_pair((*TUNED, QUICKACK))
    with client, server:
        for end in (client, server):
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
            assert end.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 10
        held = client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert options["TCP_NODELAY"] == "1"
    assert options["SO_RCVBUF"].startswith(f"{held}, asked for 4194304")


def test_option_that_the_kernel_refuses_is_named_with_its_reason() -> None:
    unknown = SocketOption("SO_NONESUCH", socket.SOL_SOCKET, 9999, 1, "none")
    with socket.socket() as one:
        assert apply(one, [unknown]) == {"SO_NONESUCH": os.strerror(errno.ENOPROTOOPT)}
    negative = next(option for option in TUNED if option.name == "TCP_KEEPIDLE")
    negative = replace(negative, value=-1)
    with socket.socket() as one:
        refused = apply(one, [negative])
        assert read_back(one, [negative], refused)["TCP_KEEPIDLE"] == f"7200, refused -1 ({os.strerror(errno.EINVAL)})"


def test_buffer_clamped_by_a_sysctl_is_told_from_a_granted_one() -> None:
    asked = SocketOption("SO_RCVBUF", socket.SOL_SOCKET, socket.SO_RCVBUF, 2**30, "none")
    with socket.socket() as one:
        refused = apply(one, [asked])
        assert "clamped by net.core.rmem_max" in read_back(one, [asked], refused)["SO_RCVBUF"]


def test_book_stream_ends_where_it_began_and_never_crosses() -> None:
    levels = {(side, price): quantity for side, price, quantity in book.initial_levels()}
    start = dict(levels)
    inserts = changes = deletes = 0
    for side, price, quantity in book.stream():
        assert price < book.MIDDLE if side == book.BID else price > book.MIDDLE
        if quantity == 0:
            del levels[side, price]  # KeyError: the stream deletes a level that is not there
            deletes += 1
        else:
            inserts += (side, price) not in levels
            changes += (side, price) in levels
            levels[side, price] = quantity
    assert levels == start
    assert min(inserts, changes, deletes) > book.UPDATES / 10


def test_generated_messages_are_all_good() -> None:
    assert parse_many(message.messages()) == (message.MESSAGES, None)

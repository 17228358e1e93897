"""The loops of the machine's own latencies: turns, counters, faults, reads and messages are counted and checked."""

from __future__ import annotations

import itertools
import os
import resource
import socket
from array import array
from pathlib import Path

import pytest

pytest.importorskip("lltool.kernels.loops.handoff", reason="needs the compiled kernels")
from lltool.bench.peer import peer_thread
from lltool.kernels.loops import gaps, oneway, storage, syscalls, timer, wakeup
from lltool.kernels.loops.chase import Chase
from lltool.kernels.loops.handoff import Handoff
from lltool.kernels.loops.sharing import Counters
from lltool.kernels.memory import Mapping
from lltool.kernels.placement import bind_memory
from lltool.kernels.recorder import Recorder

CORES = sorted(os.sched_getaffinity(0))
SLEEPING = ("condvar", "futex", "eventfd", "pipe")

needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores")


@pytest.mark.parametrize("means", SLEEPING)
def test_turns_come_back_and_the_game_ends(means: str) -> None:
    game, recorder = Handoff(means), Recorder(50)  # type: ignore[arg-type]
    with peer_thread(CORES[-1], game.answer, game.stop):
        assert game.block(50) > 0
        game.each(recorder, 50)
    assert recorder.count == 50
    assert min(recorder.ticks()) > 0


@needs_two_cores
@pytest.mark.parametrize("means", ["spin", "mutex"])
def test_polled_turns_come_back_too(means: str) -> None:
    game = Handoff(means)  # type: ignore[arg-type]
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {CORES[0]})
        with peer_thread(CORES[1], game.answer, game.stop):
            assert game.block(100) > 0
    finally:
        os.sched_setaffinity(0, before)


def test_a_game_closes_its_descriptors() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        Handoff("pipe")
        Handoff("eventfd")
    assert len(os.listdir("/proc/self/fd")) == before


def test_an_unknown_means_and_a_lack_of_descriptors_are_refused() -> None:
    with pytest.raises(ValueError, match="not one of"):
        Handoff("letter")  # type: ignore[arg-type]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")), hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            [Handoff("pipe") for _ in range(4)]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("distance", [8, 64, 128])
def test_no_increment_is_lost(distance: int) -> None:
    counters, recorder = Counters(distance), Recorder(10)
    with peer_thread(CORES[-1], counters.hammer, counters.stop):
        counters.block(1000)
        counters.each(recorder, 10)
    own, other = counters.counts
    assert own == 1010
    assert other >= 0
    assert recorder.count == 10


@pytest.mark.parametrize("distance", [0, 4, 12, 264])
def test_counters_that_overlap_or_lie_too_far_apart_are_refused(distance: int) -> None:
    with pytest.raises(ValueError, match="distance"):
        Counters(distance)


def test_every_first_touch_is_a_fault_and_no_second_one() -> None:
    faults, recorder = syscalls.Faults(Mapping(2 << 20, "4k")), Recorder(512)
    assert faults.pages == 512

    def minor_faults() -> int:
        return resource.getrusage(resource.RUSAGE_THREAD).ru_minflt

    faults.give_back()
    before = minor_faults()
    faults.each(recorder, 512)
    first = minor_faults() - before
    faults.block(512)
    assert 512 <= first <= 600
    assert minor_faults() - before - first < 100
    assert recorder.count == 512


def test_faults_need_small_pages_and_stay_inside() -> None:
    with pytest.raises(ValueError, match="'4k'"):
        syscalls.Faults(Mapping(2 << 20, "thp"))
    with pytest.raises(ValueError, match="more than the mapping"):
        syscalls.Faults(Mapping(2 << 20, "4k")).block(513)


def test_calls_are_counted() -> None:
    recorder = Recorder(10)
    syscalls.call_each(recorder, 10)
    timer.clock_each(recorder, 5, 1)
    assert (recorder.count, recorder.lost) == (10, 5)
    assert syscalls.call_block(100) > 0


def test_reads_are_those_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a" * 4096 + b"b" * 4096)
    buffer, recorder = Mapping(4096, "4k"), Recorder(2)
    with path.open("rb") as file:
        storage.read_each(file.fileno(), buffer, 4096, array("q", [0, 4096]), recorder)
        assert bytes(memoryview(buffer)[:2]) == b"bb"
        assert recorder.count == 2
        with pytest.raises(OSError, match="pread"):
            storage.read_each(file.fileno(), buffer, 4096, array("q", [8192]), recorder)
        with pytest.raises(ValueError, match="do not fit"):
            storage.read_each(file.fileno(), buffer, 4 << 20, array("q", [0]), recorder)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_messages_carry_the_tick_they_were_due(kind: socket.SocketKind) -> None:
    sender, receiver = socket.socketpair(socket.AF_UNIX, kind)
    intended, received, stamped = Recorder(20), Recorder(20), Recorder(20)
    with sender, receiver:
        oneway.send_scheduled(sender.fileno(), 20, 10_000)
        oneway.receive_stamped(receiver.fileno(), 20, intended, received, stamped)
    due = intended.ticks()
    assert [late - early for early, late in itertools.pairwise(due)] == [10_000] * 19
    assert all(there >= meant for there, meant in zip(received.ticks(), due, strict=True))
    assert list(stamped.ticks()) == [0] * 20  # nobody asked the kernel for stamps


def test_the_end_of_the_stream_ends_the_reception() -> None:
    sender, receiver = socket.socketpair()
    intended = Recorder(5)
    with receiver:
        with sender:
            oneway.send_scheduled(sender.fileno(), 3, 1000)
        oneway.receive_stamped(receiver.fileno(), 5, intended, Recorder(5), Recorder(5))
    assert intended.count == 3


def test_a_sender_that_stops_within_a_message_is_an_error() -> None:
    sender, receiver = socket.socketpair()
    with receiver:
        with sender:
            sender.send(bytes(63))
        with pytest.raises(ConnectionResetError, match="within a message"):
            oneway.receive_stamped(receiver.fileno(), 1, Recorder(1), Recorder(1), Recorder(1))


def test_spinning_wake_ups_are_recorded_and_missed_ones_counted() -> None:
    recorder = Recorder(1000)
    assert wakeup.spin(recorder, 1000, 1) > 900
    ticks = recorder.ticks()
    assert ticks[-1] > ticks[0]
    with pytest.raises(ValueError, match="not positive"):
        wakeup.spin(Recorder(1), 1, 0)
    with pytest.raises(ValueError, match="no room"):
        wakeup.spin(recorder, 1, 10)


def test_a_gap_is_recorded_with_its_start() -> None:
    lengths, starts = Recorder(100_000), Recorder(100_000)
    watched = gaps.watch(lengths, 100_000, 0, starts)
    ends = [start + length for start, length in zip(starts.ticks(), lengths.ticks(), strict=True)]
    assert starts.count == lengths.count
    assert list(starts.ticks()[1:]) == ends[:-1]
    assert ends[-1] - starts.ticks()[0] == watched


def test_flushed_lines_come_back_slower() -> None:
    chase, recorder = Chase(Mapping(16 * 1024, "4k"), 16 * 1024), Recorder(40)
    chase.cycle_length()
    for _ in range(20):
        chase.block(recorder, 128)
    for _ in range(20):
        chase.flush(128)
        chase.block(recorder, 128)
    ticks = recorder.ticks()
    assert min(ticks[20:]) > 3 * min(ticks[:20])


def test_memory_comes_from_the_node_that_was_named() -> None:
    if not os.path.isdir("/sys/devices/system/node/node0"):
        pytest.skip("needs NUMA in the kernel")
    child = os.fork()
    if child == 0:
        bind_memory(0)
        Mapping(2 << 20, "4k")
        bound = [line for line in Path("/proc/self/numa_maps").read_text().splitlines() if " bind:0 " in line]
        os._exit(0 if bound else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize(("node", "error"), [(-1, ValueError), (1024, ValueError), (1000, OSError)])
def test_a_node_that_is_not_there_is_refused(node: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        bind_memory(node)

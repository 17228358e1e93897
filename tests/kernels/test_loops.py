"""The loops measure what they say, count what went wrong, and end."""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
from lltool.kernels import l2_book, message, recorder
from lltool.kernels import seqlock as seqlock_kernel
from lltool.kernels.loops import book, hop, parse, seqlock, tcp

Ends = tuple[socket.socket, socket.socket]
Update = tuple[int, int, int]

needs_two_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="needs two cores: both threads of a hop spin"
)


@contextmanager
def thread(run: Callable[[], None], stop: Callable[[], object]) -> Iterator[list[BaseException]]:
    """``run`` in a thread for the length of the block; what it raised is raised here."""
    raised: list[BaseException] = []

    def catch() -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            raised.append(error)

    running = threading.Thread(target=catch)
    running.start()
    try:
        yield raised
    finally:
        stop()
        running.join(60)
    assert not running.is_alive()


@needs_two_cores
def test_every_hop_comes_back() -> None:
    allowed = os.sched_getaffinity(0)
    here, there = sorted(allowed)[:2]
    pair = hop.Hop()
    samples = recorder.Recorder(200)

    def echo() -> None:
        os.sched_setaffinity(0, {there})
        pair.echo()

    os.sched_setaffinity(0, {here})
    try:
        with thread(echo, pair.stop) as raised:
            assert pair.block(200) > 0
            pair.each(samples, 200)
    finally:
        os.sched_setaffinity(0, allowed)
    assert raised == []
    assert (samples.count, samples.lost) == (200, 0)
    assert min(samples.ticks()) > 0


def test_hop_without_an_answer_ends() -> None:
    pair = hop.Hop(limit_seconds=0.001)
    with pytest.raises(TimeoutError, match="no answer from the other core"):
        pair.block(1)
    with pytest.raises(TimeoutError):
        pair.each(recorder.Recorder(1), 1)


def test_echo_stops_when_told_before_it_starts() -> None:
    pair = hop.Hop()
    pair.stop()
    pair.echo()


def test_seqlock_reads_are_stable_without_a_writer() -> None:
    lock = seqlock_kernel.Seqlock(seqlock.PAYLOAD_SIZE)
    samples = recorder.Recorder(100)
    ticks, stable = seqlock.block(lock, 1000)
    assert ticks > 0
    assert stable == 1000
    assert seqlock.each(lock, samples, 100) == samples.count == 100


def test_seqlock_loop_reads_its_payload_only() -> None:
    with pytest.raises(ValueError, match="payload of 8 bytes: this loop reads 32"):
        seqlock.block(seqlock_kernel.Seqlock(8), 1)


def test_parse_loop_goes_round_and_counts_bad_messages() -> None:
    good, bad = message.pack(1, 2, 3, 4, 5), bytes(29)
    samples = recorder.Recorder(7)
    assert parse.block(good * 3, 10)[1] == 10
    assert parse.block(good + bad + good, 9)[1] == 6
    assert parse.each(good + bad, samples, 7) == 4
    assert samples.count == 7


def test_parse_loop_stays_within_the_buffer() -> None:
    assert parse.block(b"", 10)[1] == 0
    assert parse.block(message.pack(1, 2, 3, 4, 5)[:28], 10)[1] == 0


def test_book_loop_goes_on_where_it_ended() -> None:
    stream = book.Stream([(l2_book.BID, 10, 1), (l2_book.ASK, 12, 2), (l2_book.BID, 11, 3), (l2_book.BID, 11, 0)])
    one = l2_book.L2Book()
    samples = recorder.Recorder(2)
    assert len(stream) == 4
    assert stream.block(one, 3) > 0
    assert (one.best_bid, one.best_ask) == ((11, 3), (12, 2))
    stream.each(one, samples, 2)
    assert (one.best_bid, samples.count) == ((10, 1), 2)


@pytest.mark.parametrize(
    ("updates", "error"), [([], ValueError), ([(2, 1, 1)], ValueError), ([(0, 2**63, 1)], OverflowError)]
)
def test_stream_refuses_what_a_book_cannot_take(updates: list[Update], error: type[Exception]) -> None:
    with pytest.raises(error):
        book.Stream(updates)


@pytest.fixture(params=["tcp", "unix"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    if request.param == "unix":
        client, server = socket.socketpair()
    else:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
    with client, server:
        yield client, server


def closing(connection: socket.socket) -> Callable[[], None]:
    return lambda: connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("size", [1, 64, 1 << 20])
def test_messages_go_there_and_back(ends: Ends, size: int) -> None:
    """A megabyte does not fit the socket's buffers: sends and receives are short."""
    client, server = ends
    trips = 3 if size > 64 else 200
    samples = recorder.Recorder(trips)
    with thread(lambda: tcp.echo(server.fileno(), size), closing(client)) as raised:
        assert tcp.block(client.fileno(), size, trips) > 0
        tcp.each(client.fileno(), size, samples, trips)
    assert raised == []
    assert samples.count == trips


def test_answer_in_pieces_is_one_message(ends: Ends) -> None:
    client, server = ends

    def answer_in_pieces() -> None:
        request = server.recv(64, socket.MSG_WAITALL)
        for byte in request:
            server.send(bytes([byte]))

    samples = recorder.Recorder(2)
    with thread(answer_in_pieces, lambda: None):
        tcp.each(client.fileno(), 64, samples, 1)
    assert samples.count == 1


def test_closed_peer_is_an_error(ends: Ends) -> None:
    client, server = ends
    server.close()
    with pytest.raises(OSError) as caught:  # noqa: PT011 - which of the two depends on the kernel's timing
        tcp.block(client.fileno(), 64, 3)
    assert caught.value.errno in (errno.ECONNRESET, errno.EPIPE)


def test_echo_reports_a_message_cut_short(ends: Ends) -> None:
    client, server = ends
    client.send(bytes(63))
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError):
        tcp.echo(server.fileno(), 64)


def test_echo_ends_quietly_between_messages(ends: Ends) -> None:
    client, server = ends
    client.shutdown(socket.SHUT_WR)
    tcp.echo(server.fileno(), 64)


def test_signals_do_not_break_a_round_trip(ends: Ends) -> None:
    client, server = ends
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    samples = recorder.Recorder(20_000)
    try:
        with thread(lambda: tcp.echo(server.fileno(), 64), closing(client)) as raised:
            signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
            while len(seen) < 20 and samples.count < 20_000:
                tcp.each(client.fileno(), 64, samples, 100)
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert raised == []
    assert seen
    assert samples.count % 100 == 0


def test_quick_acknowledgement_is_refused_by_name_where_there_is_none() -> None:
    client, server = socket.socketpair()
    with (
        client,
        server,
        thread(lambda: tcp.echo(server.fileno(), 64), closing(client)),
        pytest.raises(OSError) as caught,  # noqa: PT011 - the number is checked below
    ):
        tcp.block(client.fileno(), 64, 1, quickack=True)
    assert caught.value.errno == errno.EOPNOTSUPP


def test_descriptor_that_is_none_is_an_error() -> None:
    with pytest.raises(OSError) as caught:  # noqa: PT011 - the number is checked below
        tcp.block(-1, 64, 1)
    assert caught.value.errno == errno.EBADF


def test_message_has_at_least_one_byte() -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        tcp.block(0, 0, 1)

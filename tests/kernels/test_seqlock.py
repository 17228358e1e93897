"""The seqlock from Python."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

seqlock = pytest.importorskip("lltool.kernels.seqlock", reason="needs the compiled kernels")


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=3))
def test_readers_get_what_was_written_last(payloads: list[bytes]) -> None:
    for payload in payloads:
        lock = seqlock.Seqlock(len(payload))
        assert lock.try_read() == bytes(len(payload))
        lock.write(payload)
        assert lock.try_read() == lock.read() == payload
        lock.write(payload[::-1])
        assert lock.try_read() == payload[::-1]


@pytest.mark.parametrize("payload", [b"", b"1234567", b"123456789"])
def test_payload_of_another_size_is_refused(payload: bytes) -> None:
    lock = seqlock.Seqlock(8)
    lock.write(b"original")
    with pytest.raises(ValueError, match=f"payload of {len(payload)} bytes"):
        lock.write(payload)
    assert lock.read() == b"original"


def test_read_ends_while_the_writer_stands_still_in_a_write() -> None:
    lock = seqlock.Seqlock(8)
    lock.write(b"original")
    # Behind the object's header lies the table of its C methods, then the pointer at the lock: its sequence is first.
    pointer = ctypes.c_uint64.from_address(id(lock) + object.__basicsize__ + 8).value
    sequence = ctypes.c_uint64.from_address(pointer)
    assert sequence.value == 2
    sequence.value = 3
    assert lock.try_read() is None
    with pytest.raises(BlockingIOError, match="no stable copy in 10 attempts"):
        lock.read(10)
    sequence.value = 4
    assert lock.read(1) == b"original"


@pytest.mark.parametrize("size", [0, -1])
def test_payload_has_at_least_one_byte(size: int) -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        seqlock.Seqlock(size)


@pytest.mark.parametrize("size", [2**63 - 1, 2**64 - 1, 2**200])
def test_payload_larger_than_memory_is_refused(size: int) -> None:
    with pytest.raises(MemoryError):
        seqlock.Seqlock(size)


@pytest.mark.parametrize("tries", [0, -1])
def test_read_needs_an_attempt(tries: int) -> None:
    with pytest.raises(ValueError, match="at least one attempt"):
        seqlock.Seqlock(8).read(tries)


@pytest.fixture
def memory() -> Iterator[int]:
    fd = os.memfd_create("seqlock")
    yield fd
    os.close(fd)


def test_two_mappings_of_a_file_are_one_lock(memory: int) -> None:
    ours = seqlock.Seqlock.create(memory, 61)
    theirs = seqlock.Seqlock.attach(memory)
    assert theirs.payload_size == 61
    ours.write(b"x" * 61)
    assert theirs.read() == b"x" * 61
    with pytest.raises(BufferError, match=f"process {os.getpid()} writes this lock"):
        theirs.write(bytes(61))
    del ours
    theirs.write(b"y" * 61)
    assert theirs.read() == b"y" * 61


def test_memory_that_is_no_lock_is_refused(memory: int) -> None:
    with pytest.raises(BufferError, match="empty"):
        seqlock.Seqlock.attach(memory)
    os.truncate(memory, 4096)
    with pytest.raises(BufferError, match="no whole lock"):
        seqlock.Seqlock.attach(memory)
    os.truncate(memory, 0)
    seqlock.Seqlock.create(memory, 8)
    os.pwrite(memory, b"\x02", 8)
    with pytest.raises(BufferError, match="this version"):
        seqlock.Seqlock.attach(memory)
    os.pwrite(memory, b"\x01" + bytes(7) + b"\xff\xff", 8)
    with pytest.raises(BufferError, match="no whole lock"):
        seqlock.Seqlock.attach(memory)


WRITE_FOR_EVER = """
import sys
from lltool.kernels.seqlock import Seqlock
lock = Seqlock.attach(int(sys.argv[1]))
number = int(sys.argv[2])
while True:
    number += 1
    lock.write(number.to_bytes(8, "little") * 500)
"""


def test_a_writer_killed_at_any_point_leaves_no_torn_payload(memory: int) -> None:
    lock = seqlock.Seqlock.create(memory, 4000)
    last = 0
    for _ in range(5):
        command = [sys.executable, "-c", WRITE_FOR_EVER, str(memory), str(last)]
        with subprocess.Popen(command, pass_fds=[memory]) as child:
            first = last
            while last < first + 200:
                payload = lock.try_read()
                if payload is not None:
                    assert payload == payload[:8] * 500
                    last = int.from_bytes(payload[:8], "little")
            child.send_signal(signal.SIGKILL)
        payload = lock.try_read()  # None where it died within a write
        assert payload is None or payload == payload[:8] * 500
    lock.write(b"\1" * 4000)
    assert lock.read(1) == b"\1" * 4000


def test_the_next_writer_goes_on_where_one_died_within_a_write(memory: int) -> None:
    lock = seqlock.Seqlock.create(memory, 8)
    lock.write(b"original")
    del lock
    os.pwrite(memory, (3).to_bytes(8, "little"), 128)
    heir = seqlock.Seqlock.attach(memory)
    assert heir.try_read() is None
    heir.write(b"replaced")
    assert heir.read(1) == b"replaced"
    assert os.pread(memory, 1, 128) == b"\x04"

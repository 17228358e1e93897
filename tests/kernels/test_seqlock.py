"""The seqlock from Python."""

from __future__ import annotations

import ctypes

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
    # The first word of the object behind its header points at the lock, the sequence is its first word.
    sequence = ctypes.c_uint64.from_address(ctypes.c_uint64.from_address(id(lock) + object.__basicsize__).value)
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

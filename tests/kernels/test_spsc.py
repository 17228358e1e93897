"""The ring from Python, against a deque."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

spsc = pytest.importorskip("lltool.kernels.spsc", reason="needs the compiled kernels")


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (2, 2), (3, 4), (4, 4), (1000, 1024)])
def test_capacity_is_the_next_power_of_two_and_every_slot_is_usable(asked: int, given: int) -> None:
    ring = spsc.SpscRing(asked, 8)
    assert ring.capacity == given
    assert [ring.try_push(number.to_bytes(8)) for number in range(given + 1)] == [True] * given + [False]
    assert ring.is_full
    assert len(ring) == given


def test_ring_of_one_passes_records_for_ever() -> None:
    ring = spsc.SpscRing(1, 1)
    for number in range(1000):
        record = bytes([number % 256])
        assert ring.try_push(record)
        assert ring.try_pop() == record
    assert ring.is_empty


@pytest.mark.parametrize("size", [1, 3, 29, 64, 65, 4096])
def test_records_of_any_size_come_back_whole(size: int) -> None:
    ring = spsc.SpscRing(4, size)
    records = [bytes((start + step) % 256 for step in range(size)) for start in range(4)]
    assert all(ring.try_push(record) for record in records)
    assert [ring.try_pop() for _ in range(5)] == [*records, None]


@pytest.mark.parametrize("record", [b"", b"1234567", b"123456789"])
def test_record_of_another_size_is_refused(record: bytes) -> None:
    ring = spsc.SpscRing(2, 8)
    with pytest.raises(ValueError, match=f"record of {len(record)} bytes"):
        ring.try_push(record)
    assert ring.is_empty


def test_any_contiguous_buffer_is_a_record() -> None:
    ring = spsc.SpscRing(4, 4)
    assert ring.try_push(bytearray(b"abcd"))
    assert ring.try_push(memoryview(b"xxefghxx")[2:6])
    assert [ring.try_pop(), ring.try_pop()] == [b"abcd", b"efgh"]
    with pytest.raises(BufferError):
        ring.try_push(memoryview(b"a.b.c.d.")[::2])
    with pytest.raises(TypeError):
        ring.try_push("abcd")


@pytest.mark.parametrize("arguments", [(0, 8), (-1, 8), (8, 0), (8, -1)])
def test_nothing_fits_below_one(arguments: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        spsc.SpscRing(*arguments)


@pytest.mark.parametrize("arguments", [(2**63, 8), (2**63 + 1, 1), (2**200, 1), (1, 2**200), (2**40, 2**40)])
def test_ring_larger_than_memory_is_refused(arguments: tuple[int, int]) -> None:
    with pytest.raises(MemoryError):
        spsc.SpscRing(*arguments)


class RingAgainstDeque(RuleBasedStateMachine):
    @initialize(capacity=st.integers(1, 9), size=st.integers(1, 17))
    def create(self, capacity: int, size: int) -> None:
        self.ring = spsc.SpscRing(capacity, size)
        self.model = deque()
        self.size = size

    @rule(data=st.data())
    def push(self, data: st.DataObject) -> None:
        record = data.draw(st.binary(min_size=self.size, max_size=self.size))
        room = len(self.model) < self.ring.capacity
        assert self.ring.try_push(record) == room
        if room:
            self.model.append(record)

    @rule()
    def pop(self) -> None:
        assert self.ring.try_pop() == (self.model.popleft() if self.model else None)

    @invariant()
    def knows_its_length(self) -> None:
        if hasattr(self, "ring"):
            assert len(self.ring) == len(self.model)
            assert self.ring.is_empty == (not self.model)
            assert self.ring.is_full == (len(self.model) == self.ring.capacity)


TestRingAgainstDeque = RingAgainstDeque.TestCase
TestRingAgainstDeque.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)

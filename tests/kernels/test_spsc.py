"""The ring from Python, against a deque."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

spsc = pytest.importorskip("lltool.kernels.spsc", reason="needs the compiled kernels")


LAYOUTS = [spsc.SEQUENCED, spsc.INDEXED]
layouts = st.sampled_from(LAYOUTS)
TICK = np.dtype([("price", "<i8"), ("quantity", "<u4")])


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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_is_as_asked_and_an_unknown_one_refused(layout: str) -> None:
    assert spsc.SpscRing(4, 8, layout).layout == layout
    with pytest.raises(ValueError, match="layout 'linked' is neither"):
        spsc.SpscRing(4, 8, "linked")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_go_in_and_come_out_in_batches(layout: str) -> None:
    ring = spsc.SpscRing(4, TICK, layout)
    ticks = np.array([(100 + at, at) for at in range(6)], TICK)
    assert (ring.dtype, ring.record_size) == (TICK, 12)
    assert ring.push_batch(ticks) == 4
    out = np.zeros(3, TICK)
    assert ring.pop_batch(out) == 3
    assert out.tolist() == ticks[:3].tolist()
    assert ring.push_batch(ticks[4:]) == 2
    rest = ring.drain()
    assert rest.dtype == TICK
    assert rest.tolist() == ticks[3:].tolist()


def test_a_part_of_a_record_is_refused_in_batches() -> None:
    ring = spsc.SpscRing(4, 8)
    with pytest.raises(ValueError, match="9 bytes are not a whole number"):
        ring.push_batch(bytes(9))
    with pytest.raises(ValueError, match="7 bytes are not a whole number"):
        ring.pop_batch(bytearray(7))
    with pytest.raises(BufferError):
        ring.pop_batch(bytes(8))


def test_a_record_of_references_is_refused() -> None:
    with pytest.raises(ValueError, match="references"):
        spsc.SpscRing(4, np.dtype(object))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_records_are_built_and_read_in_place(layout: str) -> None:
    ring = spsc.SpscRing(2, TICK, layout)
    producer, consumer = ring.producer(), ring.consumer()
    for round_number in range(5):
        slot = producer.reserve()
        np.frombuffer(slot, TICK)["price"] = round_number
        assert consumer.peek() is None
        producer.commit()
        seen = consumer.peek()
        assert seen.readonly
        assert np.frombuffer(seen, TICK)["price"][0] == round_number
        assert consumer.peek() == seen
        consumer.release()
    for step in (producer.commit, consumer.release):
        with pytest.raises(BufferError, match="without a"):
            step()


def test_push_between_reserve_and_commit_is_refused() -> None:
    producer = spsc.SpscRing(2, 8).producer()
    producer.reserve()
    with pytest.raises(BufferError, match="commit it first"):
        producer.try_push(bytes(8))
    producer.commit()
    producer.try_push(bytes(8))
    assert producer.reserve() is None


def test_a_side_is_given_out_once() -> None:
    ring = spsc.SpscRing(2, 1)
    producer, consumer = ring.producer(), ring.consumer()
    for again in (ring.producer, ring.consumer, lambda: ring.try_push(b"x"), ring.try_pop, ring.drain):
        with pytest.raises(BufferError, match="given out"):
            again()
    assert producer.try_push(b"x")
    assert consumer.try_pop() == b"x"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_closed_ring_refuses_pushes_and_can_be_emptied(layout: str) -> None:
    ring = spsc.SpscRing(4, 1, layout)
    producer, consumer = ring.producer(), ring.consumer()
    producer.push_batch(b"abc")
    assert not consumer.is_closed
    producer.close()
    for push in (lambda: producer.try_push(b"d"), lambda: producer.push_batch(b"d"), producer.reserve):
        with pytest.raises(ValueError, match="closed"):
            push()
    assert (ring.is_closed, consumer.is_closed, consumer.try_pop(), consumer.drain()) == (True, True, b"a", b"bc")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_python_threads_pass_arrays_in_order(layout: str) -> None:
    ring = spsc.SpscRing(64, np.uint64, layout)
    numbers = np.arange(20_000, dtype=np.uint64)
    producer, consumer = ring.producer(), ring.consumer()

    def produce() -> None:
        done = 0
        while done < len(numbers):
            done += producer.push_batch(numbers[done : done + 100])
        producer.close()

    thread = threading.Thread(target=produce)
    thread.start()
    got, buffer = [], np.zeros(37, np.uint64)
    while True:
        closed = consumer.is_closed
        count = consumer.pop_batch(buffer)
        got += buffer[:count].tolist()
        if closed and not count:
            break
    thread.join(30)
    assert got == numbers.tolist()


@pytest.fixture
def memory() -> Iterator[int]:
    fd = os.memfd_create("ring")
    yield fd
    os.close(fd)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_two_mappings_of_a_file_are_one_ring(memory: int, layout: str) -> None:
    ours = spsc.SpscRing.create(memory, 3, TICK, layout)
    theirs = spsc.SpscRing.attach(memory, TICK)
    assert (theirs.capacity, theirs.record_size, theirs.layout, theirs.dtype) == (4, 12, layout, TICK)
    assert ours.push_batch(np.ones(3, TICK)) == 3
    assert theirs.drain().tolist() == [(1, 1)] * 3
    assert (len(ours), len(theirs)) == (0, 0)
    with pytest.raises(BufferError, match=f"process {os.getpid()} pushes"):
        theirs.try_push(bytes(12))
    with pytest.raises(BufferError, match=f"process {os.getpid()} pops"):
        ours.consumer()
    del theirs
    assert ours.try_pop() is None


HEADER = struct.Struct("<Q I I Q Q Q")


@pytest.mark.parametrize(
    ("field", "value", "cause"),
    [
        (0, 7, "no ring in it"),
        (1, 99, "another version"),
        (2, 5, "contradict"),
        (3, 3, "contradict"),
        (3, 2**40, "shorter than the ring"),
        (4, 0, "contradict"),
        (4, 2**63, "contradict"),
        (5, 1, "contradict"),
    ],
)
def test_memory_that_is_not_such_a_ring_is_refused(memory: int, field: int, value: int, cause: str) -> None:
    spsc.SpscRing.create(memory, 4, 8)
    header = list(HEADER.unpack(os.pread(memory, HEADER.size, 0)))
    header[field] = value
    os.pwrite(memory, HEADER.pack(*header), 0)
    with pytest.raises(BufferError, match=cause):
        spsc.SpscRing.attach(memory)


def test_indices_that_cannot_be_are_refused(memory: int) -> None:
    spsc.SpscRing.create(memory, 4, 8, spsc.INDEXED)
    os.pwrite(memory, (5).to_bytes(8, "little"), 2 * 128)
    with pytest.raises(BufferError, match="further apart than its capacity"):
        spsc.SpscRing.attach(memory)


def test_short_full_and_foreign_files_are_refused(memory: int) -> None:
    with pytest.raises(BufferError, match="shorter"):
        spsc.SpscRing.attach(memory)
    spsc.SpscRing.create(memory, 4, 8)
    with pytest.raises(FileExistsError, match="an empty one is needed"):
        spsc.SpscRing.create(memory, 4, 8)
    with pytest.raises(BufferError, match="records have 8 bytes, not 12"):
        spsc.SpscRing.attach(memory, TICK)
    os.truncate(memory, 600)
    with pytest.raises(BufferError, match="shorter"):
        spsc.SpscRing.attach(memory)
    with pytest.raises(OSError, match="Bad file descriptor"):
        spsc.SpscRing.attach(-1)


PUSH_FOR_EVER = """
import sys
from lltool.kernels.spsc import SpscRing
ring = SpscRing.attach(int(sys.argv[1]))
number = int(sys.argv[2])
while True:
    number += ring.try_push(number.to_bytes(8, "little") * 5)
"""

POP_FOR_EVER = """
import sys
from lltool.kernels.spsc import SpscRing
ring = SpscRing.attach(int(sys.argv[1]))
while True:
    if ring.try_pop():
        sys.stdout.write(".")
        sys.stdout.flush()
"""


def number_of(record: bytes) -> int:
    assert record == record[:8] * 5, "torn"
    return int.from_bytes(record[:8], "little")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_producer_killed_at_any_point_leaves_a_whole_ring_to_the_next(memory: int, layout: str) -> None:
    ring = spsc.SpscRing.create(memory, 8, 40, layout)
    expected = 0
    for _ in range(6):
        command = [sys.executable, "-c", PUSH_FOR_EVER, str(memory), str(expected)]
        with subprocess.Popen(command, pass_fds=[memory]) as child:
            target = expected + 500
            while expected < target:
                record = ring.try_pop()
                if record is not None:
                    assert number_of(record) == expected
                    expected += 1
            child.send_signal(signal.SIGKILL)
        while (record := ring.try_pop()) is not None:
            assert number_of(record) == expected
            expected += 1
    assert ring.is_empty
    assert ring.try_push(expected.to_bytes(8, "little") * 5)  # the dead process's side can be taken


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_consumer_killed_at_any_point_loses_nothing_that_it_did_not_take(memory: int, layout: str) -> None:
    ring = spsc.SpscRing.create(memory, 8, 40, layout)
    number = 0
    for _ in range(4):
        command = [sys.executable, "-c", POP_FOR_EVER, str(memory)]
        with subprocess.Popen(command, pass_fds=[memory], stdout=subprocess.PIPE) as child:
            first = number
            while number < first + 200:
                number += ring.try_push(number.to_bytes(8, "little") * 5)
            child.send_signal(signal.SIGKILL)
            told = len(child.stdout.read())
        assert number - first - told <= 8 + 1  # what is in the ring, and one it took without telling
        first_left = number - len(ring)
        heir = spsc.SpscRing.attach(memory)
        left = [number_of(heir.try_pop()) for _ in range(len(ring))]
        assert left == list(range(first_left, number))
        assert heir.try_pop() is None
        del heir


@pytest.mark.parametrize(("stored", "resumes_at"), [(3, 3), (2, 3), (1, 3)])
def test_records_sent_without_their_index_are_counted_by_the_next_producer(
    memory: int, stored: int, resumes_at: int
) -> None:
    """A sequenced record is sent by its own number: a producer that died right behind it has sent it."""
    ring = spsc.SpscRing.create(memory, 4, 8)
    assert ring.push_batch(bytes(24)) == 3
    del ring
    os.pwrite(memory, stored.to_bytes(8, "little"), 2 * 128)
    heir = spsc.SpscRing.attach(memory)
    assert heir.push_batch(b"\1" * 16) == 4 - resumes_at
    assert len(heir.drain()) == 32


class RingAgainstDeque(RuleBasedStateMachine):
    @initialize(capacity=st.integers(1, 9), size=st.integers(1, 17), layout=layouts)
    def create(self, capacity: int, size: int, layout: str) -> None:
        self.ring = spsc.SpscRing(capacity, size, layout)
        self.model = deque()
        self.size = size

    @rule(data=st.data())
    def push(self, data: st.DataObject) -> None:
        record = data.draw(st.binary(min_size=self.size, max_size=self.size))
        room = len(self.model) < self.ring.capacity
        assert self.ring.try_push(record) == room
        if room:
            self.model.append(record)

    @rule(data=st.data(), count=st.integers(0, 12))
    def push_batch(self, data: st.DataObject, count: int) -> None:
        records = data.draw(st.binary(min_size=self.size * count, max_size=self.size * count))
        taken = min(count, self.ring.capacity - len(self.model))
        assert self.ring.push_batch(records) == taken
        self.model += [records[at * self.size : (at + 1) * self.size] for at in range(taken)]

    @rule(count=st.integers(0, 12))
    def pop_batch(self, count: int) -> None:
        buffer = bytearray(count * self.size)
        taken = self.ring.pop_batch(buffer)
        assert taken == min(count, len(self.model))
        assert bytes(buffer[: taken * self.size]) == b"".join(self.model.popleft() for _ in range(taken))

    @rule()
    def drain(self) -> None:
        assert self.ring.drain() == b"".join(self.model)
        self.model.clear()

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

"""Pools against a set of live handles, and what the chapter's pool gets wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

pool_kernel = pytest.importorskip("lltool.kernels.pool", reason="needs the compiled kernels")

ORDER = np.dtype([("price", "<i8"), ("quantity", "<u4"), ("side", "u1")])

POOLS = [pool_kernel.ObjectPool, pool_kernel.SharedObjectPool]
Pool = Callable[[int, Any], Any]


@pytest.mark.parametrize("make", POOLS)
def test_every_record_is_given_out_once_and_then_none(make: Pool) -> None:
    pool = make(5, 24)
    handles = [pool.acquire() for _ in range(6)]
    assert handles[5] is None
    assert len(set(handles[:5])) == 5
    pool.release(handles[2])
    assert pool.acquire() is not None
    assert pool.acquire() is None


@pytest.mark.parametrize("make", POOLS)
def test_a_handle_is_released_once(make: Pool) -> None:
    pool = make(2, 8)
    handle = pool.acquire()
    pool.release(handle)
    for use in (pool.release, pool.view):
        with pytest.raises(ValueError, match="released before"):
            use(handle)
    again = pool.acquire()  # the same record
    assert again != handle
    with pytest.raises(ValueError, match="released before"):
        pool.release(handle)
    assert pool.is_live(again)


@pytest.mark.parametrize("make", POOLS)
@pytest.mark.parametrize("capacity", [1, 2, 3, 4])
def test_a_number_that_is_no_handle_is_refused(make: Pool, capacity: int) -> None:
    pool = make(capacity, 8)
    numbers = [*range(64), *(2**bits - 1 for bits in range(7, 65)), *range(2**40, 2**40 + 6)]
    for _ in range(3):  # nothing in use yet, then records that were
        for number in numbers:
            assert not pool.is_live(number), number
            with pytest.raises(ValueError, match="not of a record in use"):
                pool.release(number)
        for handle in [pool.acquire() for _ in range(capacity)]:
            pool.release(handle)


@pytest.mark.parametrize("make", POOLS)
def test_the_next_handle_of_a_free_record_is_refused_until_it_is_given_out(make: Pool) -> None:
    pool = make(1, 8)
    first = pool.acquire()
    pool.release(first)
    second = pool.acquire()
    pool.release(second)
    for generation in range(1, 8):
        assert not pool.is_live((second + generation * (1 << 40)) % 2**64)


@pytest.mark.parametrize("make", POOLS)
def test_a_handle_of_another_pool_is_refused(make: Pool) -> None:
    one, other = make(2, 8), make(2, 8)
    handle = one.acquire()
    other.acquire()
    assert not other.is_live(handle)
    with pytest.raises(ValueError, match="another pool"):
        other.release(handle)


@pytest.mark.parametrize("make", POOLS)
def test_records_keep_their_content_and_do_not_overlap(make: Pool) -> None:
    pool = make(50, ORDER)
    handles = [pool.acquire() for _ in range(50)]
    for number, handle in enumerate(handles):
        pool.view(handle)[0] = (number, number + 1, number % 2)
    assert [pool.view(handle)[0].tolist() for handle in handles] == [(at, at + 1, at % 2) for at in range(50)]


def test_writing_to_a_released_record_does_not_break_the_pool() -> None:
    pool = pool_kernel.ObjectPool(3, 16)
    handle = pool.acquire()
    view = pool.view(handle)
    pool.release(handle)
    view[:] = b"\xff" * 16
    assert len({pool.acquire() for _ in range(3)}) == 3
    assert pool.acquire() is None


def test_a_view_keeps_the_pool_alive() -> None:
    pool = pool_kernel.ObjectPool(1, 8)
    view = pool.view(pool.acquire())
    del pool
    view[:] = b"12345678"
    assert bytes(view) == b"12345678"


@pytest.mark.parametrize("make", POOLS)
@pytest.mark.parametrize(("capacity", "record"), [(0, 8), (-1, 8), (2**31, 8), (1, 0)])
def test_pools_that_cannot_be_are_refused(make: Pool, capacity: int, record: int) -> None:
    with pytest.raises(ValueError, match=r"at least 1 byte|between 1 and"):
        make(capacity, record)


@pytest.mark.parametrize("make", POOLS)
def test_a_pool_of_megabytes_comes_and_goes(make: Pool) -> None:
    """Its memory is not that of the heap."""
    for _ in range(3):
        pool = make(400_000, 24)
        handles = [pool.acquire() for _ in range(1000)]
        pool.view(handles[-1])[:] = b"x" * 24
        assert bytes(pool.view(handles[-1])) == b"x" * 24


@pytest.mark.parametrize("make", POOLS)
def test_a_pool_larger_than_memory_is_refused(make: Pool) -> None:
    with pytest.raises(MemoryError):
        make(2**27, 2**40)


def test_threads_share_a_pool_without_sharing_a_record() -> None:
    pool = pool_kernel.SharedObjectPool(8, 8)
    seen: list[str] = []

    def work(number: int) -> None:
        for _ in range(3000):
            handle = pool.acquire()
            if handle is None:
                continue
            view = pool.view(handle)
            view[:] = number.to_bytes(8, "little")
            if bytes(view) != number.to_bytes(8, "little"):
                seen.append("shared")
            pool.release(handle)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert seen == []
    assert len({pool.acquire() for _ in range(8)}) == 8


class PoolAgainstSet(RuleBasedStateMachine):
    @initialize(capacity=st.integers(1, 6), kind=st.sampled_from(POOLS))
    def create(self, capacity: int, kind: Pool) -> None:
        self.pool = kind(capacity, 8)
        self.live: dict[int, bytes] = {}
        self.dead: list[int] = []

    @rule(content=st.binary(min_size=8, max_size=8))
    def acquire(self, content: bytes) -> None:
        handle = self.pool.acquire()
        if len(self.live) == self.pool.capacity:
            assert handle is None
            return
        assert handle not in self.live
        assert handle not in self.dead
        self.pool.view(handle)[:] = content
        self.live[handle] = content

    @precondition(lambda self: getattr(self, "live", None))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        handle = data.draw(st.sampled_from(sorted(self.live)))
        self.pool.release(handle)
        del self.live[handle]
        self.dead.append(handle)

    @precondition(lambda self: getattr(self, "dead", None))
    @rule(data=st.data())
    def release_again(self, data: st.DataObject) -> None:
        with pytest.raises(ValueError, match="released before"):
            self.pool.release(data.draw(st.sampled_from(self.dead)))

    @invariant()
    def holds_what_was_written(self) -> None:
        for handle, content in getattr(self, "live", {}).items():
            assert bytes(self.pool.view(handle)) == content


TestPoolAgainstSet = PoolAgainstSet.TestCase
TestPoolAgainstSet.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)

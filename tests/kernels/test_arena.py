"""Arenas: alignment, limits, epochs; each is something that the chapter's sketch gets wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

arena_kernel = pytest.importorskip("lltool.kernels.arena", reason="needs the compiled kernels")

both = pytest.mark.parametrize("shared", [False, True])


@both
@settings(deadline=None)
@given(requests=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 12)), max_size=40))
def test_blocks_are_aligned_inside_and_apart(shared: bool, requests: list[tuple[int, int]]) -> None:
    arena = arena_kernel.Arena(4096, shared=shared)
    taken: list[tuple[int, int]] = []
    first = None
    for size, exponent in requests:
        block = arena.alloc(size, 1 << exponent)
        if block is None:
            continue
        first = block.address - block.address % 128 if first is None else first
        assert block.address % (1 << exponent) == 0
        assert all(block.address >= end or block.address + size <= start for start, end in taken)
        taken.append((block.address, block.address + size))
    if taken:
        assert max(end for _, end in taken) - min(start for start, _ in taken) <= 4096
    assert arena.used <= arena.capacity


@both
def test_a_refused_request_changes_nothing(shared: bool) -> None:
    """The sketch adds first and takes back: what fits is refused meanwhile, and a huge size wraps round."""
    arena = arena_kernel.Arena(1024, shared=shared)
    assert arena.alloc(16) is not None
    for size in (1009, 2**63, 2**64 - 8, 2**64 - 1, 2**70):
        assert arena.alloc(size) is None
        assert arena.used == 16
    assert arena.alloc(8, 2**62) is None
    assert len(arena.alloc(1008)) == 1008
    assert arena.available == 0
    assert arena.alloc(1, 1) is None
    assert arena.alloc(0, 1) is not None


@both
def test_a_block_of_before_the_reset_is_refused(shared: bool) -> None:
    arena = arena_kernel.Arena(64, shared=shared)
    block = arena.alloc(8)
    memoryview(block)[:] = b"12345678"
    assert (block.epoch, block.is_stale) == (0, False)
    arena.reset()
    assert (arena.epoch, arena.used, block.is_stale) == (1, 0, True)
    with pytest.raises(BufferError, match="stale block"):
        memoryview(block)
    with pytest.raises(BufferError, match="stale block"):
        block.array(np.uint8)


@both
def test_no_reset_under_a_view_in_use(shared: bool) -> None:
    arena = arena_kernel.Arena(64, shared=shared)
    with memoryview(arena.alloc(8)), pytest.raises(BufferError, match="1 views"):
        arena.reset()
    arena.reset()
    assert arena.epoch == 1


def test_typed_views_are_aligned_and_write_through() -> None:
    arena = arena_kernel.Arena(1024)
    arena.alloc(1, 1)
    level = np.dtype([("price", "<i8"), ("quantity", "<u4")], align=True)
    block = arena.alloc_array(3, level)
    assert block.address % level.alignment == 0
    block.array(level)["price"] = [1, 2, 3]
    assert block.array(level)["price"].tolist() == [1, 2, 3]
    assert arena.alloc_array(1000, level) is None


@pytest.mark.parametrize(("size", "alignment"), [(-1, 8), (8, 0), (8, 3), (8, -8)])
def test_requests_without_meaning_are_refused(size: int, alignment: int) -> None:
    with pytest.raises(ValueError, match=r"at least 0|power of two"):
        arena_kernel.Arena(64).alloc(size, alignment)


@pytest.mark.parametrize("capacity", [0, -1])
def test_an_arena_has_at_least_a_byte(capacity: int) -> None:
    with pytest.raises(ValueError, match="at least 1 byte"):
        arena_kernel.Arena(capacity)


@pytest.mark.parametrize(("capacity", "shared"), [(2**64, False), (2**62, False), (2**40, True)])
def test_an_arena_larger_than_memory_is_refused(capacity: int, shared: bool) -> None:
    with pytest.raises(MemoryError):
        arena_kernel.Arena(capacity, shared=shared)

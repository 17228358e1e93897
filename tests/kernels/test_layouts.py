"""Structures of cache lines have the sizes and offsets that their names promise."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lltool.kernels.layouts", reason="needs the compiled kernels")
from lltool.kernels import layouts
from lltool.kernels.seqlock import Seqlock


def test_sizes_are_those_of_the_lines() -> None:
    assert (layouts.LEVEL.itemsize, layouts.PADDED_LEVEL.itemsize, layouts.QUOTE.itemsize) == (32, 64, 48)
    assert layouts.LEVEL.names == layouts.PADDED_LEVEL.names == ("price", "quantity", "order_count", "sequence")


def test_a_quote_goes_through_a_seqlock_as_it_is() -> None:
    lock = Seqlock(layouts.QUOTE.itemsize)
    quote = np.zeros(1, layouts.QUOTE)
    quote[0] = (100, 5, 101, 6, 1, 3)
    lock.write(quote)
    assert np.frombuffer(lock.read(), layouts.QUOTE).tolist() == [(100, 5, 101, 6, 1, 3)]


def test_counters_of_cores_are_apart() -> None:
    counters = layouts.CoreCounters(3)
    counters.add(0, messages=2)
    counters.add(2, messages=1, errors=1, last_ns=77)
    counters.add(2, messages=1)
    assert [counters.read(core) for core in range(len(counters))] == [(2, 0, 0), (0, 0, 0), (2, 1, 77)]
    for core in (-1, 3):
        with pytest.raises(IndexError, match="not between 0 and 2"):
            counters.add(core)


@pytest.mark.parametrize("cores", [0, 8193])
def test_counters_that_cannot_be_are_refused(cores: int) -> None:
    with pytest.raises(ValueError, match="is not between"):
        layouts.CoreCounters(cores)

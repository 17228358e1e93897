"""A venue's orders applied to an L3 book: few and many, ids that rise and ids of any kind, with and without queues."""

from __future__ import annotations

from collections.abc import Sequence

from lltool.bench.workload import Effort, Measurement
from lltool.bench.workloads.bothmodes import measure_both
from lltool.kernels.l3_book import L3Book
from lltool.kernels.loops.orders import Orders

FEW = 1000
MANY = 1_000_000
SPAN = 1 << 31
"""Ids of dense books; memory follows those that are used."""
SCATTER = 0x9E3779B97F4A7C15
"""Makes ids of 64 bits that do not follow one another."""
OPERATIONS = 8192


def few(_cores: Sequence[int], effort: Effort) -> Measurement:
    """1000 live orders, queues, ids that rise."""
    return _measure(L3Book(2 * FEW, dense=(0, SPAN)), effort, FEW)


def many(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A million."""
    return _measure(L3Book(2 * MANY, dense=(0, SPAN)), effort, MANY)


def many_totals(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A million in a book that keeps totals and counts only."""
    return _measure(L3Book(2 * MANY, dense=(0, SPAN), queues=False), effort, MANY)


def many_ids(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A million with ids of any kind."""
    return _measure(L3Book(MANY + MANY // 20), effort, MANY, scatter=SCATTER)


def many_batch(_cores: Sequence[int], effort: Effort) -> Measurement:
    """A million, totals, in batches that look ahead."""
    return _measure(L3Book(2 * MANY, dense=(0, SPAN), queues=False), effort, MANY, batch=True)


def _measure(book: L3Book, effort: Effort, live: int, *, scatter: int = 1, batch: bool = False) -> Measurement:
    flow = Orders(book, live, 1, scatter, batch)
    return measure_both(effort, flow, OPERATIONS, {"live_orders": live, "look_ahead": batch})

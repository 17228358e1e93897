"""The flows that books are measured with: they are what they say, and the book holds what they leave."""

from __future__ import annotations

import pytest

pytest.importorskip("lltool.kernels.loops.orders", reason="needs the compiled kernels")
from lltool.bench.workloads import book as updates
from lltool.kernels.l2_book import L2Book
from lltool.kernels.l3_book import ASK, BID, L3Book
from lltool.kernels.loops.book import Looks, Stream, Trees
from lltool.kernels.loops.orders import Orders
from lltool.kernels.recorder import Recorder

SCATTER = 0x9E3779B97F4A7C15


@pytest.mark.parametrize("books", [1, 3])
@pytest.mark.parametrize(("dense", "scatter"), [((0, 1 << 20), 1), (None, 1), (None, SCATTER)])
@pytest.mark.parametrize("batch", [False, True])
def test_a_flow_keeps_as_many_orders_as_it_was_asked(
    books: int, dense: tuple[int, int] | None, scatter: int, batch: bool
) -> None:
    book, recorder = L3Book(10, dense=dense, books=books), Recorder(300)
    flow = Orders(book, 500, books, scatter, batch)
    for _ in range(20):
        assert flow.block(500) > 0
        assert len(flow) == len(book)
        assert 450 <= len(book) <= 550
    flow.each(recorder, 300)
    ticks, count = flow.quotes()
    assert ticks > 0
    assert count == 300
    assert (recorder.count, recorder.lost) == (300, 0)
    for number in range(books):
        bid, ask = book.best(BID, number), book.best(ASK, number)
        assert bid is not None
        assert ask is not None
        assert bid[0] < ask[0]
    in_first = sum(orders for side in (BID, ASK) for _, _, orders in book.levels(side))
    assert in_first * books >= len(book)


def test_the_same_flow_comes_every_time() -> None:
    first, second = L3Book(), L3Book(dense=(0, 1 << 20), queues=False)
    for book in (first, second):
        Orders(book, 100).block(5000)
    assert first.levels(BID) == second.levels(BID)
    assert first.levels(ASK) == second.levels(ASK)


def test_a_flow_in_a_book_with_orders_of_its_ids_is_refused() -> None:
    book = L3Book()
    book.add(3, BID, 1, 1)
    with pytest.raises(ValueError, match="refused"):
        Orders(book, 100)


@pytest.mark.parametrize("arguments", [(19,), (100, 0), (100, 2), (100, 1, 2)])
def test_a_flow_that_cannot_be_is_refused(arguments: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 20"):
        Orders(L3Book(), *arguments)


def test_trees_hold_what_the_book_holds() -> None:
    """Or the baseline would do less work than the book beside it."""
    initial, rows = updates.initial_levels(), updates.stream()
    book, trees = L2Book(), Trees(Stream(initial))
    for side, price, quantity in initial:
        book.update(side, price, quantity)
    trees.block(len(initial))
    trees.follow(Stream(rows))
    for side, price, quantity in rows:
        book.update(side, price, quantity)
        trees.block(1)
        bid, ask = book.best_bid, book.best_ask
        assert trees.best() == (bid and bid[0], ask and ask[0])
    recorder = Recorder(100)
    trees.each(recorder, 100)
    assert recorder.count == 100


def test_a_flow_without_a_book_gives_the_operations_of_one_with_it() -> None:
    held, other = L3Book(), L3Book()
    flow, given = Orders(held, 200), Orders(None, 200)
    while len(given) < 200:
        other.apply(given.next(1024))
    flow.block(1000)
    other.apply(given.next(1000))
    assert other.levels(BID) == held.levels(BID)
    assert other.levels(ASK) == held.levels(ASK)
    with pytest.raises(ValueError, match="another book"):
        given.block(1)
    with pytest.raises(ValueError, match="another book"):
        given.each(Recorder(1), 1)


def test_looking_at_a_book_leaves_it_as_it_is() -> None:
    book, recorder = L2Book(8), Recorder(3)
    Stream([(BID, 99, 5), (ASK, 101, 7)]).block(book, 2)
    looks = Looks(book)
    assert looks.block(1000) > 0
    looks.each(recorder, 3)
    assert recorder.count == 3
    assert (book.best_bid, book.best_ask) == ((99, 5), (101, 7))

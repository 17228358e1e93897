"""The order book by orders against a plain Python model, over windows that move, ids of any kind, and every refusal."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

pytest.importorskip("lltool.kernels.l3_book", reason="needs the compiled kernels")
from lltool.kernels.l3_book import ADD, ASK, BID, CANCEL, EXECUTE, OPERATION, REDUCE, REPLACE, L3Book

LARGEST = 2**64 - 1
# Round the window's edges, far from it, and at the ends of the type.
PRICES = st.one_of(
    st.integers(-5, 5), st.integers(-9000, 9000), st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-(2**63), 2**63 - 1, 1023, 1024, 3071, 3072, 4095, 4096]),
)  # fmt: skip


BOOKS = 3


class Model:
    """Queues as lists."""

    def __init__(self) -> None:
        self.orders: dict[int, list[int]] = {}
        self.queues: dict[tuple[int, int, int], list[int]] = {}

    def add(self, order: int, side: int, price: int, quantity: int, book: int) -> None:
        self.orders[order] = [side, price, quantity, book]
        self.queues.setdefault((book, side, price), []).append(order)

    def cancel(self, order: int) -> None:
        side, price, _, book = self.orders.pop(order)
        queue = self.queues[book, side, price]
        queue.remove(order)
        if not queue:
            del self.queues[book, side, price]

    def levels(self, side: int, book: int) -> list[tuple[int, int, int]]:
        prices = sorted((price for *where, price in self.queues if where == [book, side]), reverse=side == BID)
        queues = [(price, self.queues[book, side, price]) for price in prices]
        return [(price, sum(self.orders[o][2] for o in queue), len(queue)) for price, queue in queues]


class Books(RuleBasedStateMachine):
    @initialize(dense=st.booleans(), scale=st.sampled_from([1, 2**32, 2**58 + 1]))
    def start(self, dense: bool, scale: int) -> None:
        self.scale = 1 if dense else scale
        self.book = L3Book(2, dense=(0, 64) if dense else None, books=BOOKS)
        self.totals = L3Book(2, dense=(0, 64) if dense else None, queues=False, books=BOOKS)
        self.model = Model()

    def both(self, name: str, *values: int) -> None:
        getattr(self.book, name)(*values)
        getattr(self.totals, name)(*values)

    def refused(self, error: type[Exception], name: str, *values: int) -> None:
        for book in (self.book, self.totals):
            with pytest.raises(error):
                getattr(book, name)(*values)

    @rule(
        number=st.integers(0, 63), side=st.sampled_from([BID, ASK]), price=PRICES, quantity=st.integers(0, 1000),
        book=st.integers(0, BOOKS - 1),
    )  # fmt: skip
    def add(self, number: int, side: int, price: int, quantity: int, book: int) -> None:
        order = number * self.scale % (LARGEST + 1)
        if quantity == 0 or order in self.model.orders:
            self.refused(ValueError, "add", order, side, price, quantity, book)
        else:
            self.both("add", order, side, price, quantity, book)
            self.model.add(order, side, price, quantity, book)

    @rule(number=st.integers(0, 63), quantity=st.integers(0, 1000), name=st.sampled_from(["reduce", "execute"]))
    def reduce(self, number: int, quantity: int, name: str) -> None:
        order = number * self.scale % (LARGEST + 1)
        if order not in self.model.orders:
            self.refused(KeyError, name, order, quantity)
        elif not 0 < quantity <= self.model.orders[order][2]:
            self.refused(ValueError, name, order, quantity)
        else:
            self.both(name, order, quantity)
            self.model.orders[order][2] -= quantity
            if self.model.orders[order][2] == 0:
                self.model.cancel(order)

    @rule(number=st.integers(0, 63))
    def cancel(self, number: int) -> None:
        order = number * self.scale % (LARGEST + 1)
        if order in self.model.orders:
            self.both("cancel", order)
            self.model.cancel(order)
        else:
            self.refused(KeyError, "cancel", order)

    @rule(number=st.integers(0, 63), new=st.integers(0, 63), price=PRICES, quantity=st.integers(0, 1000))
    def replace(self, number: int, new: int, price: int, quantity: int) -> None:
        order, successor = number * self.scale % (LARGEST + 1), new * self.scale % (LARGEST + 1)
        if order not in self.model.orders:
            self.refused(KeyError, "replace", order, successor, price, quantity)
        elif quantity == 0 or (successor != order and successor in self.model.orders):
            self.refused(ValueError, "replace", order, successor, price, quantity)
        else:
            self.both("replace", order, successor, price, quantity)
            side, _, _, book = self.model.orders[order]
            self.model.cancel(order)
            self.model.add(successor, side, price, quantity, book)

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "book"):
            return
        assert len(self.book) == len(self.totals) == len(self.model.orders)
        for book in range(BOOKS):
            for side in (BID, ASK):
                levels = self.model.levels(side, book)
                assert self.book.levels(side, book=book) == self.totals.levels(side, book=book) == levels
                assert self.book.best(side, book) == (levels[0] if levels else None)
        assert self.book.best_bid == self.book.best(BID, 0)
        assert self.book.best_ask == self.book.best(ASK, 0)
        for (book, side, price), queue in self.model.queues.items():
            assert self.book.queue(side, price, book) == queue
            ahead = sum(self.model.orders[order][2] for order in queue[:-1])
            assert self.book.position(queue[-1]) == (len(queue) - 1, ahead)
            assert self.book.order(queue[0]) == tuple(self.model.orders[queue[0]][:3])
            assert self.book.book(queue[0]) == book


Books.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestBooks = Books.TestCase


def operations(rows: list[tuple[Any, ...]]) -> np.ndarray[Any, Any]:
    array = np.zeros(len(rows), OPERATION)
    names = ("kind", "id", "side", "price", "quantity", "new_id", "book")
    for at, row in enumerate(rows):
        for name, value in zip(names, row, strict=False):  # book 0 where none is named
            array[name][at] = value
    return array


def test_a_million_orders_of_random_ids_are_held() -> None:
    source = np.random.default_rng(5)
    ids = np.unique(source.integers(0, 2**64, 1_100_000, dtype=np.uint64))
    source.shuffle(ids)
    array = np.zeros(len(ids), OPERATION)
    array["kind"], array["id"], array["quantity"] = ADD, ids, 1
    array["side"] = source.integers(0, 2, len(ids))
    array["price"] = np.where(array["side"] == ASK, 1, -1) * source.integers(1, 3000, len(ids))
    book = L3Book()
    book.apply(array)
    assert len(book) == len(ids) > 1_000_000
    assert book.best_bid is not None
    assert book.best_bid[0] == -1
    assert sum(orders for _, _, orders in book.levels(BID)) == int((array["side"] == BID).sum())
    array["kind"] = CANCEL
    source.shuffle(array)
    book.apply(array)
    assert len(book) == 0
    assert book.levels(BID) == book.levels(ASK) == []


def test_operations_in_bulk_stop_at_the_first_refused() -> None:
    book = L3Book()
    rows = [(ADD, 1, BID, 10, 5, 0), (ADD, 2, BID, 10, 7, 0), (REPLACE, 1, 0, 11, 4, 3), (EXECUTE, 2, 0, 0, 2, 0),
            (REDUCE, 3, 0, 0, 1, 0)]  # fmt: skip
    book.apply(operations(rows))
    assert book.levels(BID) == [(11, 3, 1), (10, 5, 1)]
    with pytest.raises(ValueError, match="operation 1: KeyError"):
        book.apply(operations([(CANCEL, 2, 0, 0, 0, 0), (CANCEL, 9, 0, 0, 0, 0), (CANCEL, 3, 0, 0, 0, 0)]))
    assert 3 in book
    assert 2 not in book


@pytest.mark.parametrize(
    "row", [(0, 1, BID, 1, 1, 0), (6, 1, BID, 1, 1, 0), (ADD, 1, 2, 1, 1, 0), (ADD, 1, BID, 1, 1, 0, 1)]
)
def test_operations_of_no_kind_or_side_are_refused_before_any_is_applied(row: tuple[int, ...]) -> None:
    book = L3Book()
    with pytest.raises(ValueError, match="kind, a side or a book"):
        book.apply(operations([(ADD, 7, BID, 1, 1, 0), row]))
    assert len(book) == 0
    with pytest.raises(ValueError, match="OPERATION"):
        book.apply(np.zeros(3))


def test_a_total_beyond_64_bits_is_refused_and_nothing_changes() -> None:
    book = L3Book()
    book.add(1, BID, 10, LARGEST)
    with pytest.raises(ValueError, match="quantity"):
        book.add(2, BID, 10, 1)
    assert book.levels(BID) == [(10, LARGEST, 1)]
    assert 2 not in book
    book.replace(1, 1, 10, LARGEST)


def test_a_dense_book_refuses_other_ids() -> None:
    book = L3Book(dense=(LARGEST - 9, 10))
    book.add(LARGEST, BID, 1, 1)
    for order in (LARGEST - 10, 0):
        with pytest.raises(ValueError, match="span"):
            book.add(order, BID, 1, 1)
        with pytest.raises(KeyError):
            book.cancel(order)
    with pytest.raises(ValueError, match="span"):
        book.replace(LARGEST, 5, 1, 1)
    assert book.levels(BID) == [(1, 1, 1)]


@pytest.mark.parametrize(
    "arguments",
    [
        {"orders": -1},
        {"dense": (0, 0)},
        {"dense": (2**64 - 1, 2)},
        {"dense": (0, 2**32)},
        {"books": 0},
        {"books": 2**24},
    ],
)  # fmt: skip
def test_sizes_that_are_none_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"orders|dense|books"):
        L3Book(**arguments)


@pytest.mark.parametrize("book", [-1, 2])
def test_a_book_that_there_is_not_is_refused(book: int) -> None:
    books = L3Book(books=2)
    with pytest.raises(ValueError, match="there are 2"):
        books.add(1, BID, 1, 1, book)
    with pytest.raises(ValueError, match="there are 2"):
        books.best(BID, book)
    assert len(books) == 0


@pytest.mark.parametrize("scale", [1, 2**58 + 1])
def test_orders_are_found_and_forgotten_while_their_table_grows(scale: int) -> None:
    """They move to a larger table and leave nothing behind that would end a search; books_fuzz.c has ids that crowd."""
    ids = [number * scale % (LARGEST + 1) for number in range(60)]
    source = random.Random(3)  # noqa: S311 - a workload, not a secret
    for _ in range(20):
        book, model = L3Book(1), Model()
        for _ in range(300):
            order, other = source.choice(ids), source.choice(ids)
            price = source.randrange(3)
            if order not in model.orders:
                book.add(order, BID, price, 1)
                model.add(order, BID, price, 1, 0)
            elif other not in model.orders and source.random() < 0.5:
                book.replace(order, other, price, 2)
                model.cancel(order)
                model.add(other, BID, price, 2, 0)
            elif source.random() < 0.3:
                book.cancel(order)
                model.cancel(order)
            assert [live for live in ids if live in book] == [live for live in ids if live in model.orders]
        assert [book.queue(BID, price) for price in range(3)] == [
            model.queues.get((0, BID, price), []) for price in range(3)
        ]


@pytest.mark.parametrize("dense", [False, True])
def test_a_store_grown_from_nothing_holds_what_a_large_one_holds(dense: bool) -> None:
    count = 200_000
    ids = np.arange(count, dtype=np.uint64) * np.uint64(1 if dense else 0x9E3779B97F4A7C15)
    array = np.zeros(count, OPERATION)
    array["kind"], array["id"], array["quantity"] = ADD, ids, 1 + np.arange(count) % 7
    array["price"] = np.arange(count) % 1009
    span = (0, count) if dense else None
    grown, large = L3Book(1, dense=span), L3Book(count, dense=span)
    for book in (grown, large):
        book.apply(array)
        array["kind"] = CANCEL
        book.apply(array[::3])
        array["kind"] = ADD
    assert len(grown) == len(large) == count - len(array[::3])
    assert grown.levels(BID) == large.levels(BID)
    assert grown.queue(BID, 500) == large.queue(BID, 500)
    assert grown.position(int(ids[1508])) == large.position(int(ids[1508]))


@pytest.mark.parametrize("order", [0, LARGEST])
def test_the_first_and_the_last_id_are_ids(order: int) -> None:
    book = L3Book()
    book.add(order, BID, 1, 1)
    assert order in book
    assert (order ^ LARGEST) not in book
    book.replace(order, order, 2, 3)
    book.cancel(order)
    assert order not in book


def test_a_book_without_queues_says_so() -> None:
    book = L3Book(queues=False)
    book.add(1, BID, 1, 1)
    with pytest.raises(ValueError, match="no queues"):
        book.position(1)
    with pytest.raises(ValueError, match="no queues"):
        book.queue(BID, 1)

"""The L2 book, against a dict."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

l2_book = pytest.importorskip("lltool.kernels.l2_book", reason="needs the compiled kernels")

BID, ASK = l2_book.BID, l2_book.ASK
LOWEST, HIGHEST = -(2**63), 2**63 - 1
MOST = 2**64 - 1


def test_empty_book_has_no_prices() -> None:
    book = l2_book.L2Book()
    assert book.best_bid is None
    assert book.best_ask is None
    assert book.mid_half_ticks is None
    assert book.spread_ticks is None
    assert book.depth(5) == (0, 0)


def test_example_of_the_chapter() -> None:
    book = l2_book.L2Book()
    book.update(BID, 100_00000000, 1000)
    book.update(BID, 99_50000000, 2000)
    book.update(ASK, 100_50000000, 500)
    book.update(ASK, 101_00000000, 1500)
    assert book.best_bid == (100_00000000, 1000)
    assert book.best_ask == (100_50000000, 500)
    assert book.spread_ticks == 50000000
    assert book.depth(1) == (1000, 500)
    assert book.depth(2) == (3000, 2000)


def test_both_best_prices_come_in_one_call() -> None:
    book = l2_book.L2Book()
    assert book.best_prices() == (None, None)
    book.update(ASK, HIGHEST, 1)
    assert book.best_prices() == (None, HIGHEST)
    book.update(BID, LOWEST, 1)
    assert book.best_prices() == (LOWEST, HIGHEST)


@pytest.mark.parametrize(("levels", "tick"), [(3, 1), (300, 1), (6000, 1), (6000, 10**12 + 1)])
def test_books_of_any_depth_hold_what_a_dict_holds(levels: int, tick: int) -> None:
    """They grow, change everywhere, and shrink to nothing from each end: blocks are split and join."""
    source = random.Random(levels)  # noqa: S311 - a workload, not a secret
    book, held = l2_book.L2Book(0), dict[int, int]()
    prices = [tick * (at - levels // 2) for at in range(levels)]

    def update(price: int, quantity: int) -> None:
        book.update(ASK, price, quantity)
        book.update(BID, -price, quantity)
        held[price] = quantity
        if quantity == 0:
            del held[price]

    def check() -> None:
        asks = sorted(held.items())
        assert book.levels(ASK) == asks
        assert book.levels(BID) == [(-price, quantity) for price, quantity in asks]
        assert book.level_count(ASK) == len(asks)
        assert book.best_ask == (asks[0] if asks else None)

    for price in source.sample(prices, levels):
        update(price, 1)
    check()
    for price in source.choices(prices, k=2 * levels):
        update(price, source.choice([0, 0, 7]) if price in held else 9)
    check()
    left = sorted(held)
    for price in left[: len(left) // 3] + left[: len(left) // 3 * 2 : -1]:
        update(price, 0)
    check()
    for price in source.sample(sorted(held), len(held)):
        assert book.delete(ASK, price)
        assert book.delete(BID, -price)
    assert book.best_prices() == (None, None)
    assert book.levels(BID) == book.levels(ASK) == []


def test_middle_between_two_ticks_is_exact() -> None:
    book = l2_book.L2Book()
    book.update(BID, 100, 1)
    book.update(ASK, 101, 1)
    assert book.mid_half_ticks == 201


def test_crossed_book_is_held() -> None:
    book = l2_book.L2Book()
    book.update(BID, 105, 1)
    book.update(ASK, 100, 1)
    assert book.spread_ticks == -5


def test_prices_and_quantities_at_the_ends_of_their_range() -> None:
    book = l2_book.L2Book(0)
    for side in (BID, ASK):
        for price in (LOWEST, -1, 0, HIGHEST):
            book.update(side, price, MOST)
    assert book.best_bid == (HIGHEST, MOST)
    assert book.best_ask == (LOWEST, MOST)
    assert book.spread_ticks == LOWEST - HIGHEST
    assert book.mid_half_ticks == -1
    assert book.depth(4) == (4 * MOST, 4 * MOST)
    assert book.levels(ASK) == [(price, MOST) for price in (LOWEST, -1, 0, HIGHEST)]


def test_price_zero_is_a_price() -> None:
    book = l2_book.L2Book()
    book.update(BID, 0, 3)
    assert book.best_bid == (0, 3)
    book.update(BID, 0, 0)
    assert book.best_bid is None


def test_delete_of_an_unknown_level_changes_nothing() -> None:
    book = l2_book.L2Book()
    book.update(BID, 10, 1)
    assert not book.delete(BID, 9)
    assert not book.delete(ASK, 10)
    book.update(BID, 11, 0)
    assert book.levels(BID) == [(10, 1)]
    assert book.delete(BID, 10)


@pytest.mark.parametrize("side", [-1, 2, 2**64, None])
def test_side_is_bid_or_ask(side: int) -> None:
    book = l2_book.L2Book()
    for call in (lambda: book.update(side, 1, 1), lambda: book.delete(side, 1), lambda: book.level_count(side)):
        with pytest.raises(ValueError, match="neither BID"):
            call()


@pytest.mark.parametrize(("price", "quantity"), [(HIGHEST + 1, 1), (LOWEST - 1, 1), (1, -1), (1, MOST + 1)])
def test_number_that_does_not_fit_is_refused(price: int, quantity: int) -> None:
    book = l2_book.L2Book()
    with pytest.raises(OverflowError):
        book.update(BID, price, quantity)
    assert book.level_count(BID) == 0


def test_negative_counts_are_refused() -> None:
    book = l2_book.L2Book()
    for call in (lambda: book.depth(-1), lambda: book.levels(BID, -1), lambda: l2_book.L2Book(-1)):
        with pytest.raises(ValueError, match="not a number of levels"):
            call()


def test_book_larger_than_memory_is_refused() -> None:
    for levels in (2**61, 2**64, 2**200):
        with pytest.raises(MemoryError):
            l2_book.L2Book(levels)


# Few near prices, so that updates meet; far ones, so that nothing hangs on the distance.
PRICES = st.one_of(
    st.integers(-30, 30),
    st.sampled_from([LOWEST, LOWEST + 1, HIGHEST - 1, HIGHEST]),
    st.integers(LOWEST, HIGHEST),
)
SIDES = st.sampled_from([BID, ASK])


class BookAgainstDict(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.book = l2_book.L2Book(2)
        self.model = {BID: {}, ASK: {}}

    @rule(side=SIDES, prices=st.lists(PRICES, max_size=30), quantity=st.integers(1, MOST))
    def update(self, side: int, prices: list[int], quantity: int) -> None:
        for price in prices:
            self.book.update(side, price, quantity)
            self.model[side][price] = quantity

    @rule(side=SIDES, prices=st.lists(PRICES, max_size=10))
    def delete(self, side: int, prices: list[int]) -> None:
        for price in prices:
            assert self.book.delete(side, price) == (self.model[side].pop(price, None) is not None)

    @rule(side=SIDES, data=st.data())
    def delete_by_quantity(self, side: int, data: st.DataObject) -> None:
        if self.model[side]:
            price = data.draw(st.sampled_from(sorted(self.model[side])))
            self.book.update(side, price, 0)
            del self.model[side][price]

    @rule()
    def clear(self) -> None:
        self.book.clear()
        self.model = {BID: {}, ASK: {}}

    @invariant()
    def agrees(self) -> None:
        bids = sorted(self.model[BID].items(), reverse=True)
        asks = sorted(self.model[ASK].items())
        assert self.book.levels(BID) == bids
        assert self.book.levels(ASK, 7) == asks[:7]
        assert self.book.best_bid == (bids[0] if bids else None)
        assert self.book.best_ask == (asks[0] if asks else None)
        assert (self.book.level_count(BID), self.book.level_count(ASK)) == (len(bids), len(asks))
        assert self.book.depth(3) == tuple(sum(quantity for _, quantity in side[:3]) for side in (bids, asks))
        both = bids and asks
        assert self.book.mid_half_ticks == (bids[0][0] + asks[0][0] if both else None)
        assert self.book.spread_ticks == (asks[0][0] - bids[0][0] if both else None)


TestBookAgainstDict = BookAgainstDict.TestCase
TestBookAgainstDict.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)

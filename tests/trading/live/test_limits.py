"""The budget of requests: a sliding window, and the exchange's word to stop."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lltool.trading.live.limits import Budget


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_is_spent_comes_back_after_the_window() -> None:
    clock = Clock()
    budget = Budget(100, 60.0, clock)
    budget.spend(50)
    clock.now = 10.0
    budget.spend(50)
    assert budget.wait_seconds(1) == 50.0
    assert budget.wait_seconds(60) == 60.0
    clock.now = 60.0
    assert budget.wait_seconds(50) == 0.0


def test_what_others_spend_at_the_same_address_counts_too() -> None:
    clock = Clock()
    budget = Budget(100, 60.0, clock)
    budget.spend(20)
    budget.told(70)
    budget.told(60)
    clock.now = 30.0
    assert budget.wait_seconds(30) == 0.0
    assert budget.wait_seconds(31) == 30.0
    clock.now = 60.0
    assert budget.wait_seconds(100) == 0.0


def test_the_exchange_says_when_to_come_back() -> None:
    clock = Clock()
    budget = Budget(100, 60.0, clock)
    budget.stop(7.0)
    budget.stop(3.0)
    assert budget.wait_seconds() == 7.0
    clock.now = 7.0
    assert budget.wait_seconds() == 0.0


@given(costs=st.lists(st.integers(1, 50), max_size=60))
def test_no_window_ever_holds_more_than_the_budget(costs: list[int]) -> None:
    clock = Clock()
    budget = Budget(100, 60.0, clock)
    spent: list[tuple[float, int]] = []
    for cost in costs:
        clock.now += budget.wait_seconds(cost)
        budget.spend(cost)
        spent.append((clock.now, cost))
        assert sum(cost for at, cost in spent if clock.now - at < 60.0) <= 100

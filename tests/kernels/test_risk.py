"""The risk check: each of the sixteen checks by itself, and the booking against a plain model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

risk = pytest.importorskip("lltool.kernels.risk", reason="needs the compiled kernels")

LIMITS = {
    "max_quantity": 1000, "lot": 10, "tick": 5, "band": 100, "max_notional": 900_000, "max_long": 1500,
    "max_short": 1200, "max_open_orders": 3, "max_gross_notional": 1_500_000, "max_orders": 4, "rate_window_ns": 1000,
    "max_age_ns": 10_000,
}  # fmt: skip
NOW = 5000
GOOD = {"order_id": 1, "side": risk.BUY, "price": 1000, "quantity": 500, "now_ns": NOW}
Breach = risk.Breach


def ready(**changed: int) -> Any:
    check = risk.RiskCheck(**{**LIMITS, **changed})
    check.set_reference(1000, NOW)
    return check


def test_a_good_order_passes() -> None:
    assert ready().check(**GOOD) == 0


@pytest.mark.parametrize(
    ("changed", "breach"),
    [
        ({"side": 2}, Breach.SIDE),
        ({"quantity": 0}, Breach.QUANTITY),
        ({"quantity": -10}, Breach.QUANTITY),
        ({"quantity": 505}, Breach.LOT),
        ({"price": 1001}, Breach.TICK),
        ({"price": 1105}, Breach.BAND),
        ({"price": 895}, Breach.BAND),
        ({"price": 0}, Breach.PRICE | Breach.BAND),
        ({"quantity": 910}, Breach.NOTIONAL),
        ({"quantity": 1010}, Breach.MAX_QUANTITY | Breach.NOTIONAL),
        ({"order_id": 0}, Breach.ORDER_ID),
        ({"now_ns": NOW + 10_001}, Breach.STALE),
    ],
)
def test_each_breach_of_an_order_is_named(changed: dict[str, int], breach: int) -> None:
    assert ready().check(**{**GOOD, **changed}) == breach


def test_the_edges_of_the_limits_are_inside() -> None:
    check = ready()
    for edge in ({"price": 1100}, {"price": 900}, {"quantity": 900}, {"now_ns": NOW + 10_000}):
        assert check.check(**{**GOOD, **edge}) == 0


def test_halted_names_everything_else_too() -> None:
    check = ready()
    check.halt()
    assert check.check(**{**GOOD, "quantity": 505}) == Breach.HALTED | Breach.LOT
    check.halt(False)
    assert check.check(**GOOD) == 0


def test_without_a_reference_nothing_passes() -> None:
    assert risk.RiskCheck(**LIMITS).check(**{**GOOD, "now_ns": 20_000}) == Breach.BAND | Breach.STALE


def test_open_orders_count_as_if_filled() -> None:
    check = ready(max_open_orders=99, max_gross_notional=10**9)
    check.accept(1, risk.BUY, 1000, 900, NOW)
    assert check.check(2, risk.BUY, 1000, 600, NOW) == 0
    assert check.check(2, risk.BUY, 1000, 610, NOW) == Breach.LONG
    assert check.check(2, risk.SELL, 900, 900, NOW) == 0
    check.fill(risk.BUY, 1000, 900, complete=True)
    assert (check.position, check.open_orders) == (900, 0)
    assert check.check(2, risk.BUY, 1000, 610, NOW) == Breach.LONG
    check.accept(2, risk.SELL, 1000, 900, NOW)
    check.fill(risk.SELL, 1000, 900, complete=True)
    check.accept(3, risk.SELL, 1000, 700, NOW)
    assert check.check(4, risk.SELL, 1000, 500, NOW) == 0
    assert check.check(4, risk.SELL, 1000, 510, NOW) == Breach.SHORT
    check.cancel(risk.SELL, 1000, 700)
    assert check.check(4, risk.SELL, 1000, 510, NOW) == 0


def test_open_orders_and_gross_notional_are_limited() -> None:
    check = ready(max_orders=99)
    for number in (1, 2, 3):
        assert check.check(number, risk.BUY, 1000, 300, NOW) == 0
        check.accept(number, risk.BUY, 1000, 300, NOW)
    assert check.check(4, risk.BUY, 1000, 300, NOW) == Breach.OPEN_ORDERS
    check.cancel(risk.BUY, 1000, 300)
    assert check.check(4, risk.BUY, 1000, 900, NOW) == 0
    assert check.check(4, risk.SELL, 1050, 850, NOW) == 0
    assert check.check(4, risk.SELL, 1000, 900, NOW) == 0
    check.accept(4, risk.SELL, 1000, 900, NOW)
    assert check.check(5, risk.SELL, 1000, 10, NOW) == Breach.OPEN_ORDERS | Breach.GROSS


def test_the_rate_slides() -> None:
    check = ready(max_open_orders=99)
    for number, sent in enumerate((5000, 5100, 5200, 5300), 1):
        check.accept(number, risk.BUY, 1000, 10, sent)
    assert check.check(5, risk.BUY, 1000, 10, 5999) == Breach.RATE
    assert check.check(5, risk.BUY, 1000, 10, 6000) == 0
    check.accept(5, risk.BUY, 1000, 10, 6000)
    assert check.check(6, risk.BUY, 1000, 10, 6050) == Breach.RATE


def test_an_id_is_sent_once() -> None:
    check = ready()
    check.accept(7, risk.BUY, 1000, 10, NOW)
    assert check.check(7, risk.BUY, 1000, 10, NOW) == Breach.ORDER_ID
    assert check.check(8, risk.BUY, 1000, 10, NOW) == 0


@settings(deadline=None)
@given(
    price=st.integers(-(2**63), 2**63 - 1), quantity=st.integers(-(2**63), 2**63 - 1), reference=st.integers(0, 2**62)
)
def test_no_product_or_difference_overflows(price: int, quantity: int, reference: int) -> None:
    check = risk.RiskCheck(**LIMITS)
    check.set_reference(reference, NOW)
    found = Breach(check.check(1, risk.BUY, price, quantity, NOW))
    assert (Breach.NOTIONAL in found) == (price * quantity > LIMITS["max_notional"])
    assert (Breach.GROSS in found) == (price * quantity > LIMITS["max_gross_notional"])
    assert (Breach.BAND in found) == (abs(price - reference) > LIMITS["band"])
    assert (Breach.LONG in found) == (quantity > LIMITS["max_long"])
    assert (Breach.LOT in found) == (quantity % LIMITS["lot"] != 0)


@pytest.mark.parametrize("limit", ["lot", "tick", "max_orders"])
def test_limits_without_meaning_are_refused(limit: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        risk.RiskCheck(**{**LIMITS, limit: 0})


def test_a_side_that_is_none_is_not_booked() -> None:
    with pytest.raises(ValueError, match="neither BUY"):
        ready().accept(1, 2, 1000, 10, NOW)
    with pytest.raises(ValueError, match="neither BUY"):
        ready().cancel(2, 1000, 10)

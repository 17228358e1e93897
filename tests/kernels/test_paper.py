"""The paper exchange: queue position, touch, filters, fees, latency; what it says again; equal input, equal output."""

from __future__ import annotations

from typing import Any

import pytest

paper_kernel = pytest.importorskip("lltool.kernels.paper", reason="needs the compiled kernels")
from lltool.kernels.l2_book import ASK, BID, L2Book  # noqa: E402

BUY, SELL = 0, 1
UNIT = 100_000_000
PRICE = 100 * UNIT
Kind, Reason = paper_kernel.ReportKind, paper_kernel.Reason
OPEN_FILTERS = {
    "min_price": 1, "max_price": 10**15, "tick": UNIT // 100, "min_quantity": 1, "max_quantity": 10**15, "lot": 1,
    "min_notional": 0, "price_up": 0, "price_down": 0, "max_orders": 1000, "max_position": 10**18,
}  # fmt: skip
NO_LATENCY = {"maker_rate": 0, "taker_rate": 0, "entry_ns": 0, "response_ns": 0, "jitter_ns": 0, "seed": 1}


class Market:
    """A book of one level a side (100 at 100.00 and 101.00), a paper exchange on it, and a clock."""

    def __init__(self, **changed: int) -> None:
        self.book = L2Book()
        self.book.update(BID, PRICE, 100 * UNIT)
        self.book.update(ASK, PRICE + UNIT, 100 * UNIT)
        self.exchange = paper_kernel.PaperExchange(self.book, **{**OPEN_FILTERS, **NO_LATENCY, **changed})
        self.now_ns = 0

    def tick(self) -> int:
        self.now_ns += 1
        self.exchange.advance(self.now_ns)
        return self.now_ns

    def new(self, order: int, side: int, price: int, quantity: int, **how: bool) -> None:
        assert self.exchange.new(order, side, price, quantity, self.now_ns, **how)
        self.tick()

    def level(self, side: int, price: int, quantity: int) -> None:
        now_ns = self.tick()
        self.book.update(side, price, quantity)
        self.exchange.on_book(now_ns)

    def trade(self, price: int, quantity: int, *, sold: bool = True) -> None:
        self.exchange.on_trade(price, quantity, sold, self.tick())

    def said(self) -> list[tuple[Any, int]]:
        """Kinds of the reports that have arrived, with the quantity filled so far."""
        return [(report.kind, report.cumulative) for report in self.exchange.reports(self.now_ns)]


def test_trades_shorten_the_queue_and_only_their_excess_fills() -> None:
    market = Market()
    market.new(1, BUY, PRICE, 50 * UNIT)
    market.trade(PRICE, 80 * UNIT)
    assert market.exchange.ahead(1) == 20 * UNIT
    market.trade(PRICE, 30 * UNIT)
    assert market.said() == [(Kind.ACCEPTED, 0), (Kind.FILL, 10 * UNIT)]
    market.trade(PRICE, 40 * UNIT)
    assert market.said() == [(Kind.FILL, 50 * UNIT)]
    assert market.exchange.open_orders == []


def test_trades_of_the_other_side_or_elsewhere_change_nothing() -> None:
    market = Market()
    market.new(1, BUY, PRICE, UNIT)
    market.trade(PRICE, 500 * UNIT, sold=False)
    market.trade(PRICE + UNIT, 500 * UNIT)
    assert market.exchange.ahead(1) == 100 * UNIT
    assert market.said() == [(Kind.ACCEPTED, 0)]


def test_a_level_that_displays_less_shortens_the_queue_and_one_that_is_gone_ends_it() -> None:
    market = Market()
    market.new(1, BUY, PRICE, UNIT)
    market.level(BID, PRICE, 150 * UNIT)
    assert market.exchange.ahead(1) == 100 * UNIT
    market.level(BID, PRICE, 60 * UNIT)
    assert market.exchange.ahead(1) == 60 * UNIT
    market.level(BID, PRICE, 0)
    market.trade(PRICE, UNIT // 2)
    assert market.said()[-1] == (Kind.FILL, UNIT // 2)


def test_own_orders_at_one_price_fill_in_the_order_of_their_arrival() -> None:
    market = Market()
    market.level(BID, PRICE, 10 * UNIT)
    market.new(1, BUY, PRICE, 5 * UNIT)
    market.new(2, BUY, PRICE, 5 * UNIT)
    market.trade(PRICE, 17 * UNIT)
    fills = [(r.id, r.quantity) for r in market.exchange.reports(market.now_ns) if r.kind is Kind.FILL]
    assert fills == [(1, 5 * UNIT), (2, 2 * UNIT)]


def test_a_trade_beyond_the_price_fills_whole_at_the_own_price() -> None:
    market = Market()
    market.new(1, BUY, PRICE, 50 * UNIT)
    market.trade(PRICE - UNIT, 1)
    fill = market.exchange.reports(market.now_ns)[-1]
    assert (fill.kind, fill.price, fill.quantity, fill.maker) == (Kind.FILL, PRICE, 50 * UNIT, True)


def test_a_crossing_order_takes_what_is_displayed_from_the_touch_and_rests_with_the_rest() -> None:
    market = Market()
    market.level(ASK, PRICE + UNIT, 3 * UNIT)
    market.level(ASK, PRICE + 2 * UNIT, 4 * UNIT)
    market.level(ASK, PRICE + 3 * UNIT, 4 * UNIT)
    market.new(1, BUY, PRICE + 2 * UNIT, 10 * UNIT)
    fills = [r for r in market.exchange.reports(market.now_ns) if r.kind is Kind.FILL]
    assert [(r.price, r.quantity, r.maker) for r in fills] == [
        (PRICE + UNIT, 3 * UNIT, False), (PRICE + 2 * UNIT, 4 * UNIT, False)
    ]  # fmt: skip
    assert market.exchange.open_orders == [1]
    assert market.exchange.ahead(1) == 0


def test_what_was_taken_is_not_there_twice_until_the_book_changes() -> None:
    market = Market()
    market.level(ASK, PRICE + UNIT, 3 * UNIT)
    market.new(1, BUY, PRICE + UNIT, 2 * UNIT)
    market.new(2, BUY, PRICE + UNIT, 2 * UNIT)
    assert [(r.id, r.quantity) for r in market.exchange.reports(market.now_ns) if r.kind is Kind.FILL] == [
        (1, 2 * UNIT), (2, UNIT)
    ]  # fmt: skip
    market.level(ASK, PRICE + UNIT, 1)
    assert market.said() == [(Kind.FILL, UNIT + 1)]


def test_a_book_that_comes_to_a_resting_order_fills_it_at_its_price() -> None:
    market = Market()
    market.new(1, SELL, PRICE + UNIT // 2, 2 * UNIT)
    market.level(BID, PRICE + UNIT, UNIT)
    fill = market.exchange.reports(market.now_ns)[-1]
    assert (fill.kind, fill.price, fill.quantity, fill.maker) == (Kind.FILL, PRICE + UNIT // 2, UNIT, True)


def test_an_immediate_order_expires_with_what_it_did_not_get() -> None:
    market = Market()
    market.level(ASK, PRICE + UNIT, 3 * UNIT)
    market.new(1, BUY, PRICE + UNIT, 5 * UNIT, ioc=True)
    assert market.said() == [(Kind.ACCEPTED, 0), (Kind.FILL, 3 * UNIT), (Kind.EXPIRED, 3 * UNIT)]


@pytest.mark.parametrize(
    ("filters", "order", "reason"),
    [
        ({"min_price": PRICE + 1}, {}, Reason.PRICE_FILTER),
        ({"max_price": PRICE - 1}, {}, Reason.PRICE_FILTER),
        ({}, {"price": PRICE + 1}, Reason.PRICE_FILTER),
        ({}, {"price": 0}, Reason.PRICE_FILTER),
        ({"min_quantity": 2 * UNIT}, {}, Reason.LOT_SIZE),
        ({"max_quantity": UNIT - 1}, {}, Reason.LOT_SIZE),
        ({"lot": 3}, {}, Reason.LOT_SIZE),
        ({}, {"quantity": -1}, Reason.LOT_SIZE),
        ({"min_notional": PRICE * UNIT + 1}, {}, Reason.NOTIONAL),
        ({"price_up": UNIT // 2}, {}, Reason.PERCENT_PRICE),
        ({"price_down": 2 * UNIT}, {}, Reason.PERCENT_PRICE),
        ({"max_orders": 0}, {}, Reason.MAX_NUM_ORDERS),
        ({"room": 1}, {}, Reason.MAX_NUM_ORDERS),
        ({"max_position": UNIT - 1}, {}, Reason.MAX_POSITION),
        ({}, {"side": 2}, Reason.SIDE),
        ({}, {"order": 1}, Reason.DUPLICATE_ID),
    ],
)
def test_the_filters_of_the_exchange_refuse_with_their_name(
    filters: dict[str, int], order: dict[str, int], reason: Any
) -> None:
    market = Market(**filters)
    market.trade(PRICE, 1)
    if reason is Reason.DUPLICATE_ID or filters == {"room": 1}:
        market.new(1, BUY, PRICE, UNIT)
    market.exchange.reports(market.now_ns)
    market.new(**{"order": 2, "side": BUY, "price": PRICE, "quantity": UNIT, **order})
    report = market.exchange.reports(market.now_ns)[-1]
    assert (report.kind, report.reason) == (Kind.REJECTED, reason)


def test_open_buys_count_against_the_largest_position_and_sells_do_not() -> None:
    market = Market(max_position=3 * UNIT)
    market.new(1, BUY, PRICE, 2 * UNIT)
    market.new(2, SELL, PRICE + 2 * UNIT, 9 * UNIT)
    market.new(3, BUY, PRICE, UNIT + 1)
    market.new(4, BUY, PRICE, UNIT)
    assert [kind for kind, _ in market.said()] == [Kind.ACCEPTED, Kind.ACCEPTED, Kind.REJECTED, Kind.ACCEPTED]


def test_fees_are_of_the_notional_and_rounded_against_the_owner() -> None:
    market = Market(maker_rate=UNIT // 1000, taker_rate=2 * UNIT // 1000)
    market.new(1, BUY, PRICE + UNIT, 7)
    market.new(2, BUY, PRICE, UNIT)
    market.level(BID, PRICE, 0)
    market.trade(PRICE, UNIT)
    taker, maker = [r for r in market.exchange.reports(market.now_ns) if r.kind is Kind.FILL]
    assert taker.fee == -(-(PRICE + UNIT) * 7 * 2 // 1000)
    assert maker.fee == PRICE * UNIT // 1000
    account = market.exchange.account
    assert account.cash == -(PRICE + UNIT) * 7 - PRICE * UNIT - taker.fee - maker.fee


def test_a_maker_may_be_paid() -> None:
    market = Market(maker_rate=-UNIT // 1000)
    market.new(1, BUY, PRICE, UNIT)
    market.trade(PRICE - UNIT, 1)
    assert market.exchange.reports(market.now_ns)[-1].fee == -PRICE * UNIT // 1000


def test_an_order_sees_the_book_of_its_arrival_and_its_report_comes_later() -> None:
    market = Market(entry_ns=10, response_ns=5)
    market.exchange.new(1, BUY, PRICE + UNIT, UNIT, 0)
    market.now_ns = 8
    market.level(ASK, PRICE + UNIT, 0)  # at 9: gone before the order is there
    market.now_ns = 9
    market.tick()
    market.now_ns = 14
    assert market.said() == []
    market.now_ns = 15
    assert market.said() == [(Kind.ACCEPTED, 0)]
    market.now_ns = 20
    market.level(ASK, PRICE + UNIT, UNIT)
    assert [(r.kind, r.due_ns) for r in market.exchange.reports(10**9)] == [(Kind.FILL, 26)]


def test_requests_and_reports_never_overtake_one_another() -> None:
    market = Market(entry_ns=100, response_ns=100, jitter_ns=10_000)
    for order in range(1, 200):
        market.exchange.new(order, BUY, PRICE, UNIT, order)
        market.exchange.cancel(order, order)
    market.exchange.advance(10**6)
    reports = market.exchange.reports(10**9)
    assert [(r.id, r.kind) for r in reports] == [
        (order, kind) for order in range(1, 200) for kind in (Kind.ACCEPTED, Kind.CANCELED)
    ]
    assert [r.due_ns for r in reports] == sorted(r.due_ns for r in reports)
    assert len({r.due_ns for r in reports}) > 10


def test_the_seed_decides_the_latencies() -> None:
    def times(seed: int) -> list[int]:
        market = Market(jitter_ns=10_000, seed=seed)
        market.exchange.new(1, BUY, PRICE, UNIT, 0)
        market.exchange.advance(10**6)
        return [report.due_ns for report in market.exchange.reports(10**9)]

    assert times(5) == times(5)
    assert len({tuple(times(seed)) for seed in range(20)}) > 10


def test_a_cancel_is_answered_by_what_became_of_the_order() -> None:
    market = Market()
    market.new(1, BUY, PRICE, UNIT)
    market.exchange.cancel(1, market.now_ns)
    market.exchange.cancel(1, market.now_ns)
    market.exchange.cancel(2, market.now_ns)
    market.tick()
    assert [kind for kind, _ in market.said()] == [
        Kind.ACCEPTED, Kind.CANCELED, Kind.CANCEL_REJECTED, Kind.NOT_FOUND
    ]  # fmt: skip


def test_all_orders_are_cancelled_at_once_also_those_without_a_position() -> None:
    market = Market()
    for order in (1, 2, 3):
        market.new(order, BUY, PRICE, UNIT)
    market.exchange.cancel_all(market.now_ns)
    market.tick()
    assert market.exchange.open_orders == []
    assert [kind for kind, _ in market.said()] == [Kind.ACCEPTED] * 3 + [Kind.CANCELED] * 3


def test_asked_it_says_all_fills_again_and_then_the_state() -> None:
    market = Market()
    market.new(1, BUY, PRICE, UNIT)
    market.level(BID, PRICE, 0)
    market.trade(PRICE, UNIT // 4)
    market.trade(PRICE, UNIT // 4)
    first = [r.execution_id for r in market.exchange.reports(market.now_ns) if r.kind is Kind.FILL]
    market.exchange.query(1, market.now_ns)
    market.exchange.query(9, market.now_ns)
    market.tick()
    again = market.exchange.reports(market.now_ns)
    assert [r.kind for r in again] == [Kind.FILL, Kind.FILL, Kind.ACCEPTED, Kind.NOT_FOUND]
    assert [r.execution_id for r in again[:2]] == first
    assert all(r.again for r in again)
    assert market.exchange.account.fills == 2


@pytest.mark.parametrize("ends", ["fill", "cancel", "expire", "reject"])
def test_asked_about_an_order_that_ended_it_says_how(ends: str) -> None:
    market = Market()
    market.new(1, BUY, PRICE if ends != "reject" else 1, UNIT, ioc=ends == "expire")
    if ends == "fill":
        market.trade(PRICE - UNIT, UNIT)
    if ends == "cancel":
        market.exchange.cancel(1, market.now_ns)
        market.tick()
    last = market.exchange.reports(market.now_ns)[-1]
    market.exchange.query(1, market.now_ns)
    market.tick()
    said = market.exchange.reports(market.now_ns)
    assert [(r.kind, r.cumulative) for r in said] == [(last.kind, last.cumulative)]


def test_reports_pile_up_without_being_lost() -> None:
    market = Market(room=2)
    for order in range(1, 101):
        market.new(order, BUY, PRICE, UNIT)
        market.exchange.cancel(order, market.now_ns)
        market.tick()
    assert len(market.exchange.reports(market.now_ns)) == 200
    assert market.exchange.lost_reports == 0


def test_requests_beyond_the_room_are_not_taken() -> None:
    market = Market(room=2, entry_ns=1000)
    assert [market.exchange.new(order, BUY, PRICE, UNIT, 0) for order in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize("changed", [{"tick": 0}, {"lot": 0}, {"entry_ns": -1}, {"jitter_ns": -1}, {"room": 3}])
def test_settings_without_meaning_are_refused(changed: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|below 0|power of two"):
        Market(**changed)

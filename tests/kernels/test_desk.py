"""The trading desk: from a payload to an order on the right book only, and what it does with contradictions."""

from __future__ import annotations

import json
from typing import Any

import pytest

desk_kernel = pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.kernels.binance_json import SPOT  # noqa: E402
from lltool.kernels.breaker import CircuitBreaker  # noqa: E402
from lltool.kernels.kill_switch import KillSource, KillSwitch  # noqa: E402
from lltool.kernels.paper import PaperExchange  # noqa: E402
from lltool.kernels.risk import BUY, SELL, RiskCheck  # noqa: E402
from lltool.kernels.router import OrderEvent, Router  # noqa: E402
from lltool.kernels.strategy import SpreadStrategy  # noqa: E402
from lltool.kernels.sync import BookSync, State  # noqa: E402

UNIT = 100_000_000
SECOND = 1_000_000_000
Outcome = desk_kernel.Outcome
PAPER = {
    "min_price": 1, "max_price": 10**15, "tick": UNIT // 100, "min_quantity": 1, "max_quantity": 10**15, "lot": 1,
    "min_notional": 0, "price_up": 0, "price_down": 0, "max_orders": 1000, "max_position": 10**18, "maker_rate": 0,
    "taker_rate": 0, "entry_ns": 0, "response_ns": 0, "jitter_ns": 0, "seed": 1,
}  # fmt: skip


class Trading:
    """One desk, or several, and the messages of an exchange for them."""

    def __init__(self, *symbols: str, paper: bool = True) -> None:
        self.now_ns = SECOND
        self.kill = KillSwitch()
        self.log = desk_kernel.new_log(256)
        self.breaker = CircuitBreaker(2, 60 * SECOND, 5 * SECOND)
        self.desks = [self.made(symbol, number, paper) for number, symbol in enumerate(symbols or ["BTCUSDT"])]
        self.floor = desk_kernel.Floor(self.desks)

    def made(self, symbol: str, number: int, paper: bool) -> Any:
        sync = BookSync(SPOT, levels=64, events=64, event_levels=512)
        risk = RiskCheck(
            max_quantity=UNIT, lot=1, tick=1, band=10**15, max_notional=10**30, max_long=10 * UNIT,
            max_short=10 * UNIT, max_open_orders=50, max_gross_notional=10**30, max_orders=1000, rate_window_ns=0,
            max_age_ns=60 * SECOND,
        )  # fmt: skip
        router = Router(
            risk, self.kill, capacity=64, epoch=1, min_quantity=1, min_notional=0, max_loss=10**30,
            max_drawdown=10**30, duplicate_window_ns=0, max_burst=1000, burst_window_ns=0, max_size_multiple=1000,
            max_cancels_percent=1000,
        )  # fmt: skip
        exchange = PaperExchange(sync, **PAPER) if paper else None
        desk = desk_kernel.Desk(
            symbol, sync, router, exchange, self.breaker, self.log,
            SpreadStrategy(threshold=UNIT // 1000, quantity=UNIT // 10, tick=UNIT // 100), number=number,
        )  # fmt: skip
        desk.connect(self.now_ns)
        return desk

    def take(self, message: dict[str, Any] | bytes, **where: int) -> tuple[Any, Any]:
        self.now_ns += 1
        payload = message if isinstance(message, bytes) else json.dumps(message, separators=(",", ":")).encode()
        found: tuple[Any, Any] = self.floor.take(payload, self.now_ns, **where)
        return found

    def snapshot(self, last: int, bid: str = "100.00", ask: str = "100.02", **where: int) -> Any:
        return self.take({"lastUpdateId": last, "bids": [[bid, "5"]], "asks": [[ask, "5"]]}, **where)[1]

    def depth(self, update: int, bids: Any = (), asks: Any = (), symbol: str = "BTCUSDT") -> Any:
        return self.take(
            {"e": "depthUpdate", "E": 1, "s": symbol, "U": update, "u": update, "b": list(bids), "a": list(asks)}
        )[1]

    def ticker(self, update: int, bid: str = "100.00", ask: str = "100.02") -> Any:
        return self.take({"u": update, "s": "BTCUSDT", "b": bid, "B": "5", "a": ask, "A": "5"})[1]

    def trade(self, number: int, price: str, quantity: str, *, sold: bool) -> Any:
        return self.take(
            {"e": "trade", "E": 1, "s": "BTCUSDT", "t": number, "p": price, "q": quantity, "T": 1, "m": sold, "M": True}
        )[1]

    def live(self) -> Trading:
        for number in range(len(self.desks)):
            self.snapshot(10, snapshot_for=number)
        for desk in self.desks:
            self.depth(11, symbol=desk.symbol)
        return self


def test_a_wide_spread_on_a_live_book_makes_an_order_at_the_mid() -> None:
    trading = Trading().live()
    (order,) = trading.desks[0].router.live_orders()
    assert (order.side, order.price, order.quantity) == (BUY, 10_001 * UNIT // 100, UNIT // 10)


def test_a_narrow_one_makes_none() -> None:
    trading = Trading()
    trading.snapshot(10, "100.000", "100.001")
    trading.depth(11)
    assert trading.desks[0].sync.state is State.LIVE
    assert trading.desks[0].router.live_orders() == []


def test_no_order_before_the_book_is_live_nor_after_a_gap_until_it_is_again() -> None:
    trading = Trading()
    trading.snapshot(10)
    assert trading.desks[0].router.counters()["orders"] == 0
    trading.depth(11)
    assert trading.desks[0].router.counters()["orders"] == 1
    trading.depth(13)
    trading.depth(14)
    assert not trading.desks[0].router.live
    assert trading.desks[0].router.counters()["orders"] == 1
    trading.snapshot(14)
    trading.depth(15)
    assert trading.desks[0].router.counters()["orders"] == 2


def test_it_buys_while_nothing_is_held_and_sells_while_something_is() -> None:
    trading = Trading().live()
    trading.trade(1, "100.00", "1", sold=True)  # below the order at 100.01: filled whole
    trading.depth(12)
    assert trading.desks[0].router.account.position == UNIT // 10
    assert [order.side for order in trading.desks[0].router.live_orders()] == [SELL]


def test_trades_and_best_prices_that_come_again_are_left_out() -> None:
    trading = Trading().live()
    for _ in range(3):
        trading.trade(7, "100.00", "0.01", sold=True)
        trading.ticker(50)
    assert trading.desks[0].counters()["repeated"] == 4


def test_books_that_the_best_prices_contradict_three_times_are_invalid() -> None:
    trading = Trading().live()
    desk = trading.desks[0]
    for update in range(11, 14):
        assert desk.sync.state is State.LIVE
        trading.ticker(update, bid="99.00")
        trading.depth(update + 1)
        trading.ticker(1000 + update)
    assert desk.counters()["contradictions"] == 3
    assert desk.sync.state is State.INVALID
    assert not desk.router.live


def test_best_prices_of_the_same_update_agree_and_those_that_are_ahead_say_nothing_yet() -> None:
    trading = Trading().live()
    trading.ticker(11)
    trading.ticker(12, bid="100.01")
    trading.depth(12, bids=[("100.01", "5")])
    trading.ticker(13, bid="90.00")
    assert trading.desks[0].counters()["contradictions"] == 0


def test_a_message_that_cannot_be_read_makes_all_books_wait_for_a_snapshot() -> None:
    trading = Trading("BTCUSDT", "ETHUSDT").live()
    assert trading.take(b'{"e":"depthUpdate","E":1,"s":"BTC')[1] is Outcome.REFUSED
    assert [desk.sync.state for desk in trading.desks] == [State.INVALID] * 2
    assert trading.floor.refused == 1


def test_each_symbol_has_its_own_book_and_what_is_of_none_is_counted() -> None:
    trading = Trading("BTCUSDT", "ETHUSDT").live()
    trading.depth(12, bids=[("99.00", "1")], symbol="ETHUSDT")
    assert [desk.sync.update_id for desk in trading.desks] == [11, 12]
    assert trading.depth(12, symbol="BTCUSD") is Outcome.FOREIGN
    assert trading.depth(12, symbol="BTCUSDTX") is Outcome.FOREIGN
    assert trading.floor.foreign == 2


def test_without_a_paper_exchange_the_order_is_given_out_and_the_switch_waits_for_it() -> None:
    trading = Trading(paper=False)
    trading.snapshot(10)
    assert trading.depth(11) is Outcome.SEND
    order_id, side, price, quantity = trading.desks[0].out
    assert trading.desks[0].router.find(order_id)[1:4] == (side, price, quantity)
    trading.kill.trip(KillSource.OPERATOR, 1)
    assert not trading.kill.is_quiet
    trading.desks[0].sent()
    assert trading.kill.is_quiet
    assert trading.depth(12) is Outcome.DONE


def test_orders_without_an_answer_open_the_breaker_and_an_answer_closes_it() -> None:
    trading = Trading(paper=False)
    trading.snapshot(10)
    desk = trading.desks[0]
    for update in (11, 12):
        assert trading.depth(update) is Outcome.SEND
        desk.sent()
        desk.on(desk.out[0], OrderEvent.REJECTED, trading.now_ns)
    assert trading.breaker.state == "open"
    assert trading.depth(13) is Outcome.DONE
    assert desk.counters()["held_by_breaker"] == 1
    trading.now_ns += 6 * SECOND
    assert trading.depth(14) is Outcome.SEND
    desk.sent()
    assert trading.breaker.state == "half-open"
    assert trading.depth(15) is Outcome.DONE  # one probe
    desk.on(desk.out[0], OrderEvent.ACCEPTED, trading.now_ns)
    assert trading.breaker.state == "closed"


def test_what_happened_is_in_the_log() -> None:
    trading = Trading().live()
    trading.trade(1, "100.00", "1", sold=True)
    trading.desks[0].look(trading.now_ns)
    texts = [entry.text for entry in trading.log.drain()]
    assert any("book state 3 became 4" in text for text in texts)
    assert any("sent, side 0, price 10001000000, quantity 10000000" in text for text in texts)
    assert any("filled at 10001000000, quantity 10000000, execution 1" in text for text in texts)


def test_latencies_are_counted_of_every_update_and_of_those_that_made_an_order() -> None:
    trading = Trading().live()
    for update in range(12, 32):
        trading.depth(update, bids=[("100.019", "1")])  # the spread is not above the threshold any more
    desk = trading.desks[0]
    assert desk.router.counters()["orders"] == 1
    assert {name: len(histogram) for name, histogram in trading.floor.spans.items()} == {
        "parse": 21, "book": 21, "strategy": 21, "risk": 1, "serialise": 0, "send": 1, "tick_to_update": 21,
        "tick_to_trade": 1,
    }  # fmt: skip


def test_the_stages_of_an_update_add_up_to_the_time_it_took() -> None:
    trading = Trading().live()
    spans = {name: histogram.total for name, histogram in trading.floor.spans.items()}
    assert spans["tick_to_update"] == spans["parse"] + spans["book"]
    assert spans["tick_to_trade"] == spans["tick_to_update"] + spans["strategy"] + spans["risk"] + spans["send"]


def test_the_desks_of_a_floor_record_into_one_set_of_histograms() -> None:
    trading = Trading("BTCUSDT", "ETHUSDT").live()
    trading.depth(12, bids=[("99.00", "1")], symbol="ETHUSDT")
    assert len(trading.floor.spans["book"]) == 3


def test_a_desk_that_gave_no_order_out_cannot_have_sent_one() -> None:
    with pytest.raises(ValueError, match="no order that waits"):
        Trading().live().desks[0].sent()


@pytest.mark.parametrize("count", [0, 65])
def test_a_floor_has_1_to_64_desks(count: int) -> None:
    trading = Trading()
    with pytest.raises(ValueError, match="1 to 64"):
        desk_kernel.Floor(trading.desks * count)


def test_a_snapshot_for_a_desk_that_is_not_there_is_refused() -> None:
    with pytest.raises(IndexError):
        Trading().snapshot(1, snapshot_for=1)

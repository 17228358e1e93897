"""For any flow of orders, market data and mishaps: limits hold, books reconcile, nothing leaves after the switch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings, target
from hypothesis import strategies as st

paper_kernel = pytest.importorskip("lltool.kernels.paper", reason="needs the compiled kernels")

from lltool.kernels.kill_switch import KillSource, KillSwitch  # noqa: E402
from lltool.kernels.l2_book import ASK, BID, L2Book  # noqa: E402
from lltool.kernels.risk import BUY, RiskCheck  # noqa: E402
from lltool.kernels.router import OrderEvent, Router  # noqa: E402

UNIT = 100_000_000
PRICE = 100 * UNIT
MAX_POSITION = 12 * UNIT
MAX_OPEN = 5
EVENT_OF = {
    paper_kernel.ReportKind.ACCEPTED: OrderEvent.ACCEPTED,
    paper_kernel.ReportKind.REJECTED: OrderEvent.REJECTED,
    paper_kernel.ReportKind.CANCELED: OrderEvent.CANCELED,
    paper_kernel.ReportKind.CANCEL_REJECTED: OrderEvent.CANCEL_REJECTED,
    paper_kernel.ReportKind.EXPIRED: OrderEvent.EXPIRED,
    paper_kernel.ReportKind.NOT_FOUND: OrderEvent.NOT_FOUND,
}

prices = st.integers(-4, 4).map(lambda ticks: PRICE + ticks * UNIT)
quantities = st.integers(0, 9).map(lambda lots: lots * UNIT)
an_order = st.tuples(
    st.just("order"), st.sampled_from([0, 1]), prices, st.integers(1, 9).map(lambda lots: lots * UNIT), st.booleans()
)
a_level = st.tuples(st.just("level"), st.sampled_from([BID, ASK]), prices, quantities)
a_trade = st.tuples(st.just("trade"), prices, quantities.filter(bool), st.booleans())
actions = st.one_of(
    an_order, a_level, a_trade, an_order, a_level, a_trade, an_order,
    st.tuples(st.just("cancel"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.integers(1, 500)),
    st.tuples(st.just("wait"), st.integers(1, 500)),
    st.tuples(st.just("cancel all")),
    st.tuples(st.just("lose"), st.integers(0, 4)),
    st.tuples(st.just("answer")),
    st.tuples(st.just("drop reports")),
    st.tuples(st.just("repeat reports")),
)  # fmt: skip
scripts = st.lists(actions, min_size=20, max_size=80)


@dataclass
class System:
    """A router and a paper exchange with latency between them, and all that was said, in order."""

    seed: int
    now_ns: int = 0
    log: list[Any] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    killed_after: int | None = None

    def __post_init__(self) -> None:
        self.book = L2Book()
        risk = RiskCheck(
            max_quantity=8 * UNIT, lot=UNIT, tick=UNIT, band=PRICE, max_notional=10**30, max_long=MAX_POSITION,
            max_short=MAX_POSITION, max_open_orders=MAX_OPEN, max_gross_notional=10**30, max_orders=1000,
            rate_window_ns=0, max_age_ns=10**15,
        )  # fmt: skip
        risk.set_reference(PRICE, 0)
        self.router = Router(
            risk, KillSwitch(), capacity=8, epoch=3, min_quantity=1, min_notional=0, max_loss=10**36,
            max_drawdown=10**36, duplicate_window_ns=0, max_burst=1000, burst_window_ns=0, max_size_multiple=10**6,
            max_cancels_percent=10**6,
        )  # fmt: skip
        self.router.live = True
        self.exchange = paper_kernel.PaperExchange(
            self.book, min_price=1, max_price=10**15, tick=UNIT, min_quantity=1, max_quantity=10**15, lot=1,
            min_notional=0, price_up=0, price_down=0, max_orders=100, max_position=10**18, maker_rate=10_000,
            taker_rate=50_000, entry_ns=20, response_ns=10, jitter_ns=100, seed=self.seed,
        )  # fmt: skip

    def chosen(self, at: int) -> Any:
        live = self.router.live_orders()
        return live[at % len(live)] if live else None

    def do(self, name: str, *values: Any) -> None:
        self.now_ns += 1
        getattr(self, name.replace(" ", "_"))(*values)
        if name not in {"drop reports", "repeat reports"}:
            self.book_reports(self.reports())
        self.check()

    def order(self, side: int, price: int, quantity: int, ioc: bool) -> None:
        order, _ = self.router.submit(side, price, quantity, self.now_ns)
        if order:
            assert self.exchange.new(order, side, price, quantity, self.now_ns, ioc=ioc)
            self.sent.append(order)
            self.router.sent()

    def cancel(self, at: int) -> None:
        if order := self.chosen(at):
            self.router.on(order.id, OrderEvent.CANCEL_SENT, self.now_ns)
            self.exchange.cancel(order.id, self.now_ns)

    def cancel_all(self) -> None:
        self.exchange.cancel_all(self.now_ns)

    def level(self, side: int, price: int, quantity: int) -> None:
        self.exchange.advance(self.now_ns)
        self.book.update(side, price, quantity)
        self.exchange.on_book(self.now_ns)

    def trade(self, price: int, quantity: int, sold: bool) -> None:
        self.exchange.advance(self.now_ns)
        self.exchange.on_trade(price, quantity, sold, self.now_ns)

    def wait(self, time_ns: int) -> None:
        self.now_ns += time_ns
        self.exchange.advance(self.now_ns)

    def lose(self, at: int) -> None:
        if order := self.chosen(at):
            self.router.on(order.id, OrderEvent.LOST, self.now_ns)

    def drop_reports(self) -> None:
        self.reports()

    def repeat_reports(self) -> None:
        reports = self.reports()
        self.book_reports(reports + [r for r in reports if r.execution_id])

    def kill(self) -> None:
        self.router.kill.trip(KillSource.OPERATOR, self.now_ns)
        assert self.router.kill.is_quiet
        if self.killed_after is None:
            self.killed_after = len(self.sent)

    def reports(self) -> list[Any]:
        self.exchange.advance(self.now_ns)
        reports: list[Any] = self.exchange.reports(self.now_ns)
        self.log.extend(reports)
        return reports

    def book_reports(self, reports: list[Any]) -> None:
        for report in reports:
            if report.kind is paper_kernel.ReportKind.FILL:
                self.router.fill(
                    report.id, report.execution_id, report.price, report.quantity, report.cumulative, report.fee,
                    self.now_ns,
                )  # fmt: skip
            else:
                self.router.on(report.id, EVENT_OF[report.kind], self.now_ns)

    def check(self) -> None:
        live = self.router.live_orders()
        position = self.router.account.position
        bought = sum(order.quantity - order.filled for order in live if order.side == BUY)
        sold = sum(order.quantity - order.filled for order in live if order.side != BUY)
        assert position + bought <= MAX_POSITION
        assert position - sold >= -MAX_POSITION
        assert len(live) == self.router.risk.open_orders <= MAX_OPEN
        assert position == self.router.risk.position
        assert self.killed_after in {None, len(self.sent)}

    def answer(self) -> None:
        for order in self.router.overdue(self.now_ns, 0):
            self.exchange.query(order.id, self.now_ns)

    def settle(self) -> None:
        """What was lost is asked for, until nothing is under way."""
        for _ in range(10):
            for order in self.router.live_orders():
                self.router.on(order.id, OrderEvent.LOST, self.now_ns)
                self.exchange.query(order.id, self.now_ns)
            self.now_ns += 10_000
            self.book_reports(self.reports())
            self.check()
            if not self.router.counters()["unknown"]:
                return


def played(seed: int, script: list[tuple[Any, ...]], kill_at: int | None) -> System:
    system = System(seed)
    for at, (name, *values) in enumerate(script):
        if at == kill_at:
            system.do("kill")
        system.do(name, *values)
    system.settle()
    return system


@settings(max_examples=300)
@given(seed=st.integers(0, 2**64 - 1), script=scripts, kill_at=st.none() | st.integers(5, 80))
def test_limits_hold_the_books_reconcile_and_nothing_leaves_after_the_switch(
    seed: int, script: list[tuple[Any, ...]], kill_at: int | None
) -> None:
    system = played(seed, script, kill_at)
    assert system.router.counters()["unknown"] == 0
    target(float(system.router.account.fills))
    # The exchange's own books and those made of its reports, dropped, repeated and said again, are the same.
    assert system.router.account == system.exchange.account
    fills = {r.execution_id: r for r in system.log if r.execution_id}
    signs = {0: 1, 1: -1}
    assert system.router.account.position == sum(signs[r.side] * r.quantity for r in fills.values())
    assert system.router.account.cash == -sum(signs[r.side] * r.quantity * r.price + r.fee for r in fills.values())
    assert system.router.account.fills == len(fills)
    assert sorted(order.id for order in system.router.live_orders()) == sorted(system.exchange.open_orders)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**64 - 1), script=scripts, kill_at=st.none() | st.integers(5, 80))
def test_equal_input_gives_equal_output(seed: int, script: list[tuple[Any, ...]], kill_at: int | None) -> None:
    first, second = played(seed, script, kill_at), played(seed, script, kill_at)
    assert first.log == second.log
    assert first.router.denials() == second.router.denials()

"""The order router: what keeps an order back, what becomes of it, and that nothing is booked twice."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

router_kernel = pytest.importorskip("lltool.kernels.router", reason="needs the compiled kernels")

from lltool.kernels.kill_switch import KillSource, KillSwitch  # noqa: E402
from lltool.kernels.risk import BUY, SELL, Breach, RiskCheck  # noqa: E402

Denial, OrderEvent, OrderState = router_kernel.Denial, router_kernel.OrderEvent, router_kernel.OrderState
UNIT = 100_000_000
PRICE = 60_000 * UNIT
RISK = {
    "max_quantity": 10 * UNIT, "lot": 1000, "tick": UNIT // 100, "band": 1000 * UNIT, "max_notional": 10**22,
    "max_long": 20 * UNIT, "max_short": 20 * UNIT, "max_open_orders": 100, "max_gross_notional": 10**24,
    "max_orders": 1000, "rate_window_ns": 1, "max_age_ns": 10**15,
}  # fmt: skip
LIMITS = {
    "capacity": 64, "epoch": 7, "min_quantity": 1000, "min_notional": 5 * UNIT * UNIT, "max_loss": 1000 * UNIT * UNIT,
    "max_drawdown": 500 * UNIT * UNIT, "duplicate_window_ns": 0, "max_burst": 1000, "burst_window_ns": 0,
    "max_size_multiple": 10, "max_cancels_percent": 100,
}  # fmt: skip


def ready(risk: dict[str, int] | None = None, **changed: int) -> Any:
    router = router_kernel.Router(RiskCheck(**{**RISK, **(risk or {})}), KillSwitch(), **{**LIMITS, **changed})
    router.risk.set_reference(PRICE, 0)
    router.live = True
    return router


def send(router: Any, side: int = BUY, price: int = PRICE, quantity: int = UNIT, now_ns: int = 1) -> int:
    order_id, denied = router.submit(side, price, quantity, now_ns)
    assert denied == 0, Breach(denied & 0xFFFF) | Denial(denied & ~0xFFFF)
    router.sent()
    return int(order_id)


def state(router: Any, order_id: int) -> Any:
    return router.find(order_id).state


def test_an_order_lives_from_new_to_filled() -> None:
    router = ready()
    order = send(router)
    assert state(router, order) is OrderState.PENDING_NEW
    assert router.on(order, OrderEvent.ACCEPTED, 2)
    assert state(router, order) is OrderState.OPEN
    assert router.fill(order, 1, PRICE, UNIT // 4, UNIT // 4, 3, 3)
    assert state(router, order) is OrderState.PARTIAL
    assert router.fill(order, 2, PRICE, 3 * UNIT // 4, UNIT, 3, 4)
    assert state(router, order) is OrderState.FILLED
    assert router.account == (UNIT, -PRICE * UNIT - 6, 6, PRICE * UNIT, 2)
    assert (router.risk.position, router.risk.open_orders, router.live_orders()) == (UNIT, 0, [])


def test_ids_carry_the_epoch_and_are_never_repeated() -> None:
    router = ready(capacity=2)
    first = send(router)
    assert first == 7 << 32 | 1
    second = send(router)
    router.on(first, OrderEvent.REJECTED, 2)
    assert send(router) == 7 << 32 | 3  # its place is that of the first, which ended
    assert router.submit(BUY, PRICE, UNIT, 1) == (0, Denial.TABLE | Breach.ORDER_ID)
    assert state(router, second) is OrderState.PENDING_NEW


@pytest.mark.parametrize(
    ("arrange", "order", "reason"),
    [
        (lambda r: setattr(r, "live", False), {}, Denial.BOOK),
        (lambda r: setattr(r, "restricted", True), {}, Denial.RESTRICTED),
        (lambda r: r.risk.halt(), {}, Breach.HALTED),
        (lambda r: None, {"quantity": 0}, Breach.QUANTITY | Denial.MIN_QUANTITY | Denial.MIN_NOTIONAL),
        (lambda r: None, {"quantity": 8000}, Denial.MIN_NOTIONAL),
        (lambda r: send(r, SELL, PRICE), {}, Denial.SELF_CROSS),
        (lambda r: send(r, SELL, PRICE + UNIT), {"price": PRICE + 2 * UNIT}, Denial.SELF_CROSS),
        (lambda r: r.on(send(r), OrderEvent.LOST, 1), {}, Denial.UNKNOWN),
        (lambda r: r.kill.trip(KillSource.OPERATOR, 1), {}, Denial.KILLED),
    ],
    ids=["book", "restricted", "halted", "zero", "small", "self", "self above", "unknown", "killed"],
)
def test_each_reason_is_named_and_counted(arrange: Any, order: dict[str, int], reason: int) -> None:
    router = ready()
    arrange(router)
    wanted = {"side": BUY, "price": PRICE, "quantity": UNIT, "now_ns": 5, **order}
    assert router.submit(*wanted.values()) == (0, reason)
    assert sum(router.denials().values()) == int(reason).bit_count()


def test_the_same_order_again_at_once_is_a_duplicate() -> None:
    router = ready(duplicate_window_ns=100)
    send(router, now_ns=1000)
    assert router.submit(BUY, PRICE, UNIT, 1099) == (0, Denial.DUPLICATE)
    send(router, price=PRICE - UNIT, now_ns=1099)
    send(router, now_ns=1100)


def test_a_long_window_limits_bursts() -> None:
    router = ready(max_burst=3, burst_window_ns=1000)
    for now in (100, 200, 300):
        send(router, now_ns=now)
    assert router.submit(BUY, PRICE, UNIT, 1099) == (0, Denial.BURST)
    send(router, now_ns=1100)


def test_an_order_far_above_the_average_is_a_fat_finger() -> None:
    router = ready(max_size_multiple=5)
    for now in range(32):
        router.on(send(router, quantity=UNIT // 10, now_ns=now), OrderEvent.REJECTED, now)
    assert router.submit(BUY, PRICE, 6 * UNIT // 10, 99) == (0, Denial.FAT_FINGER)
    send(router, quantity=5 * UNIT // 10, now_ns=99)


def test_too_many_cancels_for_so_many_orders_stop_new_ones() -> None:
    router = ready(max_cancels_percent=50)
    for now in range(32):
        order = send(router, now_ns=now)
        if now % 2 == 0:
            router.on(order, OrderEvent.CANCEL_SENT, now)
        router.on(order, OrderEvent.CANCELED, now)
    router.on(send(router, now_ns=50), OrderEvent.CANCEL_SENT, 50)
    assert router.submit(BUY, PRICE, UNIT, 99) == (0, Denial.CANCELS)


def test_a_loss_stops_new_orders_and_trips_the_switch() -> None:
    router = ready(max_drawdown=10**30)
    router.fill(send(router), 1, PRICE, UNIT, UNIT, 0, 1)
    router.risk.set_reference(PRICE - 1000 * UNIT, 2)
    assert not router.watch(2, 10**15, 10**15)
    router.risk.set_reference(PRICE - 1000 * UNIT - 1, 3)
    assert router.submit(BUY, PRICE - 1000 * UNIT, UNIT, 3)[1] == Denial.LOSS
    assert router.watch(3, 10**15, 10**15)
    assert router.kill.source is KillSource.LOSS


def test_what_was_won_may_not_be_given_back_beyond_the_drawdown() -> None:
    router = ready()
    router.fill(send(router), 1, PRICE, UNIT, UNIT, 0, 1)
    router.risk.set_reference(PRICE + 900 * UNIT, 2)
    assert not router.watch(2, 10**15, 10**15)
    router.risk.set_reference(PRICE + 399 * UNIT, 3)
    assert router.watch(3, 10**15, 10**15)
    assert router.worth(PRICE + 399 * UNIT) == 399 * UNIT * UNIT


def test_data_that_is_too_old_trips_the_switch() -> None:
    router = ready()
    assert not router.watch(1000, 1000, 10**15)
    assert router.watch(1001, 1000, 10**15)
    assert router.kill.source is KillSource.STALE


def test_a_fill_is_booked_once_by_its_execution_id_and_by_the_cumulative_quantity() -> None:
    router = ready()
    order = send(router)
    for _ in range(3):
        assert router.fill(order, 11, PRICE, UNIT // 2, UNIT // 2, 0, 1)
    assert router.fill(order, 12, PRICE, UNIT // 2, UNIT // 2, 0, 1)  # another id for what is booked
    assert router.account.position == UNIT // 2
    assert router.counters()["duplicate_fills"] == 3


def test_a_fill_that_was_missed_is_booked_when_it_is_told_though_later_ones_were_booked_before() -> None:
    router = ready()
    order = send(router)
    router.fill(order, 2, PRICE, UNIT // 4, UNIT // 2, 0, 1)
    assert state(router, order) is OrderState.UNKNOWN
    for _ in range(2):  # the answer to a question: all fills again
        router.fill(order, 1, PRICE, UNIT // 4, UNIT // 4, 0, 2)
        router.fill(order, 2, PRICE, UNIT // 4, UNIT // 2, 0, 2)
    router.on(order, OrderEvent.ACCEPTED, 3)
    assert state(router, order) is OrderState.PARTIAL
    assert router.account.position == UNIT // 2


@given(
    parts=st.lists(st.integers(1, 50), min_size=1, max_size=12),
    order=st.lists(st.integers(0, 11), max_size=40),
    forget=st.booleans(),
)
def test_fills_told_in_any_order_and_number_are_each_booked_once(
    parts: list[int], order: list[int], forget: bool
) -> None:
    router = ready()
    own = send(router, quantity=UNIT)
    other = send(router, SELL, PRICE + UNIT, 5000 * 1000)
    fills = [(number + 1, part, sum(parts[: number + 1])) for number, part in enumerate(parts)]
    told = [fills[at] for at in order if at < len(fills)]
    for execution, part, cumulative in [*told, *fills]:
        router.fill(own, execution, PRICE, part, cumulative, 0, 1)
    if forget:
        for number in range(1, 5001):
            router.fill(other, 10_000 + number, PRICE, 1000, 1000 * number, 0, 2)
    for execution, part, cumulative in fills:
        router.fill(own, execution, PRICE, part, cumulative, 0, 3)
    assert router.find(own).filled == sum(parts)


def test_execution_ids_that_were_forgotten_are_held_by_the_cumulative_quantity() -> None:
    router = ready()
    order = send(router, quantity=5000 * 1000)
    for number in range(1, 5001):
        router.fill(order, number, PRICE, 1000, 1000 * number, 0, number)
    for number in range(1, 5001):
        router.fill(order, number, PRICE, 1000, 1000 * number, 0, number)
    assert router.account.position == 5000 * 1000


def test_a_missing_fill_makes_the_order_unknown() -> None:
    router = ready()
    order = send(router)
    router.fill(order, 2, PRICE, UNIT // 4, UNIT // 2, 0, 1)
    assert state(router, order) is OrderState.UNKNOWN
    assert router.submit(SELL, PRICE + UNIT, UNIT, 2) == (0, Denial.UNKNOWN)
    assert [late.id for late in router.overdue(100, 10)] == [order]


def test_a_lost_order_keeps_its_room_until_the_exchange_has_told() -> None:
    router = ready(risk={"max_long": UNIT})
    order = send(router)
    router.on(order, OrderEvent.LOST, 5)
    assert (state(router, order), router.risk.open_orders) == (OrderState.UNKNOWN, 1)
    assert router.submit(BUY, PRICE, UNIT, 6)[1] == Denial.UNKNOWN | Breach.LONG
    assert router.on(order, OrderEvent.NOT_FOUND, 7)
    assert (state(router, order), router.risk.open_orders) == (OrderState.REJECTED, 0)
    send(router, now_ns=8)


def test_a_late_fill_of_an_order_that_ended_still_counts() -> None:
    router = ready()
    order = send(router)
    router.on(order, OrderEvent.CANCELED, 2)
    assert router.fill(order, 1, PRICE, UNIT, UNIT, 0, 3)
    assert (router.account.position, router.risk.position) == (UNIT, UNIT)
    assert router.counters()["late_fills"] == 1
    assert router.risk.open_orders == 0


def test_a_fill_beyond_the_order_is_booked_and_counted() -> None:
    router = ready()
    order = send(router)
    router.fill(order, 1, PRICE, 2 * UNIT, 2 * UNIT, 0, 3)
    assert (router.account.position, router.risk.position) == (2 * UNIT, 2 * UNIT)
    assert router.counters()["overfills"] == 1
    assert router.submit(BUY, PRICE, 10 * UNIT, 4)[1] == 0  # 12 of 20: no room is left taken


def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    router = ready()
    order = send(router)
    router.on(order, OrderEvent.CANCEL_SENT, 2)
    router.fill(order, 1, PRICE, UNIT, UNIT, 0, 3)
    assert router.on(order, OrderEvent.CANCEL_REJECTED, 4)
    assert state(router, order) is OrderState.FILLED
    assert router.risk.open_orders == 0


def test_a_refused_cancel_puts_the_order_back() -> None:
    router = ready()
    order = send(router)
    router.on(order, OrderEvent.ACCEPTED, 2)
    router.on(order, OrderEvent.CANCEL_SENT, 2)
    assert router.on(order, OrderEvent.CANCEL_REJECTED, 4)
    assert state(router, order) is OrderState.OPEN


@pytest.mark.parametrize("event", [OrderEvent.ACCEPTED, OrderEvent.REJECTED, OrderEvent.LOST, OrderEvent.CANCELED])
def test_what_has_ended_stays_ended(event: Any) -> None:
    router = ready()
    order = send(router)
    router.on(order, OrderEvent.EXPIRED, 2)
    assert not router.on(order, event, 3)
    assert state(router, order) is OrderState.EXPIRED
    assert router.counters()["illegal_events"] == 1


def test_an_order_that_is_not_here_is_said_to_be_so() -> None:
    router = ready()
    assert router.find(99) is None
    assert not router.on(99, OrderEvent.CANCELED, 1)
    assert not router.fill(99, 1, PRICE, UNIT, UNIT, 0, 1)
    assert router.counters()["illegal_events"] == 2


def test_when_the_best_own_order_ends_the_next_one_guards_against_crossing() -> None:
    router = ready()
    best, second = send(router, SELL, PRICE + UNIT), send(router, SELL, PRICE + 2 * UNIT)
    router.on(best, OrderEvent.CANCELED, 2)
    send(router, BUY, PRICE + UNIT)
    assert router.submit(BUY, PRICE + 2 * UNIT, UNIT, 3) == (0, Denial.SELF_CROSS)
    router.on(second, OrderEvent.CANCELED, 2)
    send(router, BUY, PRICE + 2 * UNIT)


def test_orders_that_wait_for_an_answer_become_overdue() -> None:
    router = ready()
    waiting, answered = send(router, now_ns=10), send(router, now_ns=10)
    router.on(answered, OrderEvent.ACCEPTED, 11)
    assert router.overdue(19, 10) == []
    assert [order.id for order in router.overdue(20, 10)] == [waiting]


@pytest.mark.parametrize("changed", [{"capacity": 0}, {"capacity": 3}, {"max_burst": 0}])
def test_sizes_without_meaning_are_refused(changed: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"power of two|between 1"):
        ready(**changed)


def test_a_fill_of_nothing_is_refused() -> None:
    router = ready()
    with pytest.raises(ValueError, match="above 0"):
        router.fill(send(router), 1, PRICE, 0, 0, 0, 1)

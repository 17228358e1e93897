"""Limits that change while a run goes on: only tighter ones, all or none."""

from __future__ import annotations

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.kernels.binance_json import SPOT
from lltool.kernels.desk import new_log
from lltool.kernels.kill_switch import KillSwitch
from lltool.trading.configuration import Configuration
from lltool.trading.floor import new_floor
from lltool.trading.live.tightening import LARGER_IS_TIGHTER, NEEDS_A_START, apply, changes

TIGHTER = {
    name: (-1 if name not in LARGER_IS_TIGHTER else 1)
    for name in type(Configuration().risk).model_fields
    if name not in NEEDS_A_START and name != "restricted"
}


def changed(name: str, step: int) -> Configuration:
    base = Configuration()
    risk = base.risk.model_copy(update={name: getattr(base.risk, name) + step})
    return base.model_copy(update={"risk": risk})


@pytest.mark.parametrize("name", TIGHTER)
def test_every_limit_has_a_tighter_side(name: str) -> None:
    (tighter,) = changes(Configuration(), changed(name, TIGHTER[name]))
    (looser,) = changes(Configuration(), changed(name, -TIGHTER[name]))
    assert (tighter.is_tighter, looser.is_tighter) == (True, False)


@pytest.mark.parametrize("name", NEEDS_A_START)
@pytest.mark.parametrize("step", [-1, 1])
def test_what_is_laid_out_at_the_start_takes_a_new_one(name: str, step: int) -> None:
    (change,) = changes(Configuration(), changed(name, step))
    assert not change.is_tighter


@pytest.mark.parametrize(
    ("before", "after", "is_tighter"),
    [((), ("BTCUSDT",), True), (("BTCUSDT",), (), False), (("BTCUSDT",), ("ETHUSDT",), False)],
)
def test_more_restricted_symbols_are_tighter(before: tuple[str, ...], after: tuple[str, ...], is_tighter: bool) -> None:
    (change,) = changes(*(Configuration.model_validate({"risk": {"restricted": each}}) for each in (before, after)))
    assert change.is_tighter is is_tighter


def test_a_tighter_limit_holds_from_the_next_order_on() -> None:
    floor = new_floor(Configuration(), [("BTCUSDT", SPOT)], kill=KillSwitch(), log=new_log(64), epoch=1)
    router = floor.desks[0].router
    router.live = True
    price = 60_000 * 10**8
    router.risk.set_reference(price, 1)
    assert router.submit(0, price, 100_000, 2)[1] == 0
    router.sent()
    apply(Configuration.model_validate({"risk": {"max_quantity": "0.0005"}}), router)
    assert router.submit(0, price - 10**6, 100_000, 10**9)[0] == 0
    assert router.denials() == {"MAX_QUANTITY": 1}

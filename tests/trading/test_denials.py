"""Each reason for which an order is kept back: the configuration that brings it about, and its count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.kernels.risk import Breach
from lltool.kernels.router import Denial
from lltool.trading.configuration import Configuration
from lltool.trading.paper_replay import PaperReplay
from lltool.trading.recording import read_recording
from lltool.trading.replay import document, replay

WIDE = {
    "max_burst": 100_000, "max_orders": 100_000, "duplicate_window_ms": 0, "max_cancels_percent": 1_000_000,
    "max_open_orders": 1000,
}  # fmt: skip

CONFIGURED: dict[str, dict[str, dict[str, Any]]] = {
    "KILLED": {"risk": {"max_drawdown": "0.00000001"}},
    "LOSS": {"risk": {"max_loss": "0.00000001"}},
    "RESTRICTED": {"risk": {"restricted": ["BTCUSDT"]}},
    "LOT": {"strategy": {"quantity": "0.001005"}},
    "MAX_QUANTITY": {"strategy": {"quantity": "0.2"}},
    "MIN_QUANTITY": {"risk": {"min_quantity": "0.002"}},
    "NOTIONAL": {"risk": {"max_notional": "50"}},
    "MIN_NOTIONAL": {"risk": {"min_notional": "70"}},
    "BAND": {"market": {"tick": "10"}, "risk": {"price_band": "0.01"}},
    "LONG": {"risk": {"max_position": "0.0005"}},
    "SHORT": {"risk": {"max_position": "0.0015"}, "strategy": {"quantity": "0.001"}},
    "OPEN_ORDERS": {"risk": {"max_open_orders": 1}, "strategy": {"order_life_ms": 10_000}},
    "GROSS": {"risk": {"max_gross_notional": "100"}, "strategy": {"order_life_ms": 10_000}},
    "RATE": {"risk": {"max_orders": 1}},
    "BURST": {"risk": {"max_burst": 1}},
    "CANCELS": {"risk": {"max_cancels_percent": 1}, "strategy": {"order_life_ms": 1}},
    "DUPLICATE": {"risk": {"duplicate_window_ms": 60_000}},
    "SELF_CROSS": {"strategy": {"order_life_ms": 10_000}},
}

NOT_BY_CONFIGURATION = {
    "HALTED": "the kill switch is what halts",
    "SIDE": "a strategy of one's own wants it",
    "QUANTITY": "a strategy of one's own wants it",
    "PRICE": "a strategy of one's own wants it",
    "TICK": "a strategy of one's own wants it",
    "FAT_FINGER": "a strategy of one's own wants it: the chapter's has one size",
    "ORDER_ID": "the router gives the ids",
    "STALE": "the strategy is asked at a new book",
    "BOOK": "the strategy is asked about a live book",
    "UNKNOWN": "an exchange that does not answer (live/test_run.py)",
    "TABLE": "4096 live orders",
}
"""Tried one by one in tests/kernels/test_risk.py and test_router.py."""

ALWAYS = {"self_cross"}
"""A strategy that buys and sells meets its own orders."""


def traded(path: Path, tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    configuration = Configuration.model_validate({**tables, "risk": {**WIDE, **tables.get("risk", {})}})
    trading = PaperReplay(configuration)
    read = read_recording(str(path))
    found: dict[str, Any] = document(read, replay(read, trading=trading), trading)["trading"]["instruments"][0]
    return found


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lltool.trading.exchange.simulation import simulated_market

    lines = simulated_market("BTCUSDT", seed=1, tick=10**6, lot=1000, price=60_000 * 10**8, rate_hz=100)
    path: Path = tmp_path_factory.mktemp("market") / "recording"
    path.write_bytes(b"".join(b"%d %b\n" % next(lines) for _ in range(3000)))
    return path


def test_every_reason_is_in_one_of_the_tables() -> None:
    names = {member.name for reasons in (Breach, Denial) for member in reasons}
    assert names == CONFIGURED.keys() | NOT_BY_CONFIGURATION.keys()
    assert not CONFIGURED.keys() & NOT_BY_CONFIGURATION.keys()


def test_wide_limits_keep_nothing_back_but_what_would_meet_an_own_order(recording: Path) -> None:
    assert traded(recording, {})["denied"].keys() == ALWAYS


@pytest.mark.parametrize("reason", CONFIGURED)
def test_an_order_is_kept_back_for_it_and_counted(recording: Path, reason: str) -> None:
    assert traded(recording, CONFIGURED[reason])["denied"].get(reason.lower(), 0) > 0

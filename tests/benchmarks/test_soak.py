"""The soak, short: some seconds with faults; the long one is benchmarks/soak.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")
pytest.importorskip("picows", reason="needs picows")

SOURCE = Path(__file__).resolve().parents[2] / "benchmarks" / "soak.py"


@pytest.fixture(scope="module")
def soak() -> Any:
    spec = importlib.util.spec_from_file_location("soak", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["soak"] = module
    spec.loader.exec_module(module)
    return module


def test_with_faults_no_fill_is_lost_or_booked_twice_and_nothing_is_left(soak: Any) -> None:
    result = soak.soak(20, 200, faults=True)
    # How fast the machine is says nothing here.
    assert [failure for failure in soak.judge(result) if "not sustained" not in failure] == []
    assert result["run"]["symbols"]["BTCUSDT"]["account"]["fills"] > 50
    assert len(result["exchange"]["faults"]) >= 2


def test_a_lost_fill_an_order_too_many_a_slow_market_and_growing_memory_are_failures(soak: Any) -> None:
    account = {"position": 0, "cash": 0, "fees": 0, "turnover": 0, "fills": 3}
    orders = {"orders": 3, "unknown": 0, "overfills": 0}
    result = {
        "rate": 100,
        "run": {
            "seconds": 10.0, "orders_confirmed": True, "log_dropped": 0, "unsent_orders": 0, "missing_orders": 0,
            "symbols": {"BTCUSDT": {"account": account, "orders": orders, "state": "live"}},
        },
        "exchange": {"accounts": {"BTCUSDT": account}, "orders": 3, "depth_events": 990},
        "memory_bytes": {"trading": [100] * 120},
    }  # fmt: skip
    assert soak.judge(result) == []
    result["exchange"] = {"accounts": {"BTCUSDT": {**account, "fills": 4}}, "orders": 4, "depth_events": 900}
    result["memory_bytes"] = {"trading": [100] * 60 + [110] * 60}
    assert len(soak.judge(result)) == 4

"""The counters of a trading run as metrics; a run whose process is gone has no present."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lltool.monitor.exposition import exposition
from lltool.monitor.pipeline import pipeline_metrics
from lltool.root import Root
from lltool.trading.run_directory import counters_path, process_of, write_counters

Command = Callable[..., subprocess.CompletedProcess[str]]
STAGES = ("parse", "book", "strategy", "risk", "serialise", "send", "tick_to_update", "tick_to_trade")
TAKEN_AT = 1_700_000_000.0


def counters(**changes: Any) -> dict[str, Any]:
    process = process_of(Root(), os.getpid())
    assert process is not None
    stage = {"count": 7, "sum_seconds": 7e-6, "window": 3, "quantiles": {"0.5": 1e-6, "0.99": 2e-6, "0.999": 3e-6}}
    symbol = {
        "state": "live",
        "gaps": 2,
        "resyncs": 1,
        "crossed": 0,
        "stale_seconds": 0.5,
        "orders": 10,
        "live_orders": 1,
        "unknown_orders": 0,
        "denied": {"price-band": 4},
        "fills": 3,
        "position": 0.1,
        "fees": 0.0,
    }
    document = {
        "schema": "lltool.trade-counters/1",
        "name": "btc",
        "process": {"pid": process.pid, "start_ticks": process.start_ticks, "boot_id": process.boot_id},
        "ended": None,
        "taken_at": TAKEN_AT,
        "seconds": 60.0,
        "kill_switch": None,
        "circuit": "closed",
        "circuit_openings": 0,
        "messages": {"taken": 100, "refused": 1, "foreign": 0},
        "queue_dropped": {"log": 0, "kept-events": 1},
        "unsent_orders": 0,
        "stages": dict.fromkeys(STAGES, stage),
        "symbols": {"BTCUSDT": symbol, "ETHUSDT": symbol | {"state": "gap", "stale_seconds": None, "denied": {}}},
        **changes,
    }
    schema = json.loads(files("lltool.schemas").joinpath("lltool.trade-counters-1.json").read_text())
    Draft202012Validator(schema).validate(document)
    return document


def samples(*runs: tuple[bool, dict[str, Any]], now: float = TAKEN_AT) -> dict[str, float]:
    told = [{"running": running, "counters": document} for running, document in runs]
    lines = exposition(pipeline_metrics(told, now)).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_a_run_tells_each_stage_book_queue_and_denial() -> None:
    found = samples((True, counters()))
    assert found['lltool_trade_running{run="btc"}'] == 1
    assert found['lltool_t2t_seconds{run="btc",stage="parse",quantile="0.99"}'] == 2e-6
    assert found['lltool_t2t_seconds_count{run="btc",stage="tick_to_trade"}'] == 7
    assert found['lltool_book_gaps_total{run="btc",symbol="BTCUSDT"}'] == 2
    assert found['lltool_book_live{run="btc",symbol="ETHUSDT"}'] == 0
    assert found['lltool_orders_denied_total{run="btc",symbol="BTCUSDT",reason="price-band"}'] == 4
    assert found['lltool_queue_dropped_total{run="btc",queue="kept-events"}'] == 1
    assert found['lltool_kill_switch{run="btc"}'] == 0
    assert found['lltool_circuit_state{run="btc"}'] == 0


def test_a_book_is_as_stale_as_its_counters_and_more() -> None:
    found = samples((True, counters()), now=TAKEN_AT + 10)
    assert found['lltool_book_stale_seconds{run="btc",symbol="BTCUSDT"}'] == 10.5
    assert 'lltool_book_stale_seconds{run="btc",symbol="ETHUSDT"}' not in found


def test_of_a_run_that_is_gone_only_its_end_is_told() -> None:
    found = samples((False, counters(kill_switch="loss", ended="kill switch")))
    assert found == {
        'lltool_trade_running{run="btc"}': 0,
        'lltool_trade_counters_timestamp_seconds{run="btc"}': TAKEN_AT,
        'lltool_kill_switch{run="btc"}': 1,
    }


@pytest.mark.parametrize(("circuit", "state"), [("closed", 0), ("open", 1), ("half-open", 2)])
def test_the_circuit_has_a_number(circuit: str, state: int) -> None:
    assert samples((True, counters(circuit=circuit)))['lltool_circuit_state{run="btc"}'] == state


def test_the_command_tells_of_runs_that_are_there_and_gone(lltool: Command, tmp_path: Path) -> None:
    environment = {"LLTOOL_RUN_DIR": str(tmp_path / "run")}
    (tmp_path / "run").mkdir()
    write_counters(str(tmp_path / "run" / os.path.basename(counters_path(Root(), "btc"))), counters())
    gone = counters(name="gone", process={"pid": 2**22 + 1, "start_ticks": 1, "boot_id": "of another boot"})
    write_counters(str(tmp_path / "run/gone.json"), gone)
    done = lltool("monitor", "metrics", **environment)
    assert done.returncode == 0, done.stderr
    assert '\nlltool_trade_running{run="btc"} 1\n' in done.stdout
    assert '\nlltool_trade_running{run="gone"} 0\n' in done.stdout
    state = json.loads(lltool("monitor", "metrics", "--json", **environment).stdout)
    assert [(each["counters"]["name"], each["running"]) for each in state["runs"]] == [("btc", True), ("gone", False)]
    if shutil.which("promtool"):
        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=done.stdout, capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")

"""The counters of a run: one document a second, whole, by way of the supervisor."""

from __future__ import annotations

import json
import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")
pytest.importorskip("picows", reason="needs picows")

from lltool.trading.live.counters import CountersPage, counters_file
from lltool.trading.live.latencies import Latencies


def check(document: dict[str, Any]) -> None:
    schema = json.loads(files("lltool.schemas").joinpath("lltool.trade-counters-1.json").read_text())
    Draft202012Validator(schema).validate(document)


def page(symbols: int = 1) -> tuple[int, CountersPage]:
    fd = os.memfd_create("counters")
    return fd, CountersPage.create(fd, symbols)


def test_what_was_published_is_read_behind_the_same_descriptor() -> None:
    fd, reader = page()
    assert reader.latest() is None
    writer = CountersPage.attach(fd)
    os.close(fd)
    for document in ({"a": "x" * 1000}, {"b": 1}):
        assert writer.publish(document)
        assert reader.latest() == document


def test_a_document_that_does_not_fit_leaves_the_last_one() -> None:
    fd, both = page()
    os.close(fd)
    assert both.publish({"a": 1})
    assert not both.publish({"a": "x" * 10_000})
    assert both.latest() == {"a": 1}


def test_the_file_appears_with_the_first_document_and_goes_when_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLTOOL_RUN_DIR", str(tmp_path))
    path = tmp_path / "trade.json"
    path.write_text("of a run before")
    with counters_file("trade", 1) as file:
        assert not path.exists()
        file.write_when_due()
        assert not path.exists()
        CountersPage.attach(file.fd).publish({"taken_at": 1.0})
        file.write()
        written = json.loads(path.read_text())
        assert (written["taken_at"], written["ended"], written["process"]["pid"]) == (1.0, None, os.getpid())
        file.write(ended="kill switch")
        assert json.loads(path.read_text())["ended"] == "kill switch"
        file.remove()
        assert not path.exists()


def test_a_directory_that_cannot_be_written_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLTOOL_RUN_DIR", str(tmp_path / "missing"))
    with counters_file("trade", 1) as file:
        CountersPage.attach(file.fd).publish({"taken_at": 1.0})
        file.write()
        file.write()
    assert capsys.readouterr().err.count("cannot be written") == 1


def test_counts_and_sums_are_of_the_run_and_quantiles_of_the_window() -> None:
    from lltool.kernels.histogram import LatencyHistogram

    histogram = LatencyHistogram()
    latencies = Latencies({"book": histogram}, hz=1e9)
    histogram.record(100)
    latencies.end_window()
    assert latencies.in_seconds()["book"]["quantiles"] is None
    histogram.record(300)
    found = latencies.in_seconds()["book"]
    assert (found["count"], found["window"]) == (2, 1)
    assert found["sum_seconds"] == pytest.approx(400e-9)
    assert found["quantiles"] == {"0.5": 300e-9, "0.99": 300e-9, "0.999": 300e-9}


def test_a_run_publishes_what_its_report_says(exchanges: Any, live: Any, run: Any) -> None:
    published: list[dict[str, Any]] = []

    async def go() -> dict[str, Any]:
        async with exchanges.opened(exchanges.random_market(15_000), speed=0.3) as exchange:
            trading = live.new_run(exchange, publish=published.append)
            healed = live.after_live(trading, exchange, ["drop@10"], 60)
            report: dict[str, Any] = await live.traded(
                exchange, trading, lambda: healed() and trading.floor.desks[0].router.account.fills > 0
            )
            return report

    report = run(go())
    last = {"schema": "lltool.trade-counters/1", "name": "trade", "process": None, "ended": None, **published[-1]}
    check(last)
    symbol, told = report["symbols"]["BTCUSDT"], last["symbols"]["BTCUSDT"]
    assert (told["gaps"], told["resyncs"]) == (symbol["book"]["gaps"], symbol["book"]["resyncs"]) == (1, 1)
    assert told["orders"] == symbol["orders"]["orders"] == last["stages"]["tick_to_trade"]["count"]
    assert told["fills"] == symbol["account"]["fills"]
    assert last["messages"]["taken"] == report["messages"]
    assert last["kill_switch"] is None

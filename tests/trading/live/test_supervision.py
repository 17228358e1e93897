"""`lltool trade run` as its user starts and ends it: signals, the kill switch, a supervisor that dies."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")
pytest.importorskip("picows", reason="needs picows")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def check(document: dict[str, Any]) -> None:
    name = document["schema"].replace("/", "-") + ".json"
    schema = json.loads(files("lltool.schemas").joinpath(name).read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)


class System:
    """An exchange and a trading run as processes; whatever is left of them is ended by its id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[str]] = []
        self.port, self.feed_port, self.order_port = free_port(), free_port(), free_port()
        (folder / "run.toml").write_text(
            f'[live]\nstream_url = "ws://127.0.0.1:{self.port}/ws"\nrest_url = "http://127.0.0.1:{self.port}"\n'
            "[strategy]\norder_life_ms = 100000\nquantity = 0.00009\n"
            "[risk]\nduplicate_window_ms = 0\nmax_burst = 100000\n[kill]\nsupervisor_ms = 1000\n"
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "lltool", "trade", *arguments],
            cwd=self.folder,
            env=os.environ | {"LLTOOL_RUN_DIR": str(self.folder / "runs")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def exchange(self, *arguments: str) -> subprocess.Popen[str]:
        process = self.start(
            "exchange",
            "--port",
            str(self.port),
            "--fix-port",
            "0",
            "--feed-port",
            str(self.feed_port),
            "--order-port",
            str(self.order_port),
            "--rate",
            "200",
            *arguments,
        )
        assert process.stderr is not None
        assert process.stderr.readline().startswith("streams ws://127.0.0.1:")
        return process

    def trade_packed(self, layout: str) -> None:
        """Have the run trade on the packed feed."""
        path = self.folder / "run.toml"
        _, _, rest = path.read_text().partition("[strategy]")
        path.write_text(
            f'[live]\nencoding = "packed"\nanswer_ms = 300\n[pipeline]\nlayout = "{layout}"\n'
            f"[packed]\nfeed_port = {self.feed_port}\norder_port = {self.order_port}\n[strategy]{rest}"
        )

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        """A run that has sent orders."""
        log = self.folder / "run.log"
        process = self.start("run", "--config", "run.toml", "--log", str(log), "--json", *arguments)
        end = time.monotonic() + 30
        while not (log.exists() and " sent," in log.read_text()):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "no order was sent"
            time.sleep(0.05)
        return process

    def counters(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The counters that the run writes, once they are as ``wanted``."""
        path = self.folder / "runs/trade.json"
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if path.exists() and wanted(found := json.loads(path.read_text())):
                return dict(found)
            time.sleep(0.05)
        raise AssertionError("no such counters came")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    made = System(tmp_path)
    yield made
    for process in made.processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    output, _ = process.communicate(timeout=30)
    report: dict[str, Any] = json.loads(output)
    check(report)
    return process.returncode, report


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_every_order_cancelled(system: System, number: int) -> None:
    exchange = system.exchange("--json")
    run = system.run()
    run.send_signal(number)
    code, report = ended(run)
    assert (code, report["ended"], report["orders_confirmed"]) == (0, "signal", True)
    symbol = report["symbols"]["BTCUSDT"]
    assert symbol["orders"]["live"] == 0
    assert symbol["account"] == symbol["exchange_account"]
    assert not list((system.folder / "runs").iterdir())
    exchange.send_signal(signal.SIGINT)
    output, _ = exchange.communicate(timeout=30)
    check(json.loads(output))
    assert exchange.returncode == 0


LAYOUTS = ("run-to-completion", "two-cores", "three-cores")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_packed_feed_is_traded_on_in_each_layout(system: System, layout: str) -> None:
    system.trade_packed(layout)
    exchange = system.exchange("--json", "--fault", "unknown-execution@3", "--fault", "close@60")
    run = system.run()
    counters = system.counters(lambda found: found["symbols"]["BTCUSDT"]["resyncs"] > 0)
    check(counters)
    system.counters(lambda found: found["symbols"]["BTCUSDT"]["orders"] > counters["symbols"]["BTCUSDT"]["orders"])
    run.send_signal(signal.SIGINT)
    code, report = ended(run)
    assert (code, report["ended"], report["orders_confirmed"]) == (0, "signal", True)
    assert (report["session"]["failures"], report["missing_orders"]) == (1, 0)
    exchange.send_signal(signal.SIGINT)
    played = json.loads(exchange.communicate(timeout=30)[0])
    symbol = report["symbols"]["BTCUSDT"]
    assert played["faults"] == {"unknown-execution": 1, "close": 1}
    # Every order came once, and every fill was heard of: also of the order that was asked about.
    assert symbol["orders"]["orders"] == played["orders"]
    assert symbol["account"] == played["accounts"]["BTCUSDT"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_kill_switch_stops_a_run_on_the_packed_feed(system: System, layout: str) -> None:
    system.trade_packed(layout)
    exchange = system.exchange("--json")
    run = system.run()
    assert system.start("kill").wait(30) == 0
    code, report = ended(run)
    assert (code, report["kill_switch"], report["orders_confirmed"]) == (1, "operator", True)
    exchange.send_signal(signal.SIGINT)
    played = json.loads(exchange.communicate(timeout=30)[0])
    symbol = report["symbols"]["BTCUSDT"]
    # What was booked when it was tripped and not sent any more is counted.
    assert symbol["orders"]["orders"] == played["orders"] + report["unsent_orders"]
    assert symbol["account"] == played["accounts"]["BTCUSDT"]


def test_limits_of_a_run_on_the_packed_feed_are_tightened(system: System) -> None:
    system.trade_packed("two-cores")
    system.exchange()
    path, log = system.folder / "run.toml", system.folder / "run.log"
    run = system.run()
    path.write_text(path.read_text().replace("[risk]", "[risk]\nmax_open_orders = 2"))
    run.send_signal(signal.SIGHUP)
    end = time.monotonic() + 20
    while "risk.max_open_orders 10 -> 2" not in log.read_text():
        assert time.monotonic() < end, log.read_text()[-500:]
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    assert ended(run)[0] == 0


def test_a_second_signal_ends_it_at_once(system: System) -> None:
    system.exchange()
    text = (system.folder / "run.toml").read_text().replace("[kill]", "[kill]\nconfirm_ms = 60000")
    # Cancels that stay unanswered for a minute keep it from ending by itself.
    (system.folder / "run.toml").write_text(text + "[paper]\nentry_latency_us = 60000000\n")
    run = system.run()
    run.send_signal(signal.SIGTERM)
    time.sleep(1.0)
    assert run.poll() is None
    run.send_signal(signal.SIGTERM)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 1
    assert "without a report: signal 15" in errors
    assert "Traceback" not in errors


def test_the_counters_are_there_once_a_second_and_gone_with_the_run(system: System) -> None:
    system.exchange()
    run = system.run()
    first = system.counters(lambda counters: counters["symbols"]["BTCUSDT"]["orders"] > 0)
    check(first)
    assert (first["process"]["pid"], first["ended"]) == (run.pid, None)
    assert first["stages"]["tick_to_trade"]["count"] > 0
    later = system.counters(lambda counters: counters["taken_at"] > first["taken_at"])
    assert later["messages"]["taken"] > first["messages"]["taken"]
    run.send_signal(signal.SIGINT)
    assert ended(run)[0] == 0
    assert not list((system.folder / "runs").iterdir())


def test_the_operator_trips_the_kill_switch_from_another_process(system: System) -> None:
    system.exchange()
    run = system.run()
    kill = system.start("kill")
    assert kill.wait(30) == 0
    code, report = ended(run)
    assert (code, report["ended"], report["kill_switch"]) == (1, "kill switch", "operator")
    assert report["orders_confirmed"]
    left = system.counters(lambda counters: counters["ended"] is not None)
    check(left)
    assert (left["ended"], left["kill_switch"]) == ("kill switch", "operator")


def test_when_the_supervisor_dies_everything_is_cancelled(system: System) -> None:
    system.exchange()
    run = system.run()
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert len(children) == 1
    run.kill()
    run.wait(10)
    end = time.monotonic() + 20
    while is_running(int(children[0])):
        assert time.monotonic() < end, "the trading process goes on without its supervisor"
        time.sleep(0.05)
    assert run.stderr is not None
    assert "kill switch (supervisor): cancelling all orders" in run.stderr.read()
    assert "not confirmed" not in (system.folder / "run.log").read_text()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_two_runs_of_one_name_are_refused(system: System) -> None:
    system.exchange()
    run = system.run()
    second = system.start("run", "--config", "run.toml", "--seconds", "1")
    _, errors = second.communicate(timeout=30)
    assert second.returncode == 7
    assert "a run named trade is going on" in errors
    run.send_signal(signal.SIGINT)
    assert ended(run)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["kill", "--name", "nobody"], 1, "there is no run named nobody"),
        (["kill", "--name", "../x"], 2, "letters, digits"),
        (["run", "--config", "missing.toml"], 2, "missing.toml"),
        (["exchange", "--fault", "rain@3"], 2, "'rain' is not one of"),
        (["exchange", "missing.gz"], 2, "missing.gz"),
    ],
)
def test_mistakes_are_told_in_words(system: System, arguments: list[str], code: int, words: str) -> None:
    process = system.start(*arguments)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (code, "")
    assert words in errors
    assert "Traceback" not in errors


def test_the_thread_that_trades_runs_on_the_configured_core(system: System) -> None:
    system.exchange()
    core = max(os.sched_getaffinity(0))
    path = system.folder / "run.toml"
    path.write_text(path.read_text() + f"[pipeline]\ncores = [{core}]\n")
    run = system.run()
    (child,) = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    assert os.sched_getaffinity(int(child)) == {core}
    # What waits (for the snapshot, just now) does so elsewhere, where there is an elsewhere.
    threads = {int(name) for name in os.listdir(f"/proc/{child}/task")} - {int(child)}
    assert threads
    assert {frozenset(os.sched_getaffinity(thread)) for thread in threads} == {
        frozenset(os.sched_getaffinity(0) - {core} or {core})
    }
    run.send_signal(signal.SIGINT)
    assert ended(run)[0] == 0


def test_limits_are_tightened_while_it_runs_and_never_loosened(system: System) -> None:
    system.exchange()
    path = system.folder / "run.toml"
    text = path.read_text()
    path.write_text(text.replace("[risk]", "[risk]\nmax_open_orders = 8"))
    run = system.run()
    log = system.folder / "run.log"
    for limit, words in (("9", "is no tighter"), ("2", "risk.max_open_orders 8 -> 2")):
        path.write_text(text.replace("[risk]", f"[risk]\nmax_open_orders = {limit}"))
        run.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while words not in log.read_text():
            assert time.monotonic() < end, log.read_text()[-500:]
            time.sleep(0.05)
    path.write_text("[risk]\nmax_open_orders = none")
    run.send_signal(signal.SIGHUP)
    run.send_signal(signal.SIGINT)
    code, report = ended(run)
    assert (code, report["ended"]) == (0, "signal")


def test_a_layout_that_streams_do_not_have_is_refused(system: System) -> None:
    path = system.folder / "run.toml"
    path.write_text(path.read_text() + '[pipeline]\nlayout = "two-cores"\n')
    process = system.start("run", "--config", "run.toml")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "run to completion on one thread" in errors


def test_a_strategy_that_cannot_be_had_is_invalid_input(system: System) -> None:
    path = system.folder / "run.toml"
    path.write_text(path.read_text().replace("[strategy]", '[strategy]\nown = "nowhere:Mine"'))
    process = system.start("run", "--config", "run.toml")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.count("nowhere") == 2
    assert "without a report" not in errors


def test_a_core_that_is_not_there_is_named(system: System) -> None:
    path = system.folder / "run.toml"
    path.write_text(path.read_text() + "[pipeline]\ncores = [9999]\n")
    _, errors = system.start("run", "--config", "run.toml").communicate(timeout=60)
    assert "core 9999 (pipeline.cores) cannot be used" in errors


def test_without_tls_only_loopback_is_spoken_to(system: System) -> None:
    (system.folder / "far.toml").write_text('[live]\nstream_url = "ws://192.0.2.1/ws"\n')
    process = system.start("run", "--config", "far.toml")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "without TLS only on loopback" in errors


def test_every_key_is_shown_and_can_be_read_back(system: System) -> None:
    shown = system.start("run", "--show-config")
    text, _ = shown.communicate(timeout=60)
    (system.folder / "all.toml").write_text(text)
    again = system.start("run", "--config", "all.toml", "--show-config")
    values = [line.partition("  # ")[0] for line in again.communicate(timeout=60)[0].splitlines()]
    assert values == [line.partition("  # ")[0] for line in text.splitlines()]
    assert "supervisor_ms" in text

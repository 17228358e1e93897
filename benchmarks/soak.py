"""Soak: trading run and simulated exchange for minutes, at the highest rate they sustain, with faults all along.

    python benchmarks/soak.py --seconds 600

Both run as processes, joined by WebSocket, REST and FIX on loopback. First the highest rate is looked for: the rate is
doubled while the exchange keeps its schedule and no client falls behind. Then the run takes half of the first rate that
was not sustained, for the whole time, with a fault every few seconds.

Whatever happens, it ends: a run or an exchange that does not, a minute after its time, is ended and that told.

It passes (exit 0) when at the end
  - the exchange kept its schedule: it played at least 95 % of the events that were due;
  - every fill that the exchange made is booked by the run, once: position, cash, fees, number of fills are equal;
  - every order was received, had no connection to leave by, or was lost with one and found missing when asked about;
  - no order is open or unknown, none is unconfirmed, the book is live again;
  - every dropped log record and slow client is counted (the counts are printed);
  - memory is flat: the median of each process's last quarter is at most 5 % above that of its second quarter. A soak
    below two minutes does not tell: what is remembered of orders and messages is bounded, and is filling until then.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

FAULTS = (
    ("drop@{}",),
    ("duplicate@{}",),
    ("reorder@{}",),
    ("silence@{}:1.5",),
    ("close@{}",),
    ("server-shutdown@{}:0.5",),
    ("half-frame@{}",),
    ("too-many-requests@{}:1", "drop@{}"),  # with a gap: or nothing would be asked for, and refused
    ("ping-silence@{}:3",),
)
SECONDS_BETWEEN_FAULTS = 5
ORDERS_BETWEEN_UNKNOWN = 100
FIRST_RATE, LAST_RATE = 250, 64_000
TRIAL_SECONDS = 6
KEPT_SCHEDULE = 0.95
GROWTH = 1.05
FEWEST_SAMPLES = 30
GRACE_SECONDS = 60

CONFIGURATION = """
[live]
stream_url = "ws://127.0.0.1:{streams}/ws"
rest_url = "http://127.0.0.1:{streams}"
order_entry = "fix"
fix_port = {fix}
answer_ms = 500
stale_warning_ms = 500
stale_stop_ms = 1000
ping_silence_ms = 2500
[strategy]
quantity = 0.01
order_life_ms = 200
[risk]
max_orders = 1000000
max_burst = 1000000
duplicate_window_ms = 1
max_loss = 1000000000
max_drawdown = 1000000000
[breaker]
recovery_ms = 500
[kill]
breaker_openings = 1000000
[paper]
entry_latency_us = 200
response_latency_us = 200
"""


def main() -> int:
    """Run the soak; 0 when it passed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rate", type=int, help="depth events a second; looked for unless given")
    parser.add_argument("--output", help="write the whole result as JSON to this file")
    chosen = parser.parse_args()
    rate = chosen.rate or highest_rate()
    print(f"soak: {chosen.seconds} s at {rate} depth events a second")
    result = soak(chosen.seconds, rate, faults=True)
    if chosen.output:
        Path(chosen.output).write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    failures = judge(result)
    tell(result)
    for failure in failures:
        print(f"FAILED: {failure}")
    return 1 if failures else 0


def highest_rate() -> int:
    """Half of the first rate that is not sustained."""
    rate = FIRST_RATE
    while rate <= LAST_RATE:
        found = soak(TRIAL_SECONDS, rate, faults=False)
        print(f"rate {rate}: {played_rate(found):.0f} played, {found['exchange']['slow_clients']} slow clients")
        if played_rate(found) < KEPT_SCHEDULE * rate or found["exchange"]["slow_clients"]:
            break
        rate *= 2
    return rate // 2


def played_rate(result: dict[str, Any]) -> float:
    """Depth events a second that the exchange played while the run went on."""
    played: float = result["exchange"]["depth_events"] / result["run"]["seconds"]
    return played


def soak(seconds: int, rate: int, *, faults: bool) -> dict[str, Any]:
    """One exchange and one run; their reports and their memory, sampled every second."""
    with tempfile.TemporaryDirectory() as folder:
        streams, fix = free_port(), free_port()
        configuration = Path(folder) / "soak.toml"
        configuration.write_text(CONFIGURATION.format(streams=streams, fix=fix), encoding="utf-8")
        script = fault_script(seconds, rate) if faults else []
        environment = os.environ | {"LLTOOL_RUN_DIR": folder}
        lltool = [sys.executable, "-m", "lltool", "trade"]
        errors = (Path(folder) / "exchange.err").open("w+", encoding="utf-8")
        exchange = subprocess.Popen(
            [*lltool, "exchange", "--port", str(streams), "--fix-port", str(fix),
             "--feed-port", "0", "--order-port", "0",
             "--rate", str(rate), "--ping-seconds", "0.5", "--config", str(configuration), "--json", *script],
            stdout=subprocess.PIPE, stderr=errors, text=True, env=environment,
        )  # fmt: skip
        wait_for(streams)
        run = subprocess.Popen(
            [*lltool, "run", "--config", str(configuration), "--seconds", str(seconds), "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        memory = watch(exchange, run, seconds + GRACE_SECONDS)
        run_report, run_errors = ended(run, "the run")
        exchange.send_signal(signal.SIGINT)
        exchange_report, _ = ended(exchange, "the exchange")
        if not run_report:
            raise SystemExit(f"the run ended without a report:\n{run_errors}")
        if not exchange_report:
            errors.seek(0)
            raise SystemExit(f"the exchange ended without a report ({exchange.returncode}):\n{errors.read()[-2000:]}")
        errors.close()
        return {
            "rate": rate,
            "run": json.loads(run_report),
            "exchange": json.loads(exchange_report),
            "memory_bytes": memory,
        }


def fault_script(seconds: int, rate: int) -> list[str]:
    """Faults in turn, one every few seconds; now and then an order whose execution is unknown. None at the very end."""
    last = (seconds - 2 * SECONDS_BETWEEN_FAULTS) * rate
    step = SECONDS_BETWEEN_FAULTS * rate
    written = [
        each.format(at) for kinds, at in zip(cycle(FAULTS), range(step, last, step), strict=False) for each in kinds
    ]
    orders = range(ORDERS_BETWEEN_UNKNOWN, 100 * seconds, ORDERS_BETWEEN_UNKNOWN)
    written += [f"unknown-execution@{at}" for at in orders]
    return [word for fault in written for word in ("--fault", fault)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int) -> None:
    """Until somebody listens on ``port``."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nobody listens on port {port}")


def ended(process: subprocess.Popen[str], who: str) -> tuple[str, str]:
    """What it printed. SystemExit for one that does not end; it is ended then."""
    try:
        return process.communicate(timeout=GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SystemExit(f"FAILED: {who} did not end within {GRACE_SECONDS} s of its time") from None


def watch(exchange: subprocess.Popen[str], run: subprocess.Popen[str], seconds: float) -> dict[str, list[int]]:
    """Resident bytes of the exchange and of the process that trades, every second until the run or the time ends."""
    supervisor = psutil.Process(run.pid)
    found: dict[str, list[int]] = {"exchange": [], "trading": []}
    end = time.monotonic() + seconds
    while run.poll() is None and time.monotonic() < end:
        time.sleep(1.0)
        try:
            children = supervisor.children()
            if children:
                found["trading"].append(children[0].memory_info().rss)
            found["exchange"].append(psutil.Process(exchange.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
    return found


def judge(result: dict[str, Any]) -> list[str]:
    """What is not as it should be."""
    run, exchange = result["run"], result["exchange"]
    symbol = run["symbols"]["BTCUSDT"]
    wrong = []
    if played_rate(result) < KEPT_SCHEDULE * result["rate"]:
        wrong.append(f"the rate was not sustained: {played_rate(result):.0f} events a second of {result['rate']}")
    if symbol["account"] != exchange["accounts"]["BTCUSDT"]:
        wrong.append(f"fills were lost or booked twice: {symbol['account']} is not {exchange['accounts']['BTCUSDT']}")
    if symbol["orders"]["orders"] != exchange["orders"] + run["unsent_orders"] + run["missing_orders"]:
        wrong.append(
            f"{symbol['orders']['orders']} orders, {exchange['orders']} received, {run['unsent_orders']} not sent, "
            f"{run['missing_orders']} lost with a connection"
        )
    if not run["orders_confirmed"] or symbol["orders"]["unknown"] or symbol["orders"]["overfills"]:
        wrong.append(f"orders are left: {symbol['orders']}")
    if symbol["state"] != "live":
        wrong.append(f"the book is {symbol['state']}")
    for process, samples in result["memory_bytes"].items():
        quarter = len(samples) // 4
        if quarter >= FEWEST_SAMPLES:
            early, late = statistics.median(samples[quarter : 2 * quarter]), statistics.median(samples[-quarter:])
            if late > GROWTH * early:
                wrong.append(f"memory of {process} grew from {early / 1e6:.1f} to {late / 1e6:.1f} MB")
    return wrong


def tell(result: dict[str, Any]) -> None:
    """The counts."""
    run, exchange = result["run"], result["exchange"]
    symbol = run["symbols"]["BTCUSDT"]
    print(f"{run['messages']} messages, {exchange['depth_events']} depth events, {exchange['orders']} orders, "
          f"{symbol['account']['fills']} fills, in {run['seconds']} s")  # fmt: skip
    print(f"faults: {exchange['faults']}")
    print(f"book: {symbol['book']}")
    print(f"orders: {symbol['orders']}, held by the breaker {symbol['messages']['held_by_breaker']}")
    print(f"denied: {symbol['denials']}")
    print(f"orders without a connection to leave by: {run['unsent_orders']}, lost with one: {run['missing_orders']}")
    print(f"dropped: log {run['log_dropped']}, slow clients {exchange['slow_clients']}, "
          f"undeliverable reports {exchange['undeliverable_reports']}")  # fmt: skip
    print(f"session: {run['session']}, snapshots: {run['snapshots']}")
    for process, samples in result["memory_bytes"].items():
        if samples:
            print(f"memory of {process}: {samples[0] / 1e6:.1f} MB at first, {samples[len(samples) // 2] / 1e6:.1f} "
                  f"in the middle, {samples[-1] / 1e6:.1f} at the end, {max(samples) / 1e6:.1f} at most")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())

"""The hot path neither allocates nor locks, and asks nothing of the kernel but its sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("lltool.kernels.pipeline", reason="needs the compiled kernels")

if TYPE_CHECKING:
    from tests.kernels.conftest import Build

TICKS = 20_000

SET_UP = """
import ctypes, json, socket, sys, threading
from lltool.bench.workloads.pipeline_rig import new_pipeline
from lltool.bench.workloads.tcp import connected_pair
from lltool.kernels.l2_book import L2Book
from lltool.kernels.order_wire import FixOrderWire
from lltool.trading.feed import synthetic_feed

library = ctypes.CDLL(sys.argv[1])
library.seen.restype = ctypes.c_ulong
feed = synthetic_feed(int(sys.argv[2]), 1e5)
fix = FixOrderWire(sender=b"LLTOOL", target=b"EXCHANGE", symbols=[b"BTCUSDT"]) if "fix" in sys.argv else None
line = new_pipeline(fix)
line.take(feed.opening)
"""

COUNTED = """
def calls(messages):
    library.watch()
    line.take(messages)
    return library.seen()

_, few, many = calls(feed.messages[:29]), calls(feed.messages[:290]), calls(feed.messages)
library.watch()
book = L2Book()
for price in range(20_000):
    book.update(0, price, 1)
print(json.dumps({"few": few, "many": many, "growing": library.seen(), "orders": line.counts["orders"]}))
"""

CONFINED = """
market, inside, _ = connected_pair(())
way_out, exchange, _ = connected_pair(())
line.open_feed(inside.fileno(), stream=True, spin=True)
line.open_orders(way_out.fileno())

def hot():
    assert library.sockets_only() == 0
    if "stray" in sys.argv:
        socket.gethostname()
    line.run(limit=len(feed.messages) // 29)

def drain():
    while exchange.recv(1 << 16):
        pass

threads = [threading.Thread(target=target) for target in (hot, drain)]
for thread in threads:
    thread.start()
market.sendall(feed.messages)
threads[0].join()
way_out.shutdown(socket.SHUT_WR)
threads[1].join()
print(json.dumps({"orders": line.counts["orders"]}))
"""


def program(build: Build, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    (library,) = build("calls_seen", ["-shared", "-fPIC", "-ldl"])
    return subprocess.run(
        [sys.executable, "-c", SET_UP + text, library, str(TICKS), *words],
        env=os.environ | {"LD_PRELOAD": library, "PYTHONMALLOC": "malloc"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("form", ["packed", "fix"])
def test_ticks_and_orders_cost_no_allocation_and_no_lock(build: Build, form: str) -> None:
    done = program(build, COUNTED, form)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["orders"] > TICKS / 2
    assert found["many"] < found["few"] + TICKS / 1000  # what the interpreter takes for a call is not the ticks'
    assert found["growing"] > 20_000 / 64  # that calls are seen: a book that grows


@pytest.mark.parametrize("form", ["packed", "fix"])
def test_ticks_and_orders_take_no_system_call_but_those_of_their_sockets(build: Build, form: str) -> None:
    done = program(build, CONFINED, form)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["orders"] > TICKS / 2


def test_any_other_system_call_would_end_the_process(build: Build) -> None:
    assert program(build, CONFINED, "packed", "stray").returncode == -signal.SIGSYS

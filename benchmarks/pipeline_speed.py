"""The pipeline's speed in one run: ``python benchmarks/pipeline_speed.py [RECORDING]...`` on an idle machine.

Two cores: the pipeline, and the bare C echo it is compared with, on the first; the market that sends and waits on the
second. Rounds alternate, the ratio is the median of the rounds' ratios. JSON needs recordings. As root the threads are
SCHED_FIFO, as in `lltool bench`.
"""

from __future__ import annotations

import gzip
import os
import socket
import statistics
import sys
import time

from lltool.bench.peer import peer_thread
from lltool.bench.scheduling import held_priority
from lltool.bench.workloads.pipeline_rig import new_pipeline, wide_router
from lltool.bench.workloads.tcp import connected_pair
from lltool.kernels.breaker import CircuitBreaker
from lltool.kernels.clock import calibrate
from lltool.kernels.desk import Desk, Floor, new_log
from lltool.kernels.loops import feed as loop
from lltool.kernels.order_wire import FixOrderWire
from lltool.kernels.recorder import Recorder
from lltool.kernels.strategy import SpreadStrategy
from lltool.kernels.sync import BookSync
from lltool.root import Root
from lltool.trading.feed import PackedFeed, synthetic_feed

ROUNDS = 15
TICKS = 4000
MESSAGE = 29


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def as_fast(feed: PackedFeed, hz: float) -> None:
    """Packed ticks a second on one core, every tick an order, which is serialised in each form."""
    fix = FixOrderWire(sender=b"LLTOOL", target=b"EXCHANGE", symbols=[b"BTCUSDT"])
    for line in (new_pipeline(), new_pipeline(fix)):
        line.take(feed.opening)
        rates = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            line.take(feed.messages)
            rates.append(len(feed.messages) / MESSAGE / (time.perf_counter() - started))
        p50, p99 = (value / hz * 1e9 for value in line.spans["serialise"].percentiles(50, 99))
        print(
            f"as fast as possible, {line.wire.form}: {statistics.median(rates) / 1e6:.2f} M ticks/s, every tick an "
            f"order (1,000 levels); serialised in {p50:.0f} ns, p99 {p99:.0f} ns"
        )


def over_tcp(cores: tuple[int, int], feed: PackedFeed, hz: float) -> None:
    """Tick to trade from read to send, and the whole way against a bare echo of the same messages."""
    messages = feed.messages[: TICKS * MESSAGE]
    line = new_pipeline()
    line.take(feed.opening)
    ours: list[int] = []
    ratios: list[float] = []
    echoes: list[int] = []
    market, inside, _ = connected_pair(())
    orders, exchange, _ = connected_pair(())
    with market, inside, orders, exchange:
        for end in (market, orders):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.open_feed(inside.fileno(), stream=True)
        line.open_orders(orders.fileno())

        def round_of(echo: bool) -> list[int]:
            recorder = Recorder(TICKS)

            def ask() -> None:
                loop.round_trips(market.fileno(), exchange.fileno(), messages, recorder)

            with peer_thread(cores[1], ask, lambda: None):
                if echo:
                    loop.echo(inside.fileno(), orders.fileno(), TICKS)
                else:
                    line.run(limit=line.counts["messages"] + TICKS)
            return list(recorder.ticks())

        round_of(True)
        round_of(False)
        for histogram in line.spans.values():
            histogram.reset()
        for _ in range(ROUNDS):
            echo, own = round_of(True), round_of(False)
            (user,) = line.spans["tick_to_trade"].percentiles(50)
            ratios.append(percentile(own, 0.5) / (percentile(echo, 0.5) + user))
            ours += own
            echoes += echo
    p50, p99 = line.spans["tick_to_trade"].percentiles(50, 99)
    print(f"tick to trade, read to send, packed over TCP: p50 {p50 / hz * 1e9:.0f} ns, p99 {p99 / hz * 1e9:.0f} ns")
    whole, bare = (percentile(values, 0.5) / hz * 1e9 for values in (ours, echoes))
    print(f"wire to wire p50 {whole:.0f} ns, bare echo {bare:.0f} ns")
    print(
        f"ratio of wire to wire to echo plus user space: median {statistics.median(ratios):.3f}, "
        f"from {min(ratios):.3f} to {max(ratios):.3f} over {ROUNDS} rounds"
    )


def json_updates(path: str, hz: float) -> None:
    """From a frame's payload to the book, depth events of a recording."""
    lines = gzip.decompress(open(path, "rb").read()).splitlines()  # noqa: SIM115 - a script
    market = 2 if b'"pu":' in lines[0] else 1
    desk = Desk(
        "BTCUSDT", BookSync(market), wide_router(lot=1, tick=1), None,
        CircuitBreaker(5, 60_000_000_000, 5_000_000_000), new_log(1024),
        SpreadStrategy(threshold=100_000, quantity=100_000, tick=1_000_000), number=0,
    )  # fmt: skip
    desk.connect(0)
    floor = Floor([desk])
    for line in lines:
        payload = line.partition(b" ")[2]
        if b"depthUpdate" in payload[:80] or payload.startswith(b'{"last'):
            floor.take(payload, time.monotonic_ns())
    update = floor.spans["tick_to_update"]
    p50, p99 = (value / hz * 1e9 for value in update.percentiles(50, 99))
    print(f"JSON depth to update, {os.path.basename(path)}, {len(update)} events: p50 {p50:.0f} ns, p99 {p99:.0f} ns")


def main() -> None:
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        sys.exit("two cores are needed: one for the pipeline, one for the market")
    os.sched_setaffinity(0, {usable[0]})
    hz, _ = calibrate(0.2)
    feed = synthetic_feed(200_000, 1e6)
    print(f"pipeline on core {usable[0]}, market on core {usable[1]}")
    with held_priority(Root(), usable[:2], wanted=True) as priority:
        print(f"SCHED_FIFO: {priority['SCHED_FIFO']}")
        as_fast(feed, hz)
        over_tcp((usable[0], usable[1]), feed, hz)
    for path in sys.argv[1:]:
        json_updates(path, hz)


if __name__ == "__main__":
    main()

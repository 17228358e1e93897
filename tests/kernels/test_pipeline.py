"""The pipeline on the packed feed: what comes in as ticks goes out as orders, or not, for a reason."""

from __future__ import annotations

import errno
import importlib.util
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import sysconfig
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

pipeline = pytest.importorskip("lltool.kernels.pipeline", reason="needs the compiled kernels")

from lltool.kernels.fix import Framer  # noqa: E402
from lltool.kernels.kill_switch import KillSwitch  # noqa: E402
from lltool.kernels.l2_book import L2Book  # noqa: E402
from lltool.kernels.message import QUOTE, TRADE, pack  # noqa: E402
from lltool.kernels.order_wire import FixOrderWire  # noqa: E402
from lltool.kernels.pipeline import ASK_BIT, ORDER_SIZE, Pipeline  # noqa: E402
from lltool.kernels.risk import RiskCheck  # noqa: E402
from lltool.kernels.router import OrderEvent, Router  # noqa: E402
from lltool.kernels.seqlock import Seqlock  # noqa: E402
from lltool.kernels.spsc import SpscRing  # noqa: E402
from lltool.kernels.strategy import SpreadStrategy, Strategy  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TICK = 1_000_000
ORDER = struct.Struct("<BBHIQqQ")
WIDE = 2**60


def make_router(max_quantity: int = WIDE) -> Router:
    risk = RiskCheck(
        max_quantity=max_quantity, lot=1, tick=TICK, band=WIDE, max_notional=2**120, max_long=WIDE, max_short=WIDE,
        max_open_orders=1000, max_gross_notional=2**120, max_orders=1, rate_window_ns=0, max_age_ns=10**12,
    )  # fmt: skip
    return Router(
        risk, KillSwitch(), capacity=64, epoch=1, min_quantity=1, min_notional=0, max_loss=2**120, max_drawdown=2**120,
        duplicate_window_ns=0, max_burst=1, burst_window_ns=0, max_size_multiple=100, max_cancels_percent=100,
    )  # fmt: skip


def make(router: Router | None = None, *, instruments: int = 1, threshold: int = TICK) -> Pipeline:
    routers = [router or make_router() for _ in range(instruments)]
    strategy = SpreadStrategy(threshold=threshold, quantity=5, tick=TICK)
    return Pipeline(routers, strategy, unanswered=True)


def quote(side: int, price: int, quantity: int, symbol: int = 1) -> bytes:
    return bytes(pack(QUOTE, symbol | (ASK_BIT if side else 0), price * TICK, quantity, 0))


OPENING = quote(0, 100, 1) + quote(1, 103, 1)
"""A spread of three ticks: an order at 101 when the threshold is one."""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, ...]]:
    """The market's and the pipeline's end of a feed, and the same of the way of orders, over TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        feed = socket.create_connection(listener.getsockname())
        inside, _ = listener.accept()
        orders = socket.create_connection(listener.getsockname())
        outside, _ = listener.accept()
    for one in (feed, orders):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with feed, inside, orders, outside:
        outside.settimeout(10)
        yield feed, inside, orders, outside


def received(sock: socket.socket, count: int) -> list[tuple[int, ...]]:
    text = b""
    while len(text) < count * ORDER_SIZE:
        text += sock.recv(count * ORDER_SIZE - len(text))
    return list(ORDER.iter_unpack(text))


def test_the_book_is_that_of_the_same_updates() -> None:
    source = random.Random(5)  # noqa: S311 - a test, not a secret
    book = L2Book()
    line = make()
    for _ in range(2000):
        side = source.randrange(2)
        price = source.randrange(90, 100) if side == 0 else source.randrange(100, 110)
        quantity = source.randrange(3)
        book.update(side, price * TICK, quantity)
        line.take(quote(side, price, quantity))
    for mine, theirs in zip(line.levels(1), book.snapshot(), strict=False):
        assert mine.tolist() == theirs.tolist()


def test_a_wide_spread_makes_an_order_at_the_mid(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    feed.sendall(OPENING)
    line.run(limit=2)
    (order,) = received(outside, 1)
    kind, side, _, symbol, _, price, quantity = order
    assert (kind, side, symbol, price, quantity) == (1, 0, 1, 101 * TICK, 5)
    assert line.counts["orders"] == 1
    assert [len(line.spans[name]) for name in ("tick_to_update", "tick_to_trade", "parse")] == [2, 1, 2]


def test_a_narrow_spread_makes_none() -> None:
    line = make(threshold=3 * TICK)
    line.take(OPENING)
    assert line.counts["orders"] == 0


def test_messages_in_pieces_are_put_together(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    runner = threading.Thread(target=line.run, kwargs={"limit": 2})
    runner.start()
    for at in range(0, len(OPENING), 7):
        feed.sendall(OPENING[at : at + 7])
    received(outside, 1)
    runner.join()
    assert line.counts["messages"] == 2


def test_bytes_that_are_no_message_stop_it(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, _ = ends
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    feed.sendall(OPENING + b"\x07" * 29)
    with pytest.raises(OSError, match="no message") as caught:
        line.run()
    assert caught.value.errno == errno.EBADMSG
    assert line.counts["messages"] == 2


def test_the_end_of_the_feed_ends_it(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, _ = ends
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    feed.sendall(OPENING)
    feed.close()
    line.run()
    assert line.counts["messages"] == 2


def test_datagrams_hold_whole_messages(ends: tuple[socket.socket, ...]) -> None:
    _, _, orders, outside = ends
    with socket.socket(type=socket.SOCK_DGRAM) as inside, socket.socket(type=socket.SOCK_DGRAM) as market:
        inside.bind(("127.0.0.1", 0))
        line = make()
        line.open_feed(inside.fileno(), stream=False)
        line.open_orders(orders.fileno())
        for datagram in (OPENING[:29], OPENING[:20], OPENING[29:]):
            market.sendto(datagram, inside.getsockname())
        line.run(limit=2)
        received(outside, 1)
        assert line.counts["torn_datagrams"] == 1


def test_a_crossed_book_is_not_decided_on() -> None:
    line = make()
    line.take(OPENING + quote(0, 103, 1) + quote(0, 103, 0))
    assert (line.counts["crossed"], line.counts["orders"]) == (1, 2)


def test_trades_and_foreign_instruments_change_no_book() -> None:
    line = make()
    line.take(bytes(pack(TRADE, 1, TICK, 1, 0)) + quote(0, 1, 1, symbol=2) + quote(0, 1, 1, symbol=0))
    assert (line.counts["trades"], line.counts["foreign"], line.counts["quotes"]) == (1, 2, 0)


def test_an_order_beyond_a_limit_is_not_sent() -> None:
    router = make_router(max_quantity=4)
    line = make(router)
    line.take(OPENING)
    assert (line.counts["orders"], line.counts["denied"]) == (0, 1)
    assert router.live_orders() == []


def test_no_order_leaves_after_the_kill_switch(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    router = make_router()
    line = make(router)
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    router.kill.trip(1, 1)
    feed.sendall(OPENING)
    line.run(limit=2)
    outside.settimeout(0.05)
    with pytest.raises(TimeoutError):
        outside.recv(1)
    assert line.counts["denied"] == 1


def test_each_instrument_has_its_book_and_publishes_it() -> None:
    locks = [Seqlock(48), Seqlock(48)]
    line = Pipeline([make_router(), make_router()], Strategy(), quotes=locks)
    line.take(quote(0, 7, 1, symbol=2) + quote(1, 9, 2, symbol=1))
    assert struct.unpack("<6Q", locks[1].read()) == (7 * TICK, 1, 0, 0, 1, 1)
    assert struct.unpack("<6Q", locks[0].read()) == (0, 0, 9 * TICK, 2, 1, 2)


def random_ticks(count: int) -> bytes:
    source = random.Random(6)  # noqa: S311 - a test, not a secret
    return OPENING + b"".join(
        quote(side, source.randrange(95, 100) if side == 0 else source.randrange(103, 108), source.randrange(3))
        for side in (source.randrange(2) for _ in range(count - 2))
    )


def test_three_cores_make_the_orders_of_one(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    ticks = random_ticks(3000)
    alone = make()
    alone.take(ticks)
    line = make()
    line.open_feed(inside.fileno(), stream=True, spin=False)
    line.open_orders(orders.fileno())
    to_trade = SpscRing(64, pipeline.TICK_RECORD_SIZE)
    to_send = SpscRing(64, pipeline.ORDER_RECORD_SIZE)
    threads = [
        threading.Thread(target=line.receive, args=(to_trade,), kwargs={"limit": 3000}),
        threading.Thread(target=line.trade, args=(to_trade, to_send)),
        threading.Thread(target=line.transmit, args=(to_send,)),
    ]
    for one in threads:
        one.start()
    sender = threading.Thread(target=feed.sendall, args=(ticks,))
    sender.start()
    got = received(outside, alone.counts["orders"])
    for one in (*threads, sender):
        one.join()
    assert line.counts["orders"] == len(got) == alone.counts["orders"] > 500
    assert line.levels(1)[0].tolist() == alone.levels(1)[0].tolist()
    assert len(line.spans["tick_to_trade"]) == len(got)
    assert line.counts["unsent"] == 0


def test_a_gateway_and_a_trader_make_the_orders_of_one(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    ticks = random_ticks(400)
    alone = make()
    alone.take(ticks)
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    to_trade = SpscRing(4, pipeline.TICK_RECORD_SIZE)
    to_send = SpscRing(4, pipeline.ORDER_RECORD_SIZE)
    threads = [
        threading.Thread(target=line.gateway, args=(to_trade, to_send), kwargs={"limit": 400, "yields": True}),
        threading.Thread(target=line.trade, args=(to_trade, to_send), kwargs={"yields": True}),
        threading.Thread(target=feed.sendall, args=(ticks,)),
    ]
    for one in threads:
        one.start()
    got = received(outside, alone.counts["orders"])
    for one in threads:
        one.join()
    assert line.counts["orders"] == len(got) == alone.counts["orders"]
    assert line.levels(1)[0].tolist() == alone.levels(1)[0].tolist()
    assert len(line.spans["hop_in"]) == line.counts["quotes"]
    assert len(line.spans["hop_out"]) == line.counts["orders"]
    assert len(alone.spans["hop_in"]) == len(alone.spans["hop_out"]) == 0


def test_a_gateway_that_cannot_send_ends_and_counts(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, _ = ends
    line = make()
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    orders.shutdown(socket.SHUT_WR)
    to_trade = SpscRing(64, pipeline.TICK_RECORD_SIZE)
    to_send = SpscRing(64, pipeline.ORDER_RECORD_SIZE)
    trader = threading.Thread(target=line.trade, args=(to_trade, to_send), kwargs={"yields": True})
    trader.start()
    feed.sendall(random_ticks(100))
    with pytest.raises(OSError, match="gateway") as caught:
        line.gateway(to_trade, to_send, yields=True)
    trader.join()
    assert caught.value.errno == errno.EPIPE
    assert line.counts["unsent"] == line.counts["orders"] > 0


def test_each_read_and_each_send_has_its_stamp_of_the_kernel(ends: tuple[socket.socket, ...]) -> None:
    from lltool.kernels.clock import calibrate
    from lltool.trading.kernel_stamps import RECEIVE, TRANSMIT, stamp

    feed, inside, orders, outside = ends
    refused = stamp(inside, RECEIVE) or stamp(orders, TRANSMIT)
    if refused is not None:
        pytest.skip(refused)
    line = make()
    line.open_feed(inside.fileno(), stream=True, stamped=True)
    line.open_orders(orders.fileno(), stamped=True)
    runner = threading.Thread(target=line.run, kwargs={"limit": 102, "yields": True})
    runner.start()
    time.sleep(0.05)  # the kernel begins to stamp in the background
    feed.sendall(OPENING)
    for at in range(100):
        received(outside, 1)
        time.sleep(0.0005)
        feed.sendall(quote(0, 99, at + 1))
    received(outside, 1)
    runner.join()
    spans = line.spans
    assert line.counts["unstamped_reads"] == line.counts["unstamped_sends"] == 0
    assert len(spans["kernel_to_read"]) == line.counts["reads"]
    assert len(spans["send_to_kernel"]) == len(spans["kernel_to_kernel"]) == line.counts["orders"] == 101
    hz, _ = calibrate(0.005)
    # Wrong by a factor, or by the difference of two clocks, it would be far from this.
    whole = spans["kernel_to_kernel"].percentiles(50)[0]
    parts = sum(spans[name].percentiles(50)[0] for name in ("kernel_to_read", "tick_to_trade", "send_to_kernel"))
    assert abs(whole - parts) < 0.5 * whole
    assert 0 < line.stamp_error_ns < 1e9
    assert whole / hz < 0.1


def test_a_live_order_is_taken_back_once(ends: tuple[socket.socket, ...]) -> None:
    _, inside, orders, outside = ends
    router = make_router()
    line = Pipeline([router], SpreadStrategy(threshold=TICK, quantity=5, tick=TICK))
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    line.take(OPENING)
    (live,) = router.live_orders()
    router.on(live.id, OrderEvent.ACCEPTED, 1)
    router.kill.trip(1, 1)
    assert line.cancel_all(2) == 1
    ((kind, side, _, symbol, order_id, _, quantity),) = received(outside, 1)
    assert (kind, side, symbol, order_id, quantity) == (2, 0, 1, live.id, 5)
    assert line.cancel_all(3) == 0


def test_orders_leave_as_fix_when_the_wire_says_so(ends: tuple[socket.socket, ...]) -> None:
    feed, inside, orders, outside = ends
    wire = FixOrderWire(sender=b"ME", target=b"THEM", symbols=[b"ABC"], next_number=2)
    line = Pipeline([make_router()], SpreadStrategy(threshold=TICK, quantity=5, tick=TICK), unanswered=True, wire=wire)
    line.open_feed(inside.fileno(), stream=True)
    line.open_orders(orders.fileno())
    feed.sendall(OPENING + quote(0, 99, 1))
    line.run(limit=3)
    framer, found = Framer(), []
    while len(found) < 2:
        found += framer.feed(outside.recv(4096))
    assert [(one[35], one.integer(34), one[55], one[54], one.decimal(44), one.decimal(38)) for one in found] == [
        (b"D", number, b"ABC", b"1", 101 * TICK, 5) for number in (2, 3)
    ]
    assert wire.next_number == 4


def test_a_wire_knows_every_instrument() -> None:
    wire = FixOrderWire(sender=b"ME", target=b"THEM", symbols=[b"ABC"])
    with pytest.raises(ValueError, match="1 symbols for 2"):
        Pipeline([make_router(), make_router()], Strategy(), wire=wire)


def test_responses_are_measured_from_the_intended_time() -> None:
    line = make()
    line.expect(array("Q", [0, 0]))
    line.take(OPENING)
    spans = line.spans
    assert len(spans["update_response"]) == 2
    assert spans["trade_response"].minimum > spans["tick_to_trade"].maximum


def test_a_ring_of_other_records_is_refused() -> None:
    with pytest.raises(ValueError, match="wanted"):
        make().receive(SpscRing(64, 8), limit=0)


def test_the_strategy_of_the_chapter() -> None:
    strategy = SpreadStrategy(threshold=100_000, quantity=7, tick=10)
    assert strategy.wishes(1_000_000, 1_100_000) is None
    assert strategy.wishes(1_000_000, 1_100_001) == (0, 1_050_000, 7)
    assert strategy.wishes(1_000_000, 1_100_013, position=1) == (1, 1_050_000, 7)
    assert strategy.wishes(-(2**63), 2**63 - 1) is None
    assert Strategy().wishes(1, 2**62) is None


def test_the_strategy_of_the_documentation_compiles_and_trades(tmp_path: Path) -> None:
    """As a user writes it: Cython and a compiler, and lltool installed. No header of lltool is at hand."""
    pytest.importorskip("Cython", reason="needs Cython")
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs gcc")
    (text,) = re.findall(r"```cython\n(.*?)```", (ROOT / "docs" / "strategy.md").read_text(), re.DOTALL)
    source = tmp_path / "imbalance.pyx"
    source.write_text(text)
    subprocess.run([sys.executable, "-m", "cython", "-3", str(source)], check=True, cwd=ROOT, timeout=120)
    library = tmp_path / "imbalance.so"
    include = sysconfig.get_paths()["include"]
    subprocess.run(
        [compiler, "-shared", "-fPIC", f"-I{include}", str(source.with_suffix(".c")), "-o", str(library)],
        check=True,
        timeout=120,
    )
    spec = importlib.util.spec_from_file_location("imbalance", library)
    assert spec is not None
    assert spec.loader is not None
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    strategy = own.ImbalanceStrategy(quantity=9, times=4)
    assert strategy.wishes(100, 103) is None
    line = Pipeline([make_router()], strategy, unanswered=True)
    line.take(quote(0, 100, 3) + quote(1, 103, 1))
    assert line.counts["orders"] == 0
    line.take(quote(0, 100, 4))
    assert line.counts["orders"] == 1

"""The FIX gateway: orders leave as the kernel wrote them, and never a second time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("lltool.kernels.desk", reason="needs the compiled kernels")

from lltool.kernels.binance_json import SPOT
from lltool.kernels.desk import Outcome, new_log
from lltool.kernels.kill_switch import KillSwitch
from lltool.trading.configuration import Configuration
from lltool.trading.fix_session import FixSession, FixState
from lltool.trading.floor import new_floor
from lltool.trading.live.fix_gateway import FixGateway

EPOCH = 7
SNAPSHOT = b'{"lastUpdateId":10,"bids":[["60000.00","5"]],"asks":[["60001.00","5"]]}'


class Peer:
    """An exchange that keeps what it hears, in every session with the same state."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.state = FixState()
        self.session: FixSession | None = None

    def on_logon(self, session: FixSession) -> None:
        self.session = session

    def on_message(self, session: FixSession, message: Any) -> None:
        self.heard.append(message)

    def on_end(self, session: FixSession, reason: str) -> None:
        self.session = None

    def accept(self) -> FixSession:
        return FixSession(self, own=b"EXCHANGE", peer=b"LLTOOL", state=self.state)

    async def until(self, count: int) -> None:
        for _ in range(400):
            if len(self.heard) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(self.heard)} messages of {count}")


def depth(update: int, symbol: str) -> bytes:
    return b'{"e":"depthUpdate","E":1,"s":"%b","U":%d,"u":%d,"b":[["60000.00","%d"]],"a":[]}' % (
        symbol.encode(), update, update, update
    )  # fmt: skip


class Orders:
    """A floor of two symbols whose orders go to ``peer`` through the gateway."""

    def __init__(self) -> None:
        configuration = Configuration.model_validate({"risk": {"duplicate_window_ms": 0}})
        instruments = [("BTCUSDT", SPOT), ("ETHUSDT", SPOT)]
        self.kill, self.peer, self.now_ns = KillSwitch(), Peer(), 10**9
        self.floor = new_floor(configuration, instruments, kill=self.kill, log=new_log(256), epoch=EPOCH, paper=False)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self.peer.accept, "127.0.0.1", 0)
        port = self.server.sockets[0].getsockname()[1]
        self.gateway = FixGateway(list(self.floor.desks), port, b"LLTOOL", EPOCH)
        for number, desk in enumerate(self.floor.desks):
            desk.connect(self.now_ns)
            self.floor.take(SNAPSHOT, self.now_ns, number)
        await self.gateway.start()
        await self.logged_on()

    async def logged_on(self) -> None:
        for _ in range(2000):
            if self.gateway.connected and self.peer.session is not None:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("no session")

    async def stop(self) -> None:
        await self.gateway.stop()
        self.server.close()

    def order(self, update: int, symbol: str) -> None:
        self.now_ns += 10**9
        desk, outcome = self.floor.take(depth(update, symbol), self.now_ns)
        assert outcome is Outcome.SEND
        self.gateway.send(desk, self.now_ns)


def test_orders_of_each_symbol_arrive_as_they_were_written_and_in_sequence(run: Any) -> None:
    async def go() -> None:
        orders = Orders()
        await orders.start()
        orders.order(11, "BTCUSDT")
        orders.order(11, "ETHUSDT")
        orders.gateway.cancel(orders.floor.desks[1], EPOCH + 1 << 32 | 1, orders.now_ns)
        await orders.peer.until(3)
        first, second, cancel = orders.peer.heard
        assert (first[35], first[55], second[55], cancel[35]) == (b"D", b"BTCUSDT", b"ETHUSDT", b"F")
        assert [int(each[34]) for each in (first, second, cancel)] == [2, 3, 4]  # 1 was the logon
        assert [int(first[11]) >> 32, int(second[11]) >> 32] == [EPOCH, EPOCH + 1]
        assert cancel[41] == second[11]
        assert (first[59], first.decimal(44)) == (b"1", 60_000_50 * 10**6)
        assert len(orders.floor.spans["serialise"]) == len(orders.floor.spans["tick_to_trade"]) == 2
        await orders.stop()

    run(go())


def test_an_order_is_never_sent_again_whatever_the_peer_asks_for(run: Any) -> None:
    async def go() -> None:
        orders = Orders()
        await orders.start()
        orders.order(11, "BTCUSDT")
        await orders.peer.until(1)
        assert orders.peer.session is not None
        orders.peer.state.next_in = 2  # as if the order had been lost
        orders.peer.session._write(b"2", [(7, b"2"), (16, b"0")])
        for _ in range(100):
            await asyncio.sleep(0.005)
            if orders.peer.state.next_in == 3:
                break
        assert orders.peer.state.next_in == 3  # filled by a gap fill
        orders.order(12, "BTCUSDT")
        await orders.peer.until(2)
        assert [int(each[11]) & 0xFFFFFFFF for each in orders.peer.heard] == [1, 2]
        await orders.stop()

    run(go())


def test_an_order_without_a_session_is_counted_and_its_number_is_used_by_the_next(run: Any) -> None:
    async def go() -> None:
        orders = Orders()
        await orders.start()
        assert orders.gateway._session is not None
        orders.gateway._session.close("for a test")
        assert not orders.gateway.connected
        number = orders.gateway._state.next_out
        orders.order(11, "BTCUSDT")
        assert (orders.gateway.unsent, orders.gateway._state.next_out) == (1, number)
        assert orders.floor.desks[0].router.counters()["live"] == 0
        await orders.logged_on()
        orders.order(12, "BTCUSDT")
        await orders.peer.until(1)
        await orders.stop()

    run(go())

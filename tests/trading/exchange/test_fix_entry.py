"""Order entry by FIX against a foreign counterparty (simplefix): orders, cancels, questions, sequence numbers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

simplefix = pytest.importorskip("simplefix", reason="needs simplefix")
pytest.importorskip("picows", reason="needs picows")

BUY, SELL = "1", "2"


class Peer:
    """A FIX client made of simplefix alone."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader, self.writer, self.number = reader, writer, number
        self.parser = simplefix.FixParser()

    @classmethod
    async def connected(cls, exchange: Any, number: int = 1, *logon: tuple[int, Any]) -> Peer:
        peer = cls(*await asyncio.open_connection("127.0.0.1", exchange.ports.fix), number)
        peer.send("A", (98, 0), (108, 30), *logon)
        return peer

    def send(self, kind: str, *fields: tuple[int, Any], number: int | None = None) -> None:
        message = simplefix.FixMessage()
        message.append_pair(8, "FIX.4.4")
        message.append_pair(35, kind)
        message.append_pair(49, "PEER")
        message.append_pair(56, "EXCHANGE")
        message.append_pair(34, self.number if number is None else number)
        message.append_utc_timestamp(52)
        for tag, value in fields:
            message.append_pair(tag, value)
        self.number += number is None
        self.writer.write(message.encode())

    def order(self, name: str, side: str, price: str, quantity: str, *more: tuple[int, Any]) -> None:
        self.send("D", (11, name), (55, "BTCUSDT"), (54, side), (38, quantity), (40, 2), (44, price), *more)

    async def receive(self) -> dict[int, str] | None:
        """The next message as {tag: value}; None when the connection is closed."""
        while (message := self.parser.get_message()) is None:
            data = await asyncio.wait_for(self.reader.read(65536), 5)
            if not data:
                return None
            self.parser.append_buffer(data)
        return {int(tag): value.decode() for tag, value in message.pairs}

    async def expect(self, **fields: str) -> dict[int, str]:
        message = await self.receive()
        assert message is not None
        wanted = {int(name.removeprefix("t")): value for name, value in fields.items()}
        assert {tag: message.get(tag) for tag in wanted} == wanted, message
        return message


def conversation(exchanges: Any, run: Any, talk: Any, *faults: str, **paper: int) -> Any:
    """``talk`` with an exchange whose market stands still: best bid 59999.99, best ask 60000.01."""

    async def go() -> Any:
        async with exchanges.opened(exchanges.random_market(1), *faults, **paper) as exchange:
            await exchange.play()
            peer = await Peer.connected(exchange)
            await peer.expect(t35="A", t34="1", t108="30")
            try:
                return await talk(peer, exchange)
            finally:
                peer.writer.close()

    return run(go())


def test_an_order_rests_and_is_cancelled(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.order("a", BUY, "59000", "0.5")
        await peer.expect(t35="8", t11="a", t150="0", t39="0", t38="0.5", t44="59000", t151="0.5", t14="0")
        peer.send("F", (11, "b"), (41, "a"), (55, "BTCUSDT"), (54, BUY))
        await peer.expect(t35="8", t11="b", t41="a", t150="4", t39="4", t151="0", t14="0")
        peer.send("F", (11, "c"), (41, "a"), (55, "BTCUSDT"), (54, BUY))
        await peer.expect(t35="9", t11="c", t41="a", t39="4", t102="0")
        peer.send("F", (11, "d"), (41, "none"), (55, "BTCUSDT"), (54, BUY))
        await peer.expect(t35="9", t11="d", t41="none", t102="1")

    conversation(exchanges, run, talk)


def test_a_crossing_order_is_filled_and_what_is_said_of_it_adds_up(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> list[dict[int, str]]:
        peer.order("a", BUY, "60001", "0.9", (59, 3))
        reports = [await peer.expect(t35="8", t150="0")]
        while reports[-1][39] not in {"2", "C"}:
            reports.append(await peer.expect(t35="8", t11="a"))
        return reports

    reports = conversation(exchanges, run, talk, taker_rate=100_000)
    fills = [report for report in reports if report[150] == "F"]
    assert fills
    quantity = sum(round(float(fill[32]) * 1e8) for fill in fills)
    paid = sum(float(fill[32]) * float(fill[31]) for fill in fills)
    assert quantity == round(float(reports[-1][14]) * 1e8)
    assert float(reports[-1][6]) == pytest.approx(paid / quantity * 1e8, abs=1e-7)
    assert sum(float(fill[12]) for fill in fills) == pytest.approx(paid * 0.001)
    assert len({report[17] for report in reports}) == len(reports)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({55: "ETHUSDT"}, "unknown symbol"),
        ({54: "7"}, "side is neither 1 nor 2"),
        ({40: "1"}, "only limit orders"),
        ({59: "4"}, "time in force is neither 1 nor 3"),
        ({44: "59000.001"}, "PRICE_FILTER"),
        ({38: "0.000001"}, "LOT_SIZE"),
    ],
)
def test_an_order_that_cannot_be_is_rejected_with_the_reason(
    exchanges: Any, run: Any, fields: dict[int, str], text: str
) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        order = {11: "a", 55: "BTCUSDT", 54: BUY, 38: "0.5", 40: "2", 44: "59000", 59: "1", **fields}
        peer.send("D", *order.items())
        await peer.expect(t35="8", t11="a", t150="8", t39="8", t58=text)

    conversation(exchanges, run, talk, tick=1_000_000, lot=1000)


def test_an_id_is_used_once(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        for kind in ("0", "8"):
            peer.order("a", BUY, "59000", "0.5")
            await peer.expect(t35="8", t11="a", t150=kind)

    conversation(exchanges, run, talk)


def test_an_unknown_execution_is_told_when_it_is_asked_about(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.order("a", BUY, "60000.01", "0.1")
        await peer.expect(t35="j", t379="a")
        peer.send("H", (11, "a"), (55, "BTCUSDT"), (54, BUY))
        await peer.expect(t35="8", t11="a", t150="F", t97="Y", t14="0.1", t39="2")
        peer.send("H", (11, "never"), (55, "BTCUSDT"), (54, BUY))
        await peer.expect(t35="8", t11="never", t150="I", t39="8", t103="5")

    conversation(exchanges, run, talk, "unknown-execution@1")


def test_all_orders_of_a_session_are_cancelled_at_once(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> list[int]:
        for name in ("a", "b", "c"):
            peer.order(name, BUY, "59000", "0.5")
            await peer.expect(t150="0")
        peer.send("q", (11, "all"), (530, "7"), (60, "20260101-00:00:00"))
        for name in ("a", "b", "c"):
            await peer.expect(t35="8", t150="4", t11=name)
        await peer.expect(t35="r", t533="3")
        return list(exchange.market.instruments["BTCUSDT"].paper.open_orders)

    assert conversation(exchanges, run, talk) == []


def test_an_order_that_ends_before_the_cancel_of_all_arrives_is_told_by_its_id(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.order("a", BUY, "59000", "0.5")
        await peer.expect(t150="0")
        for _ in range(2):
            peer.send("q", (11, "all"), (530, "7"))
        reports = [await peer.receive() for _ in range(4)]
        kinds = {(report[35], report.get(11), report.get(41)) for report in reports if report and report[35] != "r"}
        assert kinds == {("8", "a", None), ("9", "a", "a")}

    conversation(exchanges, run, talk, entry_ns=50_000_000)


def test_messages_that_lack_a_field_or_are_of_no_known_kind_are_refused_by_name(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send("D", (11, "a"), (55, "BTCUSDT"))
        assert "54" in (await peer.expect(t35="j", t380="5"))[58]
        peer.send("V", (262, "x"))
        await peer.expect(t35="j", t372="V", t380="3")

    conversation(exchanges, run, talk)


def test_garbled_bytes_are_skipped_and_the_session_goes_on(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.writer.write(b"8=FIX.4.4\x019=5\x0135=0\x0110=000\x01")
        peer.send("1", (112, "alive"))
        await peer.expect(t35="0", t112="alive")

    conversation(exchanges, run, talk)


def test_what_is_missing_is_asked_for_and_a_gap_fill_closes_it(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send("1", (112, "late"), number=5)
        await peer.expect(t35="2", t7="2", t16="0")
        peer.send("4", (43, "Y"), (123, "Y"), (36, "6"), number=2)
        peer.send("1", (112, "now"), number=6)
        await peer.expect(t35="0", t112="now")

    conversation(exchanges, run, talk)


def test_application_messages_are_resent_and_administrative_ones_gap_filled(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send("1", (112, "x"))
        await peer.expect(t35="0", t34="2")
        peer.order("a", BUY, "59000", "0.5")
        await peer.expect(t35="8", t34="3")
        peer.send("2", (7, 1), (16, 0))
        await peer.expect(t35="4", t34="1", t123="Y", t36="3", t43="Y")
        await peer.expect(t35="8", t34="3", t43="Y", t11="a", t150="0")

    conversation(exchanges, run, talk)


def test_a_number_that_is_too_low_ends_the_session(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send("1", (112, "x"), number=1)
        await peer.expect(t35="5", t58="MsgSeqNum too low, expecting 2 but received 1")
        assert await peer.receive() is None

    conversation(exchanges, run, talk)


def test_a_session_goes_on_where_it_was_and_gives_what_was_missed(exchanges: Any, run: Any) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            peer = await Peer.connected(exchange)
            await peer.expect(t35="A")
            peer.order("a", BUY, "59000", "0.5")
            await peer.expect(t35="8", t34="2")
            peer.writer.close()
            await peer.writer.wait_closed()
            await asyncio.sleep(0.05)
            again = await Peer.connected(exchange, 3)
            await again.expect(t35="A", t34="3")
            again.send("2", (7, 2), (16, 2))
            await again.expect(t35="8", t34="2", t43="Y", t11="a")
            fresh = await Peer.connected(exchange, 1, (141, "Y"))
            await fresh.expect(t35="A", t34="1", t141="Y")
            for peer in (again, fresh):
                peer.writer.close()

    run(go())


def test_who_does_not_log_on_first_is_not_heard(exchanges: Any, run: Any) -> None:
    async def go() -> Any:
        async with exchanges.opened([]) as exchange:
            peer = Peer(*await asyncio.open_connection("127.0.0.1", exchange.ports.fix), 1)
            peer.order("a", BUY, "59000", "0.5")
            answer = await peer.receive()
            peer.writer.close()
            return answer

    assert run(go()) is None


def test_silence_is_tested_and_then_ended(exchanges: Any, run: Any) -> None:
    async def go() -> list[str]:
        async with exchanges.opened([]) as exchange:
            peer = await Peer.connected(exchange, 1)
            peer.writer.close()
            quick = Peer(*await asyncio.open_connection("127.0.0.1", exchange.ports.fix), 1)
            quick.send("A", (98, 0), (108, 1), (141, "Y"))
            kinds = []
            while (message := await quick.receive()) is not None:
                kinds.append(message[35])
            quick.writer.close()
            return kinds

    kinds = run(go())
    assert kinds[0] == "A"
    assert kinds[-1] == "5"
    assert {"0", "1"} <= set(kinds)

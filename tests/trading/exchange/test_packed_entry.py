"""Order entry by packed messages, written and read by struct alone."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest

pytest.importorskip("picows", reason="needs picows")

ORDER, REPORT = struct.Struct("<BBHIQqQ"), struct.Struct("<BBBBIQQqQQ")
NEW, CANCEL, QUERY = 1, 2, 3
ACCEPTED, REJECTED, FILL, CANCELED, CANCEL_REJECTED, NOT_FOUND, UNKNOWN = 0, 1, 2, 3, 4, 6, 255
UNIT = 100_000_000
BUY, ASK_PRICE = 0, 6_000_001 * UNIT // 100


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, kind: int, order: int, price: int = ASK_PRICE, quantity: int = UNIT // 100, symbol: int = 1) -> None:
        self.writer.write(ORDER.pack(kind, BUY, 0, symbol, order, price, quantity))

    async def receive(self) -> tuple[int, ...]:
        report = await asyncio.wait_for(self.reader.readexactly(REPORT.size), 5)
        return REPORT.unpack(report)

    async def kinds(self, count: int) -> list[tuple[int, int]]:
        """Kind and quantity filled so far of the next reports."""
        found = [await self.receive() for _ in range(count)]
        return [(report[0], report[9]) for report in found]


def conversation(exchanges: Any, run: Any, talk: Any, *faults: str, **paper: int) -> Any:
    async def go() -> Any:
        async with exchanges.opened(exchanges.random_market(1), *faults, **paper) as exchange:
            await exchange.play()
            peer = Peer(*await asyncio.open_connection("127.0.0.1", exchange.ports.orders))
            try:
                return await talk(peer, exchange)
            finally:
                peer.writer.close()

    return run(go())


def test_an_order_is_filled_at_the_touch_with_every_field_in_its_place(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send(NEW, 77)
        assert await peer.receive() == (ACCEPTED, 0, 0, 0, 1, 77, 0, ASK_PRICE, UNIT // 100, 0)
        assert await peer.receive() == (FILL, 0, 0, 0, 1, 77, 1, ASK_PRICE, UNIT // 100, UNIT // 100)

    conversation(exchanges, run, talk)


def test_an_order_rests_is_cancelled_and_told_of_again(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send(NEW, 1, price=UNIT)
        peer.send(CANCEL, 1)
        peer.send(CANCEL, 1)
        peer.send(CANCEL, 2)
        peer.send(QUERY, 1)
        peer.send(QUERY, 2)
        assert await peer.kinds(6) == [
            (ACCEPTED, 0), (CANCELED, 0), (CANCEL_REJECTED, 0), (NOT_FOUND, 0), (CANCELED, 0), (NOT_FOUND, 0)
        ]  # fmt: skip

    conversation(exchanges, run, talk)


def test_refusals_carry_their_reason(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send(NEW, 1, price=UNIT + 1)
        peer.send(NEW, 1, price=UNIT)
        assert [(await peer.receive())[:2] for _ in range(2)] == [(REJECTED, 1), (REJECTED, 7)]

    conversation(exchanges, run, talk, tick=UNIT // 100)


def test_an_unknown_execution_is_told_when_it_is_asked_about(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        peer.send(NEW, 5)
        assert await peer.kinds(1) == [(UNKNOWN, 0)]
        peer.send(QUERY, 5)
        assert await peer.receive() == (FILL, 0, 1, 0, 1, 5, 1, ASK_PRICE, UNIT // 100, UNIT // 100)

    conversation(exchanges, run, talk, "unknown-execution@1")


def test_orders_may_arrive_in_any_pieces(exchanges: Any, run: Any) -> None:
    async def talk(peer: Peer, exchange: Any) -> None:
        orders = b"".join(ORDER.pack(NEW, BUY, 0, 1, number, UNIT, UNIT) for number in range(1, 4))
        for at in range(0, len(orders), 7):
            peer.writer.write(orders[at : at + 7])
            await peer.writer.drain()
            await asyncio.sleep(0.001)
        assert await peer.kinds(3) == [(ACCEPTED, 0)] * 3

    conversation(exchanges, run, talk)


@pytest.mark.parametrize(
    "bad",
    [
        ORDER.pack(9, BUY, 0, 1, 1, UNIT, UNIT),
        ORDER.pack(NEW, BUY, 1, 1, 1, UNIT, UNIT),
        ORDER.pack(NEW, BUY, 0, 2, 1, UNIT, UNIT),
        ORDER.pack(NEW, BUY, 0, 1, 1, UNIT, 1 << 63),
    ],
    ids=["type", "reserved", "symbol", "quantity"],
)
def test_bytes_that_are_no_order_end_the_connection(exchanges: Any, run: Any, bad: bytes) -> None:
    async def talk(peer: Peer, exchange: Any) -> bytes:
        peer.writer.write(bad)
        return await asyncio.wait_for(peer.reader.read(), 5)

    assert conversation(exchanges, run, talk) == b""

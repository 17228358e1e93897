"""The packed feed, read by struct alone: over TCP from the book on, over UDP every change, and its faults."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest

pytest.importorskip("picows", reason="needs picows")

MESSAGE = struct.Struct("<BIqQQ")
TRADE, QUOTE, ASK = 1, 2, 1 << 31


class Book(dict[tuple[int, int], int]):
    """Levels by side and price, made of messages; counts trades."""

    trades = 0

    def take(self, data: bytes) -> Book:
        for kind, symbol_id, price, quantity, stamp in MESSAGE.iter_unpack(data):
            assert symbol_id & ~ASK == 1
            assert stamp > 1_600_000_000_000_000_000
            if kind == TRADE:
                self.trades += 1
                continue
            assert kind == QUOTE
            if quantity:
                self[symbol_id >> 31, price] = quantity
            else:
                self.pop((symbol_id >> 31, price), None)
        return self

    @classmethod
    def of(cls, exchange: Any) -> Book:
        bids, asks, _ = exchange.market.instruments["BTCUSDT"].book.snapshot()
        return cls({(0, price): quantity for price, quantity in bids.tolist()} | {
            (1, price): quantity for price, quantity in asks.tolist()
        })  # fmt: skip


async def read_all(exchange: Any, before: int) -> bytes:
    """What a TCP client gets that joins after ``before`` messages, to the end."""
    for _, message in exchange.lines[:before]:
        exchange.step(message)
    reader, writer = await asyncio.open_connection("127.0.0.1", exchange.ports.feed)
    await exchange.streams.feed.joined.wait()
    for _, message in exchange.lines[before:]:
        exchange.step(message)
    exchange.streams.feed.stop()
    data = await reader.read()
    writer.close()
    return data


@pytest.mark.parametrize("before", [0, 1, 150])
def test_over_tcp_the_book_is_the_exchanges_whenever_one_joins(exchanges: Any, run: Any, before: int) -> None:
    async def go() -> None:
        async with exchanges.opened(exchanges.random_market(300)) as exchange:
            book = Book().take(await read_all(exchange, before))
            # The snapshot of the recording is no change: who is there before it learns only what changes.
            own = Book.of(exchange)
            assert book == own if before else book.items() <= own.items()
            assert book.trades == sum(b'"trade"' in message for _, message in exchange.lines[before:])

    run(go())


def test_over_udp_every_change_comes_in_whole_messages(exchanges: Any, run: Any) -> None:
    async def go() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(5)
            async with exchanges.opened(exchanges.random_market(60), udp_port=receiver.getsockname()[1]) as exchange:
                exchange.step(exchange.lines[0][1])
                book = Book.of(exchange)
                for _, message in exchange.lines[1:]:
                    exchange.step(message)
                await asyncio.sleep(0.1)
                received = 0
                while received < exchange.streams.feed.messages:
                    data = receiver.recv(2000)
                    assert len(data) % MESSAGE.size == 0
                    received += len(data) // MESSAGE.size
                    book.take(data)
                assert book == Book.of(exchange)

    run(go())


@pytest.mark.parametrize(("fault", "rest"), [("half-frame@10", MESSAGE.size // 2), ("close@10", 0)])
def test_half_a_message_and_a_close_end_the_connection(exchanges: Any, run: Any, fault: str, rest: int) -> None:
    async def go() -> int:
        async with exchanges.opened(exchanges.random_market(100), fault) as exchange:
            return len(await read_all(exchange, 1)) % MESSAGE.size

    assert run(go()) == rest


def test_dropped_changes_are_missing_and_repeated_ones_come_twice(exchanges: Any, run: Any) -> None:
    async def length(*faults: str) -> int:
        async with exchanges.opened(exchanges.random_market(100), *faults) as exchange:
            return len(await read_all(exchange, 1))

    whole = run(length())
    assert run(length("drop@10")) < whole < run(length("duplicate@10"))
    assert run(length("reorder@10")) == whole

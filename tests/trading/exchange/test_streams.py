"""Streams and snapshots, asked for by a foreign client (websockets, http.client); each fault as it arrives there."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from contextlib import suppress
from typing import Any

import pytest

websockets = pytest.importorskip("websockets", reason="needs websockets")
pytest.importorskip("picows", reason="needs picows")

SUBSCRIBE = {"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 7}


async def subscribed(exchange: Any, *streams: str, path: str = "/ws") -> Any:
    client = await websockets.connect(f"ws://127.0.0.1:{exchange.ports.streams}{path}")
    await client.send(json.dumps({**SUBSCRIBE, "params": list(streams) or SUBSCRIBE["params"]}))
    assert json.loads(await client.recv()) == {"result": None, "id": 7}
    return client


async def received(client: Any, exchange: Any, seconds: float = 0.3) -> list[dict[str, Any]]:
    """All that comes while the exchange plays to its end."""
    playing = asyncio.ensure_future(exchange.play())
    found = []
    with suppress(TimeoutError, websockets.ConnectionClosed):
        while True:
            found.append(json.loads(await asyncio.wait_for(client.recv(), seconds)))
    await playing
    return found


async def asked(exchange: Any, path: str) -> tuple[int, dict[str, str], Any]:
    def get() -> tuple[int, dict[str, str], Any]:
        connection = http.client.HTTPConnection("127.0.0.1", exchange.ports.streams, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), json.loads(answer.read())

    return await asyncio.to_thread(get)


def ids(messages: list[dict[str, Any]]) -> list[int]:
    return [message["u"] for message in messages]


def sent(lines: list[tuple[int, bytes]], kind: str = "depthUpdate") -> list[dict[str, Any]]:
    return [message for _, line in lines if (message := json.loads(line)).get("e") == kind]


def test_a_subscriber_gets_its_stream_whole_and_no_other(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(200)

    async def go() -> list[dict[str, Any]]:
        async with exchanges.opened(lines) as exchange:
            return await received(await subscribed(exchange), exchange)

    assert run(go()) == sent(lines)


def test_combined_streams_carry_the_name_that_was_asked_for(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(200)

    async def go() -> list[dict[str, Any]]:
        async with exchanges.opened(lines) as exchange:
            path = "/stream?streams=btcusdt@depth@100ms/btcusdt@trade"
            client = await websockets.connect(f"ws://127.0.0.1:{exchange.ports.streams}{path}")
            return await received(client, exchange)

    messages = run(go())
    assert {message["stream"] for message in messages} == {"btcusdt@depth@100ms", "btcusdt@trade"}
    assert [m["data"] for m in messages if m["stream"] == "btcusdt@trade"] == sent(lines, "trade")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no JSON", {"code": 2}),
        ('{"method":"SUBSCRIBE","params":["ethusdt@depth"],"id":1}', {"code": 2, "id": 1}),
        ('{"method":"SUBSCRIBE","params":["btcusdt@kline_1m"],"id":1}', {"code": 2, "id": 1}),
        ('{"method":"FLY","params":[],"id":1}', {"code": 2, "id": 1}),
        ('{"method":"LIST_SUBSCRIPTIONS","id":3}', {"result": ["btcusdt@trade"], "id": 3}),
        ('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":3}', {"result": None, "id": 3}),
    ],
)
def test_requests_are_answered_by_their_number(exchanges: Any, run: Any, text: str, answer: dict[str, Any]) -> None:
    async def go() -> Any:
        async with exchanges.opened([]) as exchange:
            client = await websockets.connect(f"ws://127.0.0.1:{exchange.ports.streams}/ws/btcusdt@trade")
            await client.send(text)
            return json.loads(await client.recv())

    found = run(go())
    assert {key: found[key] for key in answer} == answer


def test_who_sends_more_than_five_messages_a_second_is_disconnected(exchanges: Any, run: Any) -> None:
    async def go() -> int:
        async with exchanges.opened([]) as exchange:
            client = await subscribed(exchange)
            with suppress(websockets.ConnectionClosed):
                for number in range(20):
                    await client.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
                    await client.recv()
            return int(client.close_code)

    assert run(go()) == 1008


def test_a_snapshot_is_the_book_at_that_moment(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(200)

    async def go() -> Any:
        async with exchanges.opened(lines) as exchange:
            assert (await asked(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5"))[0] == 503
            await exchange.play()
            return await asked(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5"), exchange.market

    (status, headers, snapshot), market = run(go())
    book = market.instruments["BTCUSDT"].book
    assert (status, headers["X-MBX-USED-WEIGHT-1M"]) == (200, "5")
    assert snapshot["lastUpdateId"] == sent(lines)[-1]["u"]
    best = [[round(float(text) * 1e8) for text in snapshot[side][0]] for side in ("bids", "asks")]
    assert best == [list(book.best_bid), list(book.best_ask)]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v3/depth?symbol=ETHUSDT", 400),
        ("/api/v3/depth?symbol=BTCUSDT&limit=0", 400),
        ("/api/v3/depth?symbol=BTCUSDT&limit=x", 400),
        ("/stream?streams=ethusdt@depth", 400),
        ("/api/v3/time", 200),
        ("/api/v3/ping", 200),
    ],
)
def test_requests_that_are_wrong_are_refused_as_the_exchange_does(
    exchanges: Any, run: Any, path: str, status: int
) -> None:
    async def go() -> int:
        async with exchanges.opened([]) as exchange:
            return (await asked(exchange, path))[0]

    assert run(go()) == status


def test_the_weight_of_a_minute_is_not_exceeded(exchanges: Any, run: Any) -> None:
    async def go() -> list[int]:
        async with exchanges.opened(exchanges.random_market(1)) as exchange:
            await exchange.play()
            return [(await asked(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5000"))[0] for _ in range(25)]

    assert run(go()) == [200] * 24 + [429]


def test_a_dropped_event_is_missing_a_duplicate_comes_twice_a_reordered_one_later(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(200)

    async def go() -> list[dict[str, Any]]:
        async with exchanges.opened(lines, "drop@3", "duplicate@5", "reorder@7") as exchange:
            return await received(await subscribed(exchange), exchange)

    wanted = ids(sent(lines))
    first, second = wanted[:7], wanted[7:]
    del first[2]
    first.insert(4, first[3])
    assert ids(run(go())) == [*first[:-1], second[0], first[-1], *second[1:]]


def test_half_a_frame_ends_the_connection_in_the_middle_of_a_message(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(200)

    async def go() -> tuple[list[dict[str, Any]], Any]:
        async with exchanges.opened(lines, "half-frame@4") as exchange:
            client = await subscribed(exchange)
            return await received(client, exchange), client.close_code

    messages, code = run(go())
    assert ids(messages) == ids(sent(lines))[:3]
    assert code == 1006


def test_a_silence_leaves_events_out_and_the_market_goes_on(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(600)

    async def go() -> list[dict[str, Any]]:
        async with exchanges.opened(lines, "silence@10:0.1") as exchange:
            return await received(await subscribed(exchange), exchange, 0.5)

    found, wanted = ids(run(go())), ids(sent(lines))
    assert found[:9] == wanted[:9]
    assert found[-1] == wanted[-1]
    assert len(wanted) - len(found) > 10


def test_a_close_ends_all_connections(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(100)

    async def go() -> tuple[list[int], int]:
        async with exchanges.opened(lines, "close@4") as exchange:
            client = await subscribed(exchange)
            return ids(await received(client, exchange)), client.close_code

    found, code = run(go())
    assert found == ids(sent(lines))[:3]
    assert code == 1001


def test_a_shutdown_is_announced_before_connections_close(exchanges: Any, run: Any) -> None:
    lines = exchanges.random_market(400)

    async def go() -> tuple[list[dict[str, Any]], int]:
        async with exchanges.opened(lines, "server-shutdown@4:0.05") as exchange:
            client = await subscribed(exchange)
            return await received(client, exchange), client.close_code

    messages, code = run(go())
    notice = next(number for number, message in enumerate(messages) if message["e"] == "serverShutdown")
    assert notice == 3
    assert len(messages) > notice + 5
    assert code == 1012


def test_refused_snapshots_say_when_to_come_back_and_then_are_served(exchanges: Any, run: Any) -> None:
    async def go() -> list[Any]:
        async with exchanges.opened(exchanges.random_market(20), "too-many-requests@2:0.3") as exchange:
            await exchange.play()
            refused = await asked(exchange, "/api/v3/depth?symbol=BTCUSDT")
            await asyncio.sleep(0.35)
            return [refused[0], refused[1]["Retry-After"], (await asked(exchange, "/api/v3/depth?symbol=BTCUSDT"))[0]]

    assert run(go()) == [429, "1", 200]


def test_it_pings_and_does_not_during_a_ping_silence(exchanges: Any, run: Any) -> None:
    async def pings(*faults: str) -> tuple[int, bool]:
        async with exchanges.opened(exchanges.random_market(3), *faults, ping_seconds=0.05) as exchange:
            client = await subscribed(exchange)
            count = 0
            original = client.protocol.__class__.recv_frame

            def counting(self: Any, frame: Any) -> None:
                nonlocal count
                count += frame.opcode.name == "PING"
                original(self, frame)

            client.protocol.recv_frame = counting.__get__(client.protocol)
            await exchange.play()
            answered = True
            try:
                await asyncio.wait_for(await client.ping(), 0.4)
            except TimeoutError:
                answered = False
            await asyncio.sleep(0.3)
            return count, answered

    assert run(pings("ping-silence@1:5")) == (0, False)
    count, answered = run(pings())
    assert count > 2
    assert answered


def test_a_client_that_does_not_read_is_disconnected_before_the_exchange_keeps_the_market_for_it(
    exchanges: Any, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lltool.trading.exchange.streams.SLOW_BYTES", 10_000)

    async def go() -> int:
        async with exchanges.opened(exchanges.random_market(60_000), speed=0) as exchange:
            loop = asyncio.get_running_loop()
            client = socket.socket()
            client.setblocking(False)
            await loop.sock_connect(client, ("127.0.0.1", exchange.ports.streams))
            request = (
                b"GET /ws/btcusdt@depth HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            await loop.sock_sendall(client, request)
            assert b"101" in await loop.sock_recv(client, 1000)
            started = time.monotonic()
            while not exchange.streams.slow_clients and time.monotonic() - started < 30:
                for _, message in exchange.lines[:2000]:
                    exchange.step(message)
                await asyncio.sleep(0)
            client.close()
            return int(exchange.streams.slow_clients)

    assert run(go()) == 1

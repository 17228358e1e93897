"""The WebSocket session against a foreign server (websockets) and against each fault of the exchange."""

from __future__ import annotations

import asyncio
import gc
import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

websockets = pytest.importorskip("websockets", reason="needs websockets")
pytest.importorskip("picows", reason="needs picows")

from lltool.trading.live.backoff import Backoff  # noqa: E402
from lltool.trading.live.session import MarketData, SessionSettings  # noqa: E402


class Watched(MarketData):
    """A session that notes what it is told."""

    def __init__(self, port: int, **settings: float) -> None:
        self.got: list[bytes] = []
        self.events: list[str] = []
        super().__init__(
            f"ws://127.0.0.1:{port}/ws",
            ["btcusdt@depth"],
            deliver=self.got.append,
            deliver_binary=self.got.append,
            on_connected=lambda: self.events.append("connected"),
            on_lost=lambda: self.events.append("lost"),
            settings=SessionSettings(**settings),
            backoff=Backoff(0.01, 0.05),
        )


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.005)


def with_server(
    run: Any, serve: Callable[[Any], Awaitable[None]], talk: Callable[[Any], Awaitable[Any]], **settings: Any
) -> Any:
    """``talk`` with a session whose server is made of websockets alone, each connection handled by ``serve``."""

    async def go() -> Any:
        async with websockets.serve(serve, "127.0.0.1", 0, ping_interval=None) as server:
            session = Watched(server.sockets[0].getsockname()[1], **settings)
            running = asyncio.ensure_future(session.run())
            try:
                return await talk(session)
            finally:
                session.stop()
                await running

    return run(go())


async def acknowledge(client: Any) -> dict[str, Any]:
    request: dict[str, Any] = json.loads(await client.recv())
    await client.send(json.dumps({"result": None, "id": request["id"]}))
    return request


def test_it_subscribes_and_delivers_what_comes_after_the_acknowledgement(run: Any) -> None:
    requests = []

    async def serve(client: Any) -> None:
        requests.append(await acknowledge(client))
        await client.send('{"e":"depthUpdate"}')
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.got == [b'{"e":"depthUpdate"}'])

    with_server(run, serve, talk)
    assert requests == [{"method": "SUBSCRIBE", "params": ["btcusdt@depth"], "id": 1}]


def test_a_refused_subscription_is_a_failed_connection(run: Any) -> None:
    async def serve(client: Any) -> None:
        await client.recv()
        await client.send('{"code":2,"msg":"Invalid request","id":1}')
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.counters.failures >= 2)
        assert session.events == []
        assert session.counters.refused_subscriptions >= 2

    with_server(run, serve, talk)


def test_a_subscription_that_is_not_acknowledged_in_time_is_one_too(run: Any) -> None:
    async def serve(client: Any) -> None:
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.counters.reasons.get("subscription not acknowledged", 0) >= 2)

    with_server(run, serve, talk, acknowledge_seconds=0.05)


def test_pings_are_answered_with_their_payload(run: Any) -> None:
    answered = asyncio.Event()

    async def serve(client: Any) -> None:
        await acknowledge(client)
        await asyncio.wait_for(await client.ping(b"1234"), 5)
        answered.set()
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(answered.is_set)

    with_server(run, serve, talk)


def test_a_lost_connection_is_told_of_and_made_again(run: Any) -> None:
    connections = []

    async def serve(client: Any) -> None:
        connections.append(client)
        await acknowledge(client)
        if len(connections) == 1:
            client.transport.abort()
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.events == ["connected", "lost", "connected"])

    with_server(run, serve, talk)


def test_a_frame_that_is_none_is_counted_with_the_reason_and_leaves_no_traceback(
    run: Any, caplog: pytest.LogCaptureFixture
) -> None:
    connections = []

    async def serve(client: Any) -> None:
        connections.append(client)
        await acknowledge(client)
        if len(connections) == 1:
            client.transport.write(b"\x81\x7f" + (5).to_bytes(8) + b"12345")
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.events == ["connected", "lost", "connected"])
        assert session.counters.reasons.keys() >= {"connection lost"}
        assert "payload length" in str(session.counters.reasons)

    with_server(run, serve, talk)
    gc.collect()
    assert "never retrieved" not in caplog.text


def test_what_a_delivery_raises_ends_the_session(run: Any) -> None:
    async def serve(client: Any) -> None:
        await acknowledge(client)
        await client.send("{}")
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        session.deliver = lambda _payload: 1 // 0
        await asyncio.sleep(5)

    with pytest.raises(ZeroDivisionError):
        with_server(run, serve, talk)


def test_a_planned_roll_has_the_new_connection_before_the_old_one_is_left(run: Any) -> None:
    open_at_once = []
    clients = set()

    async def serve(client: Any) -> None:
        clients.add(client)
        await acknowledge(client)
        open_at_once.append(len(clients))
        with suppress(websockets.ConnectionClosed):
            while True:
                await client.send(b'{"u":1}')
                await asyncio.sleep(0.005)
        clients.discard(client)

    async def talk(session: Watched) -> None:
        await until(lambda: session.counters.rolls >= 2)
        assert session.events == ["connected"]

    with_server(run, serve, talk, roll_seconds=0.2)
    assert open_at_once[:2] == [1, 2]


def test_an_announced_shutdown_is_left_before_it_happens(run: Any) -> None:
    served = []

    async def serve(client: Any) -> None:
        served.append(client)
        await acknowledge(client)
        if len(served) == 1:
            await client.send('{"e":"serverShutdown","E":1}')
        await client.wait_closed()

    async def talk(session: Watched) -> None:
        await until(lambda: session.counters.rolls == 1)
        assert (session.events, session.counters.shutdowns, session.got) == (["connected"], 1, [])

    with_server(run, serve, talk)


def test_pings_that_cease_have_the_connection_replaced(run: Any) -> None:
    async def serve(client: Any) -> None:
        await acknowledge(client)
        await client.ping()
        with suppress(websockets.ConnectionClosed):
            while True:
                await client.send(b'{"u":1}')
                await asyncio.sleep(0.02)

    async def talk(session: Watched) -> None:
        await until(lambda: session.counters.ping_silences >= 1 and session.counters.rolls >= 1)
        assert session.events == ["connected"]

    with_server(run, serve, talk, ping_silence_seconds=0.2)


def test_a_server_that_says_nothing_and_answers_no_ping_is_left(run: Any) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = next(
            line.split(b": ")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
        )
        accept = websockets.utils.accept_key(key.decode())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %b\r\n\r\n" % accept.encode()
        )
        await reader.read(100)
        writer.write(b'\x81\x16{"result":null,"id":1}')
        with suppress(ConnectionError):
            while await reader.read(1000):
                pass
        writer.close()

    async def go() -> list[str]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        session = Watched(server.sockets[0].getsockname()[1], idle_seconds=0.1, pong_seconds=0.1)
        running = asyncio.ensure_future(session.run())
        await until(lambda: session.events[:3] == ["connected", "lost", "connected"])
        session.stop()
        await running
        server.close()
        return session.events

    run(go())


def test_a_server_that_is_not_there_is_tried_again_with_delays(run: Any) -> None:
    async def go() -> int:
        session = Watched(1)
        running = asyncio.ensure_future(session.run())
        await until(lambda: session.counters.failures >= 4)
        session.stop()
        await running
        return session.backoff.attempts

    assert run(go()) >= 4


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate of localhost, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
        cwd=tmp_path, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return tmp_path / "certificate.pem"


@pytest.mark.parametrize("trusted", [True, False])
def test_over_tls_only_a_certificate_that_is_trusted_is_spoken_to(
    run: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.parent / "key.pem")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    async def serve(client: Any) -> None:
        await acknowledge(client)
        await client.wait_closed()

    async def go() -> list[str]:
        async with websockets.serve(serve, "127.0.0.1", 0, ssl=context) as server:
            session = Watched(server.sockets[0].getsockname()[1])
            session.url = session.url.replace("ws://127.0.0.1", "wss://localhost")
            running = asyncio.ensure_future(session.run())
            await until(lambda: session.connected or session.counters.failures >= 2)
            session.stop()
            await running
            return list(session.counters.reasons)

    assert run(go()) == ([] if trusted else ["SSLCertVerificationError"])


def test_many_streams_are_subscribed_in_messages_that_the_exchange_takes(exchanges: Any, run: Any) -> None:
    async def go() -> int:
        async with exchanges.opened([]) as exchange:
            session = Watched(exchange.ports.streams)
            session.streams = ["btcusdt@depth"] * 350
            running = asyncio.ensure_future(session.run())
            await until(lambda: session.connected)
            session.stop()
            await running
            return session.counters.failures

    assert run(go()) == 0

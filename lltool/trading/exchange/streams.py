"""Market data as Binance serves it: WebSocket streams with SUBSCRIBE, pings, limits, and REST depth, on one port."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
    ws_create_server,
)

from lltool.trading.exchange.market import Market, Published, monotonic_ns
from lltool.trading.sbe import encode
from lltool.trading.venues import VENUES

if TYPE_CHECKING:
    from lltool.trading.exchange.faults import Fault, FaultScript
    from lltool.trading.exchange.feed import Feed

MESSAGES_A_SECOND = 5
"""From a client; one that sends more is disconnected, as Binance does."""

STREAMS_A_CONNECTION = 1024
PONG_SECONDS = 60.0
SLOW_BYTES = 16 << 20
"""Unsent data of one client; it is disconnected before the exchange keeps the whole market for it."""

_BY_PATH = {venue.depth_path: venue for venue in VENUES.values()}


class Client(WSListener):
    """One WebSocket connection: what it is subscribed to, and whether it behaves."""

    def __init__(self, streams: Streams, names: list[str], *, combined: bool, binary: bool) -> None:
        self.streams = streams
        self.combined, self.binary = combined, binary
        self.subscribed: dict[str, str] = {_key(name): name for name in names}
        self.transport: Any = None
        self.pinged_at: float | None = None
        self._sent_at: deque[float] = deque(maxlen=MESSAGES_A_SECOND)

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self.streams.clients.add(self)
        if self.subscribed:
            self.streams.subscribed.set()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.streams.clients.discard(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(WSCloseCode.OK)
            transport.disconnect()
            return
        if self._is_too_fast():
            transport.send_close(WSCloseCode.POLICY_VIOLATION, b"too many messages")
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PING:
            if not self.streams.pings_are_silent:
                transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PONG:
            self.pinged_at = None
        elif frame.msg_type == WSMsgType.TEXT:
            transport.send(WSMsgType.TEXT, self._answer(frame.get_payload_as_bytes()))

    def _is_too_fast(self) -> bool:
        now = time.monotonic()
        full = len(self._sent_at) == MESSAGES_A_SECOND and now - self._sent_at[0] < 1.0
        self._sent_at.append(now)
        return full

    def _answer(self, text: bytes) -> bytes:
        try:
            request = json.loads(text)
            method, number = request["method"], request.get("id")
            names = [str(name) for name in request.get("params", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            return b'{"code":2,"msg":"Invalid request: not a JSON object with method, params and id"}'
        result: Any = None
        if method == "SUBSCRIBE":
            if len(self.subscribed) + len(names) > STREAMS_A_CONNECTION:
                return _error(3, f"more than {STREAMS_A_CONNECTION} streams", number)
            unknown = [name for name in names if not self.streams.serves(name)]
            if unknown:
                return _error(2, f"Invalid request: no such stream: {', '.join(unknown)}", number)
            self.subscribed |= {_key(name): name for name in names}
            self.streams.subscribed.set()
        elif method == "UNSUBSCRIBE":
            for name in names:
                self.subscribed.pop(_key(name), None)
        elif method == "LIST_SUBSCRIPTIONS":
            result = list(self.subscribed.values())
        else:
            return _error(2, f"Invalid request: unknown method {method}", number)
        return json.dumps({"result": result, "id": number}, separators=(",", ":")).encode()

    def is_open(self) -> bool:
        """Whether something can be sent; the end of a connection is told of later than it is known."""
        transport = self.transport
        return not (transport is None or transport.is_disconnected or transport.underlying_transport.is_closing())

    def wants(self, stream: str) -> bool:
        return stream in self.subscribed

    def framed(self, published: Published) -> bytes:
        """The message in the form of this connection: SBE, plain JSON, or with the stream's name."""
        if self.binary:
            return encode(published.event)
        if not self.combined:
            return published.message
        return b'{"stream":"%b","data":%b}' % (self.subscribed[published.stream].encode(), published.message)

    def send(self, published: Published) -> None:
        if not self.is_open():
            return
        if self.transport.underlying_transport.get_write_buffer_size() > SLOW_BYTES:
            self.streams.slow_clients += 1
            self.transport.disconnect(graceful=False)
            return
        self.transport.send(WSMsgType.BINARY if self.binary else WSMsgType.TEXT, self.framed(published))

    def send_half(self, published: Published) -> None:
        """Half a frame, and the end of the connection."""
        if not self.is_open():
            return
        message = self.framed(published)
        # RFC 6455, 5.2: the length takes the shortest of three forms; in another the frame would be refused at once.
        size = len(message)
        length = (
            bytes((size,))
            if size < 126
            else b"\x7e" + size.to_bytes(2)
            if size < 1 << 16
            else b"\x7f" + size.to_bytes(8)
        )
        self.transport.underlying_transport.write(
            bytes((0x82 if self.binary else 0x81,)) + length + message[: size // 2]
        )
        self.transport.underlying_transport.close()

    def close(self, code: WSCloseCode) -> None:
        if self.is_open():
            self.transport.send_close(code)
            self.transport.disconnect()


class Streams:
    """Publishes what the market says to those who subscribed, answers depth requests, and lets faults happen.

    What is published goes to ``feed`` too.

    ``ping_seconds`` is how often it pings; who does not answer within a minute is disconnected.
    """

    def __init__(self, market: Market, script: FaultScript, *, ping_seconds: float) -> None:
        self.market = market
        self.feed: Feed | None = None
        self.script = script
        self.ping_seconds = ping_seconds
        self.clients: set[Client] = set()
        self.subscribed = asyncio.Event()
        self.depth_events = 0
        self.snapshots = 0
        self.refused = 0
        self.slow_clients = 0
        self._held: Published | None = None
        self._silent_until = self._pings_silent_until = self._refusing_until = 0.0
        self._weights: deque[tuple[float, int]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> tuple[asyncio.Server, int]:
        """Listen; the server and its port."""
        server = await ws_create_server(self._listen, host, port, enable_auto_pong=False, max_frame_size=1 << 20)
        self._spawn(self._ping())
        return server, server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Close the connections and end what runs beside."""
        for client in list(self.clients):
            client.close(WSCloseCode.GOING_AWAY)
        for task in self._tasks:
            task.cancel()

    @property
    def pings_are_silent(self) -> bool:
        """A ping silence is going on."""
        return time.monotonic() < self._pings_silent_until

    def serves(self, name: str) -> bool:
        """Whether there is a stream of this name."""
        symbol, _, kind = name.partition("@")
        return symbol.upper() in self.market.instruments and kind.partition("@")[0] in {
            "depth", "trade", "bookTicker", "bestBidAsk",
        }  # fmt: skip

    # --- publishing ---------------------------------------------------------------------------------------------

    def publish(self, published: Published) -> None:
        """Send one message to its subscribers and the packed feed, after the faults that are due."""
        faults: list[Fault] = []
        if published.stream.endswith("@depth"):
            self.depth_events += 1
            faults = self.script.at_depth_event(self.depth_events)
        for fault in faults:
            self._begin(fault)
        if time.monotonic() < self._silent_until:
            return
        kinds: set[str] = {fault.kind for fault in faults}
        if self.feed is not None:
            self.feed.publish(published, kinds)
        if "reorder" in kinds:
            self._held = published
        elif "drop" not in kinds:
            self._send(published, kinds)

    def _send(self, published: Published, kinds: set[str]) -> None:
        held = self._held if self._held is not None and self._held.stream == published.stream else None
        for client in [client for client in self.clients if client.wants(published.stream)]:
            if "half-frame" in kinds:
                client.send_half(published)
                continue
            for message in (published, published if "duplicate" in kinds else None, held):
                if message is not None:
                    client.send(message)
        if held is not None:
            self._held = None

    def _begin(self, fault: Fault) -> None:
        now = time.monotonic()
        if fault.kind == "silence":
            self._silent_until = now + fault.seconds
        elif fault.kind == "ping-silence":
            self._pings_silent_until = now + fault.seconds
        elif fault.kind == "too-many-requests":
            self._refusing_until = now + fault.seconds
        elif fault.kind == "close":
            for client in list(self.clients):
                client.close(WSCloseCode.GOING_AWAY)
        elif fault.kind == "server-shutdown":
            notice = b'{"e":"serverShutdown","E":%d}' % (time.time_ns() // 1_000_000)
            for client in self.clients:
                if client.is_open():
                    client.transport.send(WSMsgType.TEXT, notice)
            self._spawn(self._close_later(list(self.clients), fault.seconds))

    async def _close_later(self, leaving: list[Client], seconds: float) -> None:
        await asyncio.sleep(seconds)
        for client in leaving:
            client.close(WSCloseCode.SERVICE_RESTART)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(self.ping_seconds)
            if self.pings_are_silent:
                continue
            now = time.monotonic()
            for client in list(self.clients):
                if not client.is_open():
                    continue
                if client.pinged_at is not None and now - client.pinged_at > PONG_SECONDS:
                    client.close(WSCloseCode.POLICY_VIOLATION)
                    continue
                client.pinged_at = client.pinged_at or now
                client.transport.send_ping(b"%d" % (time.time_ns() // 1_000_000))

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- answering ----------------------------------------------------------------------------------------------

    def _listen(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener | None:
        target = urlsplit(request.path.decode())
        query = parse_qs(target.query)
        binary = target.path.startswith("/sbe/")
        path = target.path.removeprefix("/sbe")
        if path == "/stream":
            names = query.get("streams", [""])[0].split("/")
            return self._client([name for name in names if name], combined=True, binary=binary)
        if path == "/ws" or path.startswith("/ws/"):
            names = path[len("/ws/") :].split("/")
            return self._client([name for name in names if name], combined=False, binary=binary)
        if path in _BY_PATH:
            return WSUpgradeResponseWithListener(self._depth(query, path), None)
        if path in {"/api/v3/ping", "/fapi/v1/ping", "/dapi/v1/ping"}:
            return WSUpgradeResponseWithListener(_json(HTTPStatus.OK, b"{}"), None)
        if path in {"/api/v3/time", "/fapi/v1/time", "/dapi/v1/time"}:
            answer = b'{"serverTime":%d}' % (time.time_ns() // 1_000_000)
            return WSUpgradeResponseWithListener(_json(HTTPStatus.OK, answer), None)
        return None

    def _client(self, names: list[str], *, combined: bool, binary: bool) -> WSListener | WSUpgradeResponseWithListener:
        unknown = [name for name in names if not self.serves(name)]
        if unknown:
            answer = _error(2, f"no such stream: {', '.join(unknown)}", None)
            return WSUpgradeResponseWithListener(_json(HTTPStatus.BAD_REQUEST, answer), None)
        return Client(self, names, combined=combined, binary=binary)

    def _depth(self, query: dict[str, list[str]], path: str) -> WSUpgradeResponse:
        self.snapshots += 1
        venue = _BY_PATH[path]
        symbol, limit = query.get("symbol", [""])[0], query.get("limit", ["100"])[0]
        left = self._refusing_until - time.monotonic()
        weight = next((weight for most, weight in venue.weights if limit.isdigit() and int(limit) <= most), 0)
        if self._used_weight() + weight > venue.weight_a_minute:
            left = max(left, self._weights[0][0] + 60.0 - time.monotonic())
        if left > 0:
            self.refused += 1
            answer = _error(-1003, "Too many requests; please use the websocket for live updates.", None)
            return _json(HTTPStatus.TOO_MANY_REQUESTS, answer, {"Retry-After": str(max(1, round(left + 0.5)))})
        if symbol not in self.market.instruments:
            return _json(HTTPStatus.BAD_REQUEST, _error(-1121, "Invalid symbol.", None))
        if not (limit.isdigit() and 1 <= int(limit) <= venue.largest_snapshot):
            return _json(HTTPStatus.BAD_REQUEST, _error(-1100, "Illegal parameter limit.", None))
        instrument = self.market.instruments[symbol]
        instrument.paper.advance(monotonic_ns())
        found = self.market.snapshot(symbol, int(limit), path)
        if found is None:
            return _json(HTTPStatus.SERVICE_UNAVAILABLE, _error(-1001, "The book is not there yet.", None))
        self._weights.append((time.monotonic(), weight))
        return _json(HTTPStatus.OK, found, {"X-MBX-USED-WEIGHT-1M": str(self._used_weight())})

    def _used_weight(self) -> int:
        while self._weights and time.monotonic() - self._weights[0][0] >= 60.0:
            self._weights.popleft()
        return sum(weight for _, weight in self._weights)


def _key(name: str) -> str:
    """A stream without its update speed, by JSON's name: ``btcusdt@depth@100ms`` is ``btcusdt@depth``."""
    return "@".join(name.split("@")[:2]).replace("@bestBidAsk", "@bookTicker")


def _error(code: int, text: str, number: object) -> bytes:
    document: dict[str, Any] = {"code": code, "msg": text}
    if number is not None:
        document["id"] = number
    return json.dumps(document, separators=(",", ":")).encode()


def _json(status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> WSUpgradeResponse:
    extra = {"Content-Type": "application/json", **(headers or {})}
    if status == HTTPStatus.OK:
        response: WSUpgradeResponse = WSUpgradeResponse.create_ok_response(body, extra)
    else:
        response = WSUpgradeResponse.create_error_response(status, body, extra)
    return response

"""WebSocket market data: connect, subscribe, stay alive, and change the connection without missing a message.

The next connection is made before the old one is left wherever that is possible (planned roll before the exchange's
24 hours, serverShutdown, silent pings): both deliver for a moment, and update ids tell what was seen. A connection that
broke is replaced after the back-off.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from lltool.trading.live.backoff import Backoff
from lltool.trading.live.limits import Budget

ATTEMPTS = 300
ATTEMPTS_WINDOW_SECONDS = 300.0
"""Connection attempts that Binance takes from one address."""

STREAMS_A_MESSAGE = 100
MESSAGES_A_SECOND = 5
"""A client may send so many, pongs included: subscriptions keep one second's share below it."""

_SHUTDOWN = b'"serverShutdown"'
_ANSWERS = (b'{"result"', b'{"id"', b'{"code"', b'{"error"')
"""How the exchange's answers to a request begin; no stream message does."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How a session behaves; times in seconds."""

    roll_seconds: float = 23 * 3600.0
    idle_seconds: float = 10.0
    pong_seconds: float = 10.0
    ping_silence_seconds: float = 70.0
    acknowledge_seconds: float = 5.0
    api_key: str | None = None


@dataclass(slots=True)
class SessionCounters:
    """What happened to the connections."""

    connections: int = 0
    failures: int = 0
    rolls: int = 0
    shutdowns: int = 0
    ping_silences: int = 0
    refused_subscriptions: int = 0
    messages: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


class _Connection(WSListener):
    """One connection of a session."""

    def __init__(self, session: MarketData) -> None:
        self.session = session
        self.transport: WSTransport | None = None
        self.opened_at = time.monotonic()
        self.pinged_at: float | None = None
        self.wanted: set[int] = set()
        self.acknowledged = asyncio.get_running_loop().create_future()
        self.ended = False
        self.over = asyncio.Event()
        """It has ended, or will soon."""
        self.leaving = False
        self.refusal = ""

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.ended = True
        self.over.set()
        if not self.acknowledged.done():
            self.acknowledged.set_result(False)
        self.session.on_disconnected(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            payload = frame.get_payload_as_bytes()
            if payload.startswith(_ANSWERS):
                self._answer(payload)
            elif _SHUTDOWN in payload[:64]:
                self.session.on_shutdown(self)
            else:
                self.session.counters.messages += 1
                self.session.deliver(payload)
        elif frame.msg_type == WSMsgType.BINARY:
            self.session.counters.messages += 1
            self.session.deliver_binary(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.PING:
            self.pinged_at = time.monotonic()
            transport.send_pong(frame.get_payload_as_bytes())
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close()
            transport.disconnect()

    def _answer(self, payload: bytes) -> None:
        answer = json.loads(payload)
        number = answer.get("id")
        if "result" in answer and answer["result"] is None and number in self.wanted:
            self.wanted.discard(number)
            if not self.wanted and not self.acknowledged.done():
                self.acknowledged.set_result(True)
        elif "code" in answer or "error" in answer:
            self.session.counters.refused_subscriptions += 1
            self.refusal = payload.decode(errors="replace")
            if not self.acknowledged.done():
                self.acknowledged.set_result(False)

    async def subscribe(self, streams: list[str]) -> None:
        if self.transport is None:
            return
        for number, first in enumerate(range(0, len(streams), STREAMS_A_MESSAGE), start=1):
            if number % MESSAGES_A_SECOND == 0:
                await asyncio.sleep(1.0)
            self.wanted.add(number)
            request = {"method": "SUBSCRIBE", "params": streams[first : first + STREAMS_A_MESSAGE], "id": number}
            self.transport.send(WSMsgType.TEXT, json.dumps(request, separators=(",", ":")).encode())

    def close(self) -> None:
        self.leaving = True
        self.over.set()  # also where the peer does not read, and the end is told of late
        if self.transport is not None and not self.transport.is_disconnected:
            self.transport.send_close()
            self.transport.disconnect()


class MarketData:
    """A session with ``url`` that delivers each stream message of ``streams``, on the event loop.

    Text goes to ``deliver``, binary messages to ``deliver_binary``.

    ``on_connected`` is called when a new connection's subscription is acknowledged and there was none before,
    ``on_lost`` when the only one broke: what comes next may have gaps. Run :meth:`run`, which raises what a delivery
    raised; end it with :meth:`stop`.
    """

    def __init__(
        self,
        url: str,
        streams: list[str],
        *,
        deliver: Callable[[bytes], None],
        deliver_binary: Callable[[bytes], None],
        on_connected: Callable[[], None],
        on_lost: Callable[[], None],
        settings: SessionSettings,
        backoff: Backoff | None = None,
    ) -> None:
        self.url, self.streams = url, streams
        self.deliver, self.deliver_binary = deliver, deliver_binary
        self.settings = settings
        self.backoff = backoff or Backoff()
        self.counters = SessionCounters()
        self.budget = Budget(ATTEMPTS, ATTEMPTS_WINDOW_SECONDS)
        self.last_failure: str | None = None
        self._on_connected, self._on_lost = on_connected, on_lost
        self._current: _Connection | None = None
        self._stopped = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether there is an acknowledged connection."""
        return self._current is not None

    async def run(self) -> None:
        """Keep a connection until :meth:`stop`."""
        while not self._stopped.is_set():
            fresh = await self._connect()
            if fresh is None:
                continue
            old, self._current = self._current, fresh
            if old is None:
                self._on_connected()
            else:
                self.counters.rolls += 1
                old.close()
            await self._until_the_next_is_wanted(fresh)
            await self._learn_why(fresh)

    async def _connect(self) -> _Connection | None:
        await self._pause(max(self.backoff.next_delay(), self.budget.wait_seconds()))
        if self._stopped.is_set():
            return None
        self.budget.spend()
        try:
            _, connection = await ws_connect(
                lambda: _Connection(self),
                self.url,
                ssl_context=ssl.create_default_context() if self.url.startswith("wss:") else None,
                enable_auto_ping=True,
                auto_ping_idle_timeout=self.settings.idle_seconds,
                auto_ping_reply_timeout=self.settings.pong_seconds,
                enable_auto_pong=False,
                extra_headers=None if self.settings.api_key is None else {"X-MBX-APIKEY": self.settings.api_key},
            )
        except (OSError, WSError, TimeoutError) as error:
            self._failed(type(error).__name__, str(error))
            return None
        connection = cast("_Connection", connection)
        await connection.subscribe(self.streams)
        try:
            acknowledged = await asyncio.wait_for(connection.acknowledged, self.settings.acknowledge_seconds)
        except TimeoutError:
            acknowledged = False
        if not acknowledged or self._stopped.is_set():
            connection.close()
            self._failed("subscription not acknowledged", connection.refusal)
            await self._learn_why(connection)
            return None
        self.counters.connections += 1
        self.last_failure = None
        return connection

    async def _learn_why(self, connection: _Connection) -> None:
        """Of one that has ended: what the peer did wrong is counted; whatever a delivery raised is raised here."""
        if connection.ended and connection.transport is not None:
            try:
                await connection.transport.wait_disconnected()
            except WSError as error:
                self._count_reason(str(error))

    def _failed(self, reason: str, detail: str = "") -> None:
        self.counters.failures += 1
        self.last_failure = f"{reason}: {detail}" if detail else reason
        self._count_reason(reason)

    def _count_reason(self, reason: str) -> None:
        self.counters.reasons[reason] = self.counters.reasons.get(reason, 0) + 1

    async def _pause(self, seconds: float) -> None:
        """Sleep, unless the session is stopped meanwhile."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    async def _until_the_next_is_wanted(self, connection: _Connection) -> None:
        """Until this connection ends, has served its time, or looks about to end."""
        settings = self.settings
        while not connection.over.is_set():
            now = time.monotonic()
            age_left = connection.opened_at + settings.roll_seconds - now
            pinged_at = now if connection.pinged_at is None else connection.pinged_at
            silence_left = pinged_at + settings.ping_silence_seconds - now
            self.counters.ping_silences += silence_left <= 0 < age_left
            if min(age_left, silence_left) <= 0:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.over.wait(), min(age_left, silence_left))
        if not connection.ended and not self._stopped.is_set():
            self.backoff.attempts = 0  # it is left, not lost: the next one is made at once

    def on_shutdown(self, connection: _Connection) -> None:
        """The exchange announced that it will close: go now, before it does."""
        self.counters.shutdowns += 1
        connection.over.set()

    def on_disconnected(self, connection: _Connection) -> None:
        """A connection is gone."""
        if connection is self._current:
            self._current = None
            if not connection.leaving:
                self._failed("connection lost")
                self._on_lost()

    def stop(self) -> None:
        """Close the connection and let :meth:`run` end."""
        self._stopped.set()
        if self._current is not None:
            self._current.close()

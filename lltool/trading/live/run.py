"""The trading system on live data: start, watch, degrade, shut down. Orders are on paper.

Messages go from the WebSocket callback straight into the kernel. Everything else happens a few times a second beside
it, in :meth:`TradingRun._look`: silence, snapshots, orders without an answer, the kill switch, statistics.
"""

from __future__ import annotations

import asyncio
import errno
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lltool.errors import from_os_error
from lltool.trading.live.backoff import Backoff
from lltool.trading.live.counters import streams_counters
from lltool.trading.live.gateway import Gateway, PaperGateway
from lltool.trading.live.latencies import CALIBRATION_SECONDS, Latencies
from lltool.trading.live.lifecycle import LOOK_SECONDS, Run, monotonic_ns
from lltool.trading.live.report import streams_report
from lltool.trading.live.session import MarketData, SessionSettings
from lltool.trading.live.snapshots import ATTEMPTS_BEFORE_INVALID, SnapshotFailed, Snapshots
from lltool.trading.venues import VENUES

if TYPE_CHECKING:
    from lltool.kernels.desk import Desk, Floor, Outcome
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.kernels.log_ring import LogRing
    from lltool.trading.configuration import Configuration, Live

MAX_DESKS = 64
_SEND = 1
"""``kernels.desk.Outcome.SEND``, which is asked for at every message."""

SNAPSHOT_BACKOFF = (0.25, 3.0)
_NS_PER_MS = 1_000_000


@dataclass(slots=True)
class _Symbol:
    """What is kept of a desk beside the kernel."""

    number: int
    desk: Desk
    backoff: Backoff = field(default_factory=lambda: Backoff(*SNAPSHOT_BACKOFF))
    fetching: asyncio.Task[None] | None = None
    failures: int = 0
    live_since_ns: int | None = None
    warned: bool = False


class TradingRun(Run):
    """A run on an exchange's streams: books by snapshot and updates, all on one thread."""

    def __init__(self, configuration: Configuration, **of_every_run: Any) -> None:
        from lltool.kernels.clock import calibrate

        super().__init__(configuration, **of_every_run)
        # Desk n has epoch + n; a start a second later has others, and ids stay below 2^63, as FIX writes them.
        epoch = int(time.time()) * MAX_DESKS & 0x7FFFFFFF
        self.floor: Floor = _floor(configuration, self.kill, self.log, epoch)
        self.breaker = self.floor.desks[0].breaker
        self.latencies = Latencies(self.floor.spans, calibrate(CALIBRATION_SECONDS)[0])
        self.symbols = [_Symbol(number, desk) for number, desk in enumerate(self.floor.desks)]
        self.gateway = _gateway(configuration, self.floor.desks, epoch)
        live = configuration.live
        self.snapshots = Snapshots(live.rest_url, VENUES[configuration.market.venue], live.snapshot_limit)
        self.market_data = MarketData(
            live.stream_url,
            [f"{symbol.lower()}@{stream}" for symbol in configuration.market.symbols for stream in _streams(live)],
            deliver=self._on_payload,
            deliver_binary=self._on_binary,
            on_connected=self._on_connected,
            on_lost=self._on_lost,
            settings=SessionSettings(
                roll_seconds=live.roll_s,
                ping_silence_seconds=live.ping_silence_ms / 1000,
                api_key=_api_key(live.api_key_file),
            ),
        )
        self._told_failure: str | None = None
        self._asked: dict[tuple[int, int], int] = {}

    # --- from start to end ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Trade until a signal, the kill switch, or ``seconds`` have passed; then cancel everything and stop."""
        session = asyncio.ensure_future(self.market_data.run())
        await self.gateway.start()
        try:
            while not self._is_over():
                if session.done():
                    session.result()
                self._look(monotonic_ns())
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._shut_down(session)

    async def _shut_down(self, session: asyncio.Future[None]) -> None:
        """No new order, cancel all, wait for the answers, close, and write down the rest of the log."""
        self._stop_orders(monotonic_ns())
        # Orders leave on this thread only, so none is on its way now.
        await self._cancel_everything()
        self.market_data.stop()
        await self.gateway.stop()
        for symbol in self.symbols:
            if symbol.fetching is not None:
                symbol.fetching.cancel()
        await asyncio.gather(session, return_exceptions=True)
        self._drain_log()
        self._publish_counters(monotonic_ns())
        self._tell_unconfirmed()

    async def _cancel_everything(self) -> None:
        """Own orders first, then whatever the account has; repeated until all have ended or the time is up."""
        deadline = time.monotonic() + self.configuration.kill.confirm_ms / 1000
        while time.monotonic() < deadline:
            now_ns = monotonic_ns()
            live = [(symbol.desk, order) for symbol in self.symbols for order in symbol.desk.router.live_orders()]
            if not live and self.gateway.connected:
                break
            for desk, order in live:
                self._cancel_or_ask(desk, order, now_ns)
            self.gateway.cancel_all(now_ns)
            await self._wait_for_answers(0.2)
        self.unconfirmed = sum(symbol.desk.router.counters()["live"] for symbol in self.symbols)

    async def _wait_for_answers(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and any(s.desk.router.counters()["live"] for s in self.symbols):
            await asyncio.sleep(0.005)
            for symbol in self.symbols:
                symbol.desk.look(monotonic_ns())

    def _cancel_or_ask(self, desk: Desk, order: Any, now_ns: int) -> None:
        from lltool.kernels.router import OrderEvent, OrderState

        if order.state is OrderState.UNKNOWN:
            self.gateway.query(desk, order.id, now_ns)
        else:
            desk.on(order.id, OrderEvent.CANCEL_SENT, now_ns)
        self.gateway.cancel(desk, order.id, now_ns)

    def take_limits(self, configuration: Configuration) -> bool:
        """Take the limits of ``configuration`` when each change tightens one; else none, and it is told why."""
        return self._tighten(configuration, [symbol.desk.router for symbol in self.symbols])

    # --- market data ----------------------------------------------------------------------------------------------

    def _on_payload(self, payload: bytes) -> None:
        now_ns = monotonic_ns()
        self._follow_up(self.floor.take(payload, now_ns), now_ns)

    def _on_binary(self, payload: bytes) -> None:
        now_ns = monotonic_ns()
        self._follow_up(self.floor.take_sbe(payload, now_ns), now_ns)

    def _follow_up(self, taken: tuple[Desk, Outcome], now_ns: int) -> None:
        if taken[1] == _SEND:
            self.gateway.send(taken[0], now_ns)

    def _on_connected(self) -> None:
        for symbol in self.symbols:
            symbol.desk.connect(monotonic_ns())

    def _on_lost(self) -> None:
        for symbol in self.symbols:
            symbol.desk.disconnect(monotonic_ns())
        self.tell("market data lost: trading stops until the books are rebuilt")

    async def _fetch(self, symbol: _Symbol) -> None:
        """A snapshot for a book that wants one."""
        sync = symbol.desk.sync
        sync.requested(monotonic_ns())
        try:
            answer = await self.snapshots.fetch(symbol.desk.symbol, symbol.backoff)
        except SnapshotFailed as failure:
            symbol.failures += 1
            if symbol.failures == ATTEMPTS_BEFORE_INVALID:
                self.tell(f"{symbol.desk.symbol}: no snapshot after {symbol.failures} attempts: {failure}")
            sync.requested(monotonic_ns(), failed=True)
            return
        now_ns = monotonic_ns()
        # What was kept behind the snapshot may have made the book live: an order may come of it as of any message.
        self._follow_up(self.floor.take(answer, now_ns, symbol.number), now_ns)
        symbol.failures = 0

    # --- a few times a second -------------------------------------------------------------------------------------

    def _look(self, now_ns: int) -> None:
        kill = self.configuration.kill
        for symbol in self.symbols:
            symbol.desk.look(now_ns)
            symbol.desk.router.restricted = (
                not self.gateway.connected or symbol.desk.symbol in self.configuration.risk.restricted
            )
            self._look_at_book(symbol, now_ns)
            self._look_at_orders(symbol.desk, now_ns)
            symbol.desk.router.watch(now_ns, kill.stale_ms * _NS_PER_MS, kill.supervisor_ms * _NS_PER_MS)
        self._look_at_breaker(now_ns)
        self._look_at_session()
        self._tell_when_due(now_ns)

    def _look_at_book(self, symbol: _Symbol, now_ns: int) -> None:
        from lltool.kernels.sync import State

        sync = symbol.desk.sync
        if sync.state is State.STALE:
            # A stream that is silent though connected is not waited for: the book is built anew.
            symbol.desk.invalidate(now_ns)
            self.tell(f"{symbol.desk.symbol}: no market data for {self.configuration.live.stale_stop_ms} ms: resync")
        if sync.state is State.LIVE:
            symbol.live_since_ns = symbol.live_since_ns or now_ns
            seconds = (now_ns - symbol.live_since_ns) / 1e9
            symbol.backoff.live_for(seconds)
            self.market_data.backoff.live_for(seconds)
            self._warn_of_silence(symbol, now_ns)
            return
        symbol.live_since_ns = None
        if sync.wants_snapshot and (symbol.fetching is None or symbol.fetching.done()):
            symbol.fetching = asyncio.ensure_future(self._fetch(symbol))

    def _warn_of_silence(self, symbol: _Symbol, now_ns: int) -> None:
        silent_ns = symbol.desk.silent_ns(now_ns)
        late = silent_ns > self.configuration.live.stale_warning_ms * _NS_PER_MS
        if late and not symbol.warned:
            self.tell(f"{symbol.desk.symbol}: no market data for {silent_ns // _NS_PER_MS} ms")
        symbol.warned = late

    def _look_at_orders(self, desk: Desk, now_ns: int) -> None:
        """Orders without an answer become unknown and are asked about; old ones are cancelled."""
        from lltool.kernels.router import OrderEvent

        limit_ns = self.configuration.live.answer_ms * _NS_PER_MS
        for order in desk.router.overdue(now_ns, limit_ns):
            desk.on(order.id, OrderEvent.LOST, now_ns)
            self.gateway.query(desk, order.id, now_ns)
        if self.gateway.connected:
            for order in desk.router.resting(now_ns, self.configuration.strategy.order_life_ms * _NS_PER_MS):
                desk.on(order.id, OrderEvent.CANCEL_SENT, now_ns)
                self.gateway.cancel(desk, order.id, now_ns)

    def _look_at_session(self) -> None:
        """A connection that cannot be had is told of once, until there is one or the reason is another."""
        failure = self.market_data.last_failure
        if failure not in {None, self._told_failure}:
            self.tell(f"no market data from {self.market_data.url}: {failure}; it is tried again")
        self._told_failure = failure

    # --- what is told ---------------------------------------------------------------------------------------------

    def totals(self) -> dict[str, int]:
        desks = self.floor.desks
        return {
            "ticks": sum(desk.counters()["ticks"] for desk in desks),
            "orders": sum(desk.router.counters()["orders"] for desk in desks),
            "fills": sum(desk.router.account.fills for desk in desks),
        }

    def report(self) -> dict[str, Any]:
        return streams_report(self)

    def counters(self, now_ns: int) -> dict[str, Any]:
        return streams_counters(self, now_ns)


def _floor(configuration: Configuration, kill: KillSwitch, log: LogRing, epoch: int) -> Floor:
    from lltool.kernels.binance_json import FUTURES, SPOT
    from lltool.trading.floor import new_floor

    market = FUTURES if VENUES[configuration.market.venue].is_futures else SPOT
    return new_floor(
        configuration,
        [(symbol, market) for symbol in configuration.market.symbols],
        kill=kill,
        log=log,
        epoch=epoch,
        paper=configuration.live.order_entry == "paper",
    )


def _streams(live: Live) -> tuple[str, str, str]:
    return ("depth", "trade", "bestBidAsk") if live.encoding == "sbe" else (live.depth_stream, "trade", "bookTicker")


def _api_key(path: str) -> str | None:
    """The key in the file at ``path``; None without a path. Raises LltoolError."""
    if not path:
        return None
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = error if isinstance(error, OSError) else OSError(errno.EINVAL, "it holds no API key")
        raise from_os_error(f"{path} (live.api_key_file) cannot be read", cause) from error


def _gateway(configuration: Configuration, desks: list[Desk], epoch: int) -> Gateway:
    if configuration.live.order_entry == "paper":
        return PaperGateway(desks)
    from lltool.trading.live.fix_gateway import FixGateway

    return FixGateway(desks, configuration.live.fix_port, b"LLTOOL", epoch)

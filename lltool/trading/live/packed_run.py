"""The trading system on the packed feed: a pipeline on one, two or three cores, orders at the simulated exchange.

Hot threads run the kernel's pipeline (:mod:`.packed_stages`); this one looks after the rest a few times a second, and
reads what they count through a seqlock. What only their owner may touch (limits, books, lost orders) waits until they
have stopped, which loses nothing: they go on where they were.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from lltool.root import Root
from lltool.trading.live.latencies import CALIBRATION_SECONDS, Latencies
from lltool.trading.live.lifecycle import LOOK_SECONDS, Run, monotonic_ns
from lltool.trading.live.packed_ends import Ends
from lltool.trading.live.packed_report import counters_of_pipeline, report_of_pipeline
from lltool.trading.live.packed_stages import THREADS, Stages
from lltool.trading.placement import cores_of, keep_off

if TYPE_CHECKING:
    from lltool.kernels.histogram import LatencyHistogram
    from lltool.kernels.router import Router
    from lltool.kernels.trading_pipeline import TradingPipeline
    from lltool.trading.configuration import Configuration

TEND_NS = 1_000_000
"""How often the thread that trades looks after its orders, the market's silence and its supervisor."""

REPEAT_NS = 200_000_000
"""Without an answer a cancel, or a question, is sent again after that time while the run is stopping."""

_NS_PER_MS = 1_000_000
_CONNECTING_SECONDS = 0.25


class PackedRun(Run):
    """A run on the packed feed."""

    def __init__(self, configuration: Configuration, **of_every_run: Any) -> None:
        from lltool.kernels.clock import calibrate
        from lltool.kernels.pipeline import SPANS

        super().__init__(configuration, **of_every_run)
        self.cores = cores_of(configuration, Root(), THREADS[configuration.pipeline.layout])
        keep_off(self.cores)
        self.owner = int(time.time()) << 6 & 0x7FFFFFFF
        self.pipeline, self.routers, self.breaker = _pipeline(configuration, self.kill, self.log, self.owner)
        self.ends = Ends(configuration.packed, self.pipeline, self.owner, self.tell)
        self.spans: dict[str, LatencyHistogram] = _histograms(SPANS)
        self.latencies = Latencies(self.spans, calibrate(CALIBRATION_SECONDS)[0])
        self.resyncs = 0
        self._handed: dict[str, LatencyHistogram] | None = None
        self._wanted: list[Configuration] = []
        self._stages: Stages | None = None

    # --- from start to end ----------------------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            while not self._is_over():
                if await self._connect():
                    await self._fly()
                self._look(monotonic_ns())
        finally:
            await self._shut_down()

    async def _connect(self) -> bool:
        """Both connections; the books are told anew by a market that was connected anew."""
        opening = asyncio.ensure_future(self._open_both())
        while not opening.done() and not self._is_over():
            await asyncio.wait({opening}, timeout=LOOK_SECONDS)
            self._look(monotonic_ns())
        if not opening.done():
            opening.cancel()
        return bool((await asyncio.gather(opening, return_exceptions=True))[0] is True)

    async def _open_both(self) -> bool:
        return await self.ends.open_orders() and await self.ends.open_feed()

    async def _fly(self) -> None:
        """Let the threads go until they stop, or have to be stopped."""
        from lltool.kernels.shutdown import ShutdownToken

        token = ShutdownToken()
        stages = Stages(self.pipeline, self.configuration.pipeline.layout, self.cores, token)
        since = time.monotonic()
        stages.start()
        self._stages = stages
        while stages.are_running:
            await asyncio.sleep(LOOK_SECONDS)
            self._look(monotonic_ns())
            if self._is_over() or self._wanted or self.pipeline.orders_failed or self._is_invalid():
                token.request()
        self._stages = None
        for end in (self.ends.feed, self.ends.orders):
            end.backoff.live_for(time.monotonic() - since)
        self._land(stages, stopped=token.requested)

    def _land(self, stages: Stages, *, stopped: bool) -> None:
        """The threads have stopped: put right what made them."""
        reason = "; ".join(str(failure) for failure in stages.failures) or "the market has ended"
        if self.pipeline.orders_failed:
            self.pipeline.lose_orders(monotonic_ns())
            self.ends.close_orders(reason)
            self.tell(f"order entry lost ({reason}): orders without an answer are unknown until they are asked about")
        elif not stopped or stages.failures or self._is_invalid():
            self.resyncs += 1
            self.pipeline.forget_books()
            self.ends.close_feed("a book stays crossed" if stopped and not stages.failures else reason)
            self.tell(f"market data lost ({reason}): trading stops until the books are told anew")
        for configuration in self._wanted:
            self._tighten(configuration, self.routers)
        self._wanted.clear()
        self.pipeline.publish()

    def _is_invalid(self) -> bool:
        from lltool.kernels.sync import State

        return any(status["state"] is State.INVALID for status in self.statuses())

    async def _shut_down(self) -> None:
        """No new order, cancel all, wait for the answers, close, and write down the rest of the log."""
        now_ns = monotonic_ns()
        self._stop_orders(now_ns)
        deadline = time.monotonic() + self.configuration.kill.confirm_ms / 1000
        while time.monotonic() < deadline and (self.ends.orders.open is None or self._live() != 0):
            if await self._open_orders_until(deadline):
                self._cancel(monotonic_ns())
            await asyncio.sleep(0.005)
            self.pipeline.publish()
        self.unconfirmed = self._live()
        self.ends.close()
        self._take_spans()
        self._drain_log()
        self._publish_counters(monotonic_ns())
        self._tell_unconfirmed()

    async def _open_orders_until(self, deadline: float) -> bool:
        try:
            return await asyncio.wait_for(self.ends.open_orders(), max(deadline - time.monotonic(), 0.0))
        except TimeoutError:
            return False

    def _cancel(self, now_ns: int) -> None:
        try:
            self.pipeline.cancel_all(now_ns, REPEAT_NS)
            self.pipeline.look_around(now_ns)
        except OSError as failure:
            self.pipeline.lose_orders(now_ns)
            self.ends.close_orders(str(failure))

    def _live(self) -> int:
        return sum(status["orders"]["live"] for status in self.statuses())

    def take_limits(self, configuration: Configuration) -> bool:
        """They are taken between two flights of the threads, which own the limits: at once, and it is told then."""
        self._wanted.append(configuration)
        return True

    # --- a few times a second -------------------------------------------------------------------------------------

    def _look(self, now_ns: int) -> None:
        if self._stages is None and self.ends.orders.open is not None:
            self._look_around(now_ns)
        self._look_at_breaker(now_ns)
        self._tell_when_due(now_ns)

    def _look_around(self, now_ns: int) -> None:
        """What the thread that trades does beside the ticks, while there is none."""
        try:
            self.pipeline.look_around(now_ns)
        except OSError as failure:
            self.pipeline.lose_orders(now_ns)
            self.ends.close_orders(str(failure))

    def _tell_when_due(self, now_ns: int) -> None:
        self._take_spans()
        super()._tell_when_due(now_ns)

    def _take_spans(self) -> None:
        """Add what was measured since the last look to the present window, from the set that nobody records into."""
        if self._stages is None:
            self.pipeline.follow_spans()
        if self._handed is not None and self.pipeline.are_turned:
            for name, histogram in self._handed.items():
                self.spans[name].add(histogram)
                histogram.reset()
            self._handed = None
        if self._handed is None:
            self._handed = self.pipeline.turn_spans()

    # --- what is told ---------------------------------------------------------------------------------------------

    def statuses(self) -> list[dict[str, Any]]:
        """What is counted of each symbol, in their order."""
        return [self.pipeline.status(number) for number in range(1, len(self.routers) + 1)]

    def totals(self) -> dict[str, int]:
        found = self.statuses()
        return {
            "ticks": sum(status["quotes"] + status["trades"] for status in found),
            "orders": sum(status["orders"]["orders"] for status in found),
            "fills": sum(status["account"].fills for status in found),
        }

    def report(self) -> dict[str, Any]:
        return report_of_pipeline(self)

    def counters(self, now_ns: int) -> dict[str, Any]:
        return counters_of_pipeline(self, now_ns)


def _histograms(names: tuple[str, ...]) -> dict[str, LatencyHistogram]:
    from lltool.kernels.histogram import LatencyHistogram

    return {name: LatencyHistogram() for name in names}


def _pipeline(
    configuration: Configuration, kill: Any, log: Any, epoch: int
) -> tuple[TradingPipeline, list[Router], Any]:
    from lltool.kernels.trading_pipeline import TradingPipeline
    from lltool.trading.floor import new_breaker, new_router
    from lltool.trading.strategies import new_strategy

    breaker = new_breaker(configuration)
    routers = [
        new_router(configuration, kill, epoch + number, symbol)
        for number, symbol in enumerate(configuration.market.symbols)
    ]
    kill_limits, live = configuration.kill, configuration.live
    pipeline = TradingPipeline(
        routers,
        new_strategy(configuration),
        breaker=breaker,
        log=log,
        every_ns=TEND_NS,
        stale_ns=live.stale_stop_ms * _NS_PER_MS,
        kill_stale_ns=kill_limits.stale_ms * _NS_PER_MS,
        supervisor_ns=kill_limits.supervisor_ms * _NS_PER_MS,
        answer_ns=live.answer_ms * _NS_PER_MS,
        life_ns=configuration.strategy.order_life_ms * _NS_PER_MS,
        maker_rate=configuration.paper.maker_fee,
        taker_rate=configuration.paper.taker_fee,
    )
    return pipeline, routers, breaker

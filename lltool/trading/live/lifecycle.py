"""What every run has: when it is over and why, its log, the circuit breaker, statistics and counters.

A run trades in a way of its own (:mod:`.run` on an exchange's streams, :mod:`.packed_run` on the packed feed); its
supervisor, its report and its counters see this side.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lltool.trading.live import tightening

if TYPE_CHECKING:
    from lltool.kernels.breaker import CircuitBreaker
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.kernels.log_ring import LogRing
    from lltool.kernels.router import Router
    from lltool.kernels.shutdown import ShutdownToken
    from lltool.trading.configuration import Configuration
    from lltool.trading.live.latencies import Latencies

LOOK_SECONDS = 0.02
"""How often everything beside the hot path is looked after."""

LOG_CAPACITY = 1 << 14
COUNTERS_NS = 1_000_000_000
"""Between two publications of the counters."""


def monotonic_ns() -> int:
    """CLOCK_MONOTONIC, the clock of everything here."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


class Run(ABC):
    """One run, from start to report. ``tell`` is told what a person should know, one line at a time.

    ``publish`` is given the run's counters once a second and at its end. The log goes to ``log_to``.
    """

    latencies: Latencies
    breaker: CircuitBreaker

    def __init__(
        self,
        configuration: Configuration,
        *,
        kill: KillSwitch,
        token: ShutdownToken,
        tell: Callable[[str], None],
        log_to: Callable[[str], None] | None = None,
        publish: Callable[[dict[str, Any]], object] | None = None,
        seconds: float | None = None,
    ) -> None:
        from lltool.kernels.desk import new_log

        self.configuration = configuration
        self.kill, self.token, self.tell = kill, token, tell
        self.log: LogRing = new_log(LOG_CAPACITY)
        self.breaker_openings = 0
        self.started_at = time.monotonic()
        self.ended: str | None = None
        self.killed_by: str | None = None
        self.unconfirmed: int = 0
        self.statistics: list[dict[str, Any]] = []
        self._log_to = log_to
        self._publish = publish
        self._next_counters_ns = 0
        self._seconds = seconds
        self._breaker_was = "closed"
        self._next_statistics = configuration.pipeline.statistics_every

    @abstractmethod
    async def run(self) -> None:
        """Trade until a signal, the kill switch, or ``seconds`` have passed; then cancel everything and stop."""

    @abstractmethod
    def take_limits(self, configuration: Configuration) -> bool:
        """Take the limits of ``configuration`` when each change tightens one; else none, and it is told why."""

    @abstractmethod
    def totals(self) -> dict[str, int]:
        """``ticks``, ``orders`` and ``fills`` so far, over all symbols."""

    @abstractmethod
    def report(self) -> dict[str, Any]:
        """The part of ``lltool.trade-run/1`` that its way of trading knows."""

    @abstractmethod
    def counters(self, now_ns: int) -> dict[str, Any]:
        """The part of ``lltool.trade-counters/1`` that its way of trading knows."""

    def _is_over(self) -> bool:
        from lltool.kernels.kill_switch import KillSource

        source = self.kill.source
        if source is KillSource.SIGNAL:  # tripped by the signal's handler, so that no order left after it
            self.ended = "signal"
        elif source is not None:
            self.killed_by = source.name.lower()
            self.ended = "kill switch"
        elif self.token.requested:
            self.ended = "signal" if self.token.signal is not None else "asked"
        elif self._seconds is not None and time.monotonic() - self.started_at >= self._seconds:
            self.ended = "time"
        return self.ended is not None

    def _stop_orders(self, now_ns: int) -> None:
        """From here on the switch is tripped in any case: nothing leaves by mistake while cancels are answered."""
        from lltool.kernels.kill_switch import KillSource

        self.kill.trip(KillSource.SIGNAL if self.token.signal is not None else KillSource.OPERATOR, now_ns)
        if self.killed_by is None:
            self.tell(f"stopping ({self.ended or 'failure'}): cancelling all orders")
        else:
            self.tell(f"kill switch ({self.killed_by}): cancelling all orders")

    def _tell_unconfirmed(self) -> None:
        if self.unconfirmed:
            self.tell(f"{self.unconfirmed} orders are not confirmed to be cancelled")

    def _tighten(self, configuration: Configuration, routers: list[Router]) -> bool:
        """:meth:`take_limits` for ``routers``, on the thread that owns them."""
        found = tightening.changes(self.configuration, configuration)
        loosened = [change for change in found if not change.is_tighter]
        for change in loosened:
            self._audit(f"limits: {change} is no tighter: it takes a new start, nothing was changed")
        if loosened:
            return False
        for change in found:
            self._audit(f"limits: {change}")
        if not found:
            self._audit("limits: nothing has changed")
        for router in routers:
            tightening.apply(configuration, router)
        self.configuration = self.configuration.model_copy(update={"risk": configuration.risk})
        return True

    def _audit(self, line: str) -> None:
        self.tell(line)
        if self._log_to is not None:
            self._log_to(line)

    def _look_at_breaker(self, now_ns: int) -> None:
        from lltool.kernels.kill_switch import KillSource

        state, self.breaker_openings = self.breaker.state, self.breaker.openings
        if state != self._breaker_was:
            self.tell(f"circuit breaker: {self._breaker_was} -> {state}, opened {self.breaker_openings} times")
            self._breaker_was = state
        if self.breaker_openings >= self.configuration.kill.breaker_openings:
            self.kill.trip(KillSource.BREAKER, now_ns)

    def _drain_log(self) -> None:
        for entry in self.log.drain():
            if self._log_to is not None:
                self._log_to(f"{entry.ticks} {entry.text}")

    def _tell_when_due(self, now_ns: int) -> None:
        """The log, the counters once a second, and every N ticks a line of statistics."""
        self._drain_log()
        if now_ns >= self._next_counters_ns:
            self._next_counters_ns = now_ns + COUNTERS_NS
            self._publish_counters(now_ns)
        if self.totals()["ticks"] >= self._next_statistics:
            self._next_statistics += self.configuration.pipeline.statistics_every
            self._tell_statistics()

    def _tell_statistics(self) -> None:
        from lltool.trading.live.report import statistics_of

        found = statistics_of(self)
        self.statistics = [*self.statistics[-99:], found]
        update, order = found["tick_to_update_ticks"], found["tick_to_order_ticks"]
        self.tell(
            f"{found['ticks']} ticks, {found['orders']} orders, {found['fills']} fills; "
            f"tick to update p50 {update['p50']} p99 {update['p99']}, "
            f"tick to order p50 {order['p50']} p99 {order['p99']} (ticks of the counter)"
        )
        self.latencies.end_window()

    def _publish_counters(self, now_ns: int) -> None:
        from lltool.trading.live.counters import counters_of

        if self._publish is not None:
            self._publish(counters_of(self, now_ns))

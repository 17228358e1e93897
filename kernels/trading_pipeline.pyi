from collections.abc import Iterable
from typing import Any, Self, final

from lltool.kernels.breaker import CircuitBreaker
from lltool.kernels.histogram import LatencyHistogram
from lltool.kernels.log_ring import LogRing
from lltool.kernels.order_wire import OrderWire
from lltool.kernels.pipeline import Pipeline
from lltool.kernels.router import Router
from lltool.kernels.seqlock import Seqlock
from lltool.kernels.strategy import Strategy

@final
class TradingPipeline(Pipeline):
    def __new__(
        cls,
        routers: Iterable[Router],
        strategy: Strategy,
        *,
        wire: OrderWire | None = None,
        levels: int = 4096,
        quotes: Iterable[Seqlock] = (),
        unanswered: bool = False,
        breaker: CircuitBreaker | None = None,
        log: LogRing | None = None,
        clock_seconds: float = 0.005,
        every_ns: int,
        stale_ns: int,
        kill_stale_ns: int,
        supervisor_ns: int,
        answer_ns: int,
        life_ns: int,
        maker_rate: int,
        taker_rate: int,
    ) -> Self: ...
    def open_reports(self, fd: int) -> None: ...
    def log_on(self, message: bytes) -> None: ...
    def look_around(self, now_ns: int) -> None: ...
    def lose_orders(self, now_ns: int) -> None: ...
    def forget_books(self) -> None: ...
    def publish(self) -> None: ...
    def status(self, number: int) -> dict[str, Any]: ...
    def turn_spans(self) -> dict[str, LatencyHistogram]: ...
    @property
    def are_turned(self) -> bool: ...
    def follow_spans(self) -> None: ...
    @property
    def orders_failed(self) -> bool: ...

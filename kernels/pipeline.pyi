from collections.abc import Iterable
from typing import Final, Self, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from lltool.kernels.breaker import CircuitBreaker
from lltool.kernels.histogram import LatencyHistogram
from lltool.kernels.log_ring import LogRing
from lltool.kernels.order_wire import OrderWire
from lltool.kernels.router import Router
from lltool.kernels.seqlock import Seqlock
from lltool.kernels.shutdown import ShutdownToken
from lltool.kernels.spsc import SpscRing
from lltool.kernels.strategy import Strategy

ASK_BIT: Final[int]
ORDER_SIZE: Final[int]
TICK_RECORD_SIZE: Final[int]
ORDER_RECORD_SIZE: Final[int]
SPANS: Final[tuple[str, ...]]
RENEW_NS: Final[int]

class _Options(TypedDict, total=False):
    wire: OrderWire | None
    levels: int
    quotes: Iterable[Seqlock]
    unanswered: bool
    breaker: CircuitBreaker | None
    log: LogRing | None
    clock_seconds: float

class Pipeline:
    def __new__(cls, routers: Iterable[Router], strategy: Strategy, **options: Unpack[_Options]) -> Self: ...
    @property
    def strategy(self) -> Strategy: ...
    @property
    def wire(self) -> OrderWire: ...
    def expect(self, intended: Buffer) -> None: ...
    def open_feed(self, fd: int, *, stream: bool, spin: bool = True, stamped: bool = False) -> None: ...
    def open_orders(self, fd: int, *, stream: bool = True, stamped: bool = False) -> None: ...
    def take(self, messages: Buffer) -> int: ...
    def run(self, *, limit: int | None = None, token: ShutdownToken | None = None, yields: bool = False) -> None: ...
    def receive(
        self,
        ticks: SpscRing,
        *,
        limit: int | None = None,
        token: ShutdownToken | None = None,
        yields: bool = False,
    ) -> None: ...
    def trade(self, ticks: SpscRing, orders: SpscRing, *, yields: bool = False) -> None: ...
    def transmit(self, orders: SpscRing, *, yields: bool = False) -> None: ...
    def gateway(
        self,
        ticks: SpscRing,
        orders: SpscRing,
        *,
        limit: int | None = None,
        token: ShutdownToken | None = None,
        yields: bool = False,
    ) -> None: ...
    def cancel_all(self, now_ns: int, repeat_ns: int = ...) -> int: ...
    def levels(self, number: int) -> tuple[NDArray[np.void], NDArray[np.void]]: ...
    @property
    def spans(self) -> dict[str, LatencyHistogram]: ...
    @property
    def counts(self) -> dict[str, int]: ...
    @property
    def stamp_error_ns(self) -> float: ...

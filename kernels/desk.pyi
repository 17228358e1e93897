from collections.abc import Iterable
from enum import IntEnum
from typing import Final, Self, final

import numpy as np
from numpy.typing import NDArray
from typing_extensions import Buffer

from lltool.kernels.breaker import CircuitBreaker
from lltool.kernels.histogram import LatencyHistogram
from lltool.kernels.log_ring import LogRing
from lltool.kernels.paper import PaperExchange
from lltool.kernels.router import OrderEvent, Router
from lltool.kernels.strategy import Strategy
from lltool.kernels.sync import BookSync

LOG_TEXTS: Final[tuple[str, ...]]
SPANS: Final[tuple[str, ...]]

class Outcome(IntEnum):
    DONE = ...
    SEND = ...
    REFUSED = ...
    FOREIGN = ...

def new_log(capacity: int) -> LogRing: ...

@final
class Desk:
    def __new__(
        cls,
        symbol: str,
        sync: BookSync,
        router: Router,
        paper: PaperExchange | None,
        breaker: CircuitBreaker,
        log: LogRing,
        strategy: Strategy,
        *,
        number: int,
    ) -> Self: ...
    @property
    def symbol(self) -> str: ...
    @property
    def sync(self) -> BookSync: ...
    @property
    def router(self) -> Router: ...
    @property
    def paper(self) -> PaperExchange | None: ...
    @property
    def breaker(self) -> CircuitBreaker: ...
    @property
    def strategy(self) -> Strategy: ...
    @property
    def log(self) -> LogRing: ...
    def connect(self, now_ns: int) -> None: ...
    def look(self, now_ns: int) -> None: ...
    def sent(self) -> None: ...
    def on(self, id: int, event: OrderEvent, now_ns: int) -> bool: ...  # noqa: A002
    def fill(
        self,
        id: int,  # noqa: A002
        execution_id: int,
        price: int,
        quantity: int,
        cumulative: int,
        fee: int,
        now_ns: int,
    ) -> bool: ...
    def silent_ns(self, now_ns: int) -> int: ...
    @property
    def out(self) -> tuple[int, int, int, int]: ...
    def counters(self) -> dict[str, int]: ...

@final
class Floor:
    def __new__(cls, desks: Iterable[Desk]) -> Self: ...
    @property
    def desks(self) -> list[Desk]: ...
    @property
    def spans(self) -> dict[str, LatencyHistogram]: ...
    @property
    def messages(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def foreign(self) -> int: ...
    def take(self, payload: Buffer, now_ns: int, snapshot_for: int = 0) -> tuple[Desk, Outcome]: ...
    def take_sbe(self, payload: Buffer, now_ns: int) -> tuple[Desk, Outcome]: ...
    def follow(
        self,
        which: NDArray[np.uint8],
        events: NDArray[np.void],
        levels: NDArray[np.void],
        times_ns: NDArray[np.int64],
        begin: int,
        end: int,
        life_ns: int,
    ) -> None: ...
    def cancel_all(self, now_ns: int) -> None: ...

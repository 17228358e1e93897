"""The threads of a pipeline on the packed feed: one a part, each on its core, none of them running Python meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.kernels.shutdown import ShutdownToken
    from lltool.kernels.trading_pipeline import TradingPipeline

RING_RECORDS = 4096
THREADS = {"run-to-completion": 1, "two-cores": 2, "three-cores": 3}


class Stages:
    """One flight of the threads: from :meth:`start` until ``token`` asks, the feed ends, or something fails.

    Between two flights nothing of the pipeline is lost: what was received is in the book, what follows waits in the
    socket. Without ``cores`` the threads yield to one another where they have nothing to do.
    """

    def __init__(self, pipeline: TradingPipeline, layout: str, cores: Sequence[int], token: ShutdownToken) -> None:
        self._pipeline, self._cores, self._token = pipeline, cores, token
        self._yields = not cores
        self.failures: list[OSError] = []
        self._threads = [
            threading.Thread(target=self._run, args=(part, core), name=f"lltool-{part.__name__.strip('_')}")
            for part, core in zip_longest(self._parts(layout), cores)
        ]

    def _parts(self, layout: str) -> list[Callable[[], None]]:
        if layout == "run-to-completion":
            return [self._alone]
        from lltool.kernels.pipeline import ORDER_RECORD_SIZE, TICK_RECORD_SIZE
        from lltool.kernels.spsc import SpscRing

        self._ticks, self._orders = (SpscRing(RING_RECORDS, size) for size in (TICK_RECORD_SIZE, ORDER_RECORD_SIZE))
        return [self._trade, self._gateway] if layout == "two-cores" else [self._trade, self._receive, self._transmit]

    def _alone(self) -> None:
        self._pipeline.run(token=self._token, yields=self._yields)

    def _trade(self) -> None:
        self._pipeline.trade(self._ticks, self._orders, yields=self._yields)

    def _gateway(self) -> None:
        self._pipeline.gateway(self._ticks, self._orders, token=self._token, yields=self._yields)

    def _receive(self) -> None:
        self._pipeline.receive(self._ticks, token=self._token, yields=self._yields)

    def _transmit(self) -> None:
        self._pipeline.transmit(self._orders, yields=self._yields)

    def _run(self, part: Callable[[], None], core: int | None) -> None:
        try:
            if core is not None:
                os.sched_setaffinity(0, {core})
            part()
        except OSError as failure:
            self.failures.append(failure)

    def start(self) -> None:
        """Let them go."""
        for thread in self._threads:
            thread.start()

    @property
    def are_running(self) -> bool:
        """Whether one of them still does."""
        return any(thread.is_alive() for thread in self._threads)

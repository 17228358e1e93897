"""The strategy on a recording, its orders on paper: what the system would have done, by the recording's own clock.

Beside the books that are compared with the market, on books of its own. Time is that of the recording alone, and the
paper exchange's latencies come from its seed: the same recording and configuration give the same orders and fills.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lltool.kernels.desk import Desk, Floor
    from lltool.trading.configuration import Configuration
    from lltool.trading.recording import Recording

MOST_INSTRUMENTS = 64
"""That one floor has desks for."""

MARKETS = {1: "spot", 2: "futures"}
"""Names of SPOT and FUTURES of :mod:`lltool.kernels.binance_json`."""

_EPOCH = 1
"""Ids of orders are the same in every replay."""

_LOG_CAPACITY = 1 << 16
_NS_PER_MS = 1_000_000
_NS_PER_US = 1000


class PaperReplay:
    """Trades on a recording by ``configuration``, in stretches, as the replay comes to them.

    ``log_to`` is given each order, fill and change of state, in their order.
    """

    def __init__(self, configuration: Configuration, log_to: Callable[[str], None] | None = None) -> None:
        self.configuration = configuration
        self._log_to = log_to
        self._digest = hashlib.sha256()
        self._floor: Floor | None = None

    def begin(
        self,
        recording: Recording,
        instruments: list[tuple[str, int]],
        which: NDArray[np.uint8],
        times_ns: NDArray[np.int64],
    ) -> None:
        """A desk for each instrument; event ``i`` is of instrument ``which[i]`` and happened at ``times_ns[i]``."""
        import numpy as np

        from lltool.kernels.desk import new_log
        from lltool.kernels.kill_switch import KillSwitch
        from lltool.trading.floor import new_floor

        self._instruments = instruments
        self._kill, self._log = KillSwitch(), new_log(_LOG_CAPACITY)
        self._recording, self._which = recording, which
        # A clock that was set back does not take orders back.
        self._times_ns = np.maximum.accumulate(times_ns)
        if not 0 < len(instruments) <= MOST_INSTRUMENTS:
            return
        self._floor = new_floor(self.configuration, instruments, kill=self._kill, log=self._log, epoch=_EPOCH)
        for desk in self._floor.desks:
            desk.connect(int(self._times_ns[0]) if len(times_ns) else 0)

    def follow(self, begin: int, end: int) -> None:
        """Trade on the events from ``begin`` to before ``end``."""
        if self._floor is not None:
            recording, life_ms = self._recording, self.configuration.strategy.order_life_ms
            self._floor.follow(
                self._which, recording.events, recording.levels, self._times_ns, begin, end, life_ms * _NS_PER_MS
            )
            self._drain()

    def end(self) -> None:
        """Take all orders off, and wait for the last answers."""
        if self._floor is None:
            return
        paper = self.configuration.paper
        longest_us = paper.entry_latency_us + paper.response_latency_us + 2 * paper.latency_jitter_us
        now_ns = int(self._times_ns[-1]) if len(self._times_ns) else 0
        self._floor.cancel_all(now_ns)
        for desk in self._floor.desks:
            desk.look(now_ns + longest_us * _NS_PER_US)
        self._drain()

    def _drain(self) -> None:
        for entry in self._log.drain():
            self._digest.update(entry.text.encode() + b"\n")
            if self._log_to is not None:
                self._log_to(entry.text)

    def document(self) -> dict[str, Any] | None:
        """What became of it; None for more instruments than there are desks for."""
        if self._floor is None:
            return None
        source = self._kill.source
        return {
            "seed": self.configuration.paper.seed,
            "kill_switch": None if source is None else source.name.lower(),
            "log_sha256": self._digest.hexdigest(),
            "log_dropped": self._log.dropped,
            "instruments": [
                {"symbol": symbol, "market": MARKETS[market], **_of(desk)}
                for (symbol, market), desk in zip(self._instruments, self._floor.desks, strict=True)
            ],
        }


def _of(desk: Desk) -> dict[str, Any]:
    counters = desk.router.counters()
    return {
        "orders": counters["orders"],
        "cancels": counters["cancels"],
        "live_orders": counters["live"],
        "denied": {reason.lower(): count for reason, count in desk.router.denials().items()},
        "held_by_breaker": desk.counters()["held_by_breaker"],
        **desk.router.account._asdict(),
    }

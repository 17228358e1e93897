"""How far the tick counters of two cores stand apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lltool.bench.peer import peer_thread

TRIPS = 20_000
"""About 5 ms: enough for the narrowest trip to be a quiet one."""


def measure_skew(cores: Sequence[int]) -> list[dict[str, Any]]:
    """Bounds in ticks of each other core's counter minus that of the calling thread's core, ``cores[0]``.

    ``low <= 0 <= high`` is no skew that a cache line could show. Raises ``OSError`` where a core cannot be used.
    """
    from lltool.kernels.loops.skew import Skew

    found = []
    for core in cores[1:]:
        exchange = Skew()
        with peer_thread(core, exchange.answer, exchange.stop):
            low, high = exchange.ask(TRIPS)
        found.append({"core": core, "low_ticks": low, "high_ticks": high})
    return found

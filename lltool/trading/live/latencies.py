"""How long each stage took: for a line every N ticks, and for the run's counters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lltool.kernels.histogram import LatencyHistogram

PERCENTILES = (50, 99, 99.9)
CALIBRATION_SECONDS = 0.02


@dataclass(slots=True)
class _Total:
    """Of the windows that are over."""

    count: int = 0
    ticks: int = 0


class Latencies:
    """Histograms that the thread that trades records into, by stage; a window of ticks ends with :meth:`end_window`.

    Percentiles are of the present window, counts and sums of the whole run. ``hz`` is the rate of the tick counter.
    """

    def __init__(self, spans: Mapping[str, LatencyHistogram], hz: float) -> None:
        self._spans = spans
        self._hz = hz
        self._before = {name: _Total() for name in spans}

    def end_window(self) -> None:
        """Begin a new window."""
        for name, histogram in self._spans.items():
            self._before[name].count += len(histogram)
            self._before[name].ticks += histogram.total
            histogram.reset()

    def in_ticks(self, name: str) -> dict[str, int]:
        """A stage in this window: ``n``, percentiles and ``max`` in ticks of the counter."""
        histogram = self._spans[name]
        values = histogram.percentiles(*PERCENTILES)
        return {
            "n": len(histogram),
            **{f"p{str(wanted).replace('.', '_')}": value for wanted, value in zip(PERCENTILES, values, strict=True)},
            "max": histogram.maximum,
        }

    def in_seconds(self) -> dict[str, dict[str, Any]]:
        """Each stage: ``count`` and ``sum_seconds`` of the run; ``window`` samples and their ``quantiles``, or None."""
        return {name: self._of(name, histogram) for name, histogram in self._spans.items()}

    def _of(self, name: str, histogram: LatencyHistogram) -> dict[str, Any]:
        window = len(histogram)
        quantiles = {
            f"{wanted / 100:g}": value / self._hz
            for wanted, value in zip(PERCENTILES, histogram.percentiles(*PERCENTILES), strict=True)
        }
        return {
            "count": self._before[name].count + window,
            "sum_seconds": (self._before[name].ticks + histogram.total) / self._hz,
            "window": window,
            "quantiles": quantiles if window else None,
        }

from collections.abc import Callable
from types import TracebackType
from typing import Final, NamedTuple, ParamSpec, Self, TypeVar, final

from lltool.kernels.histogram import LatencyHistogram

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

CALIBRATION_SECONDS: Final[float]

class Stats(NamedTuple):
    count: int  # type: ignore[assignment]  # the field hides tuple.count, as it does at run time
    min: float
    max: float
    mean: float
    p50: float
    p90: float
    p99: float
    p999: float
    overhead: float

@final
class LatencyProfiler:
    def __new__(cls, tick_hz: float | None = None) -> Self: ...
    @property
    def histogram(self) -> LatencyHistogram: ...
    @property
    def tick_hz(self) -> float: ...
    def measure(
        self, function: Callable[_Parameters, _Result], *arguments: _Parameters.args, **keywords: _Parameters.kwargs
    ) -> _Result: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def record(self, ticks: int) -> None: ...
    def ticks_to_ns(self, ticks: float) -> float: ...
    def stats(self) -> Stats: ...
    def reset(self) -> None: ...

"""The result file's JSON, key by key (schema ``lltool.result/1``). Keys that it does not know are tolerated."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from lltool.bench import hdr
from lltool.bench.model import Distance, Histogram, Interference, Result, Run
from lltool.bench.noise.wire import NoiseDocument

SCHEMA = "lltool.result/1"

Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Bin = tuple[Natural, Natural]

_PLAIN = (str, int, float, tuple, list, dict, type(None))


class Head(BaseModel):
    """What every version of the file has."""

    format: Annotated[str, Field(alias="schema")]


class WireHistogram(BaseModel):
    """``hdr`` is the HDR V2 blob, ``beyond`` the (value, count) pairs above its range; ticks throughout."""

    hdr: str
    n: Natural
    minimum: Natural
    maximum: Natural
    total: Natural
    beyond: tuple[Bin, ...] = ()

    def decoded(self) -> Histogram:
        """The histogram. Raises ValueError where the blob is damaged."""
        values, counts = hdr.decode(self.hdr)
        return Histogram(
            values=(*values, *(value for value, _ in self.beyond)),
            counts=(*counts, *(count for _, count in self.beyond)),
            minimum=self.minimum,
            maximum=self.maximum,
            total=self.total,
        )

    @model_validator(mode="after")
    def _agrees_with_its_blob(self) -> Self:
        histogram = self.decoded()
        if histogram.n != self.n:
            raise ValueError(f"n is {self.n}, but the histogram holds {histogram.n} samples")
        if not histogram.values:
            return self
        if (hdr.bucket(self.minimum)[0], hdr.bucket(self.maximum)[0]) != (histogram.values[0], histogram.values[-1]):
            raise ValueError(f"minimum {self.minimum} and maximum {self.maximum} are not those of the histogram")
        bins = [(*hdr.bucket(value), count) for value, count in zip(histogram.values, histogram.counts, strict=True)]
        lowest = sum(low * count for low, _, count in bins)
        highest = sum(high * count for _, high, count in bins)
        if not lowest <= self.total <= highest:
            raise ValueError(f"total {self.total} is not the sum of the histogram ({lowest} to {highest})")
        return self


class WireRun(BaseModel):
    """See :class:`lltool.bench.model.Run`; ``histogram`` holds its ``samples``."""

    benchmark: str
    arm: str
    block: int
    position: int
    started: str
    cores: tuple[Natural, ...]
    tick_hz: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    histogram: WireHistogram | None = None
    block_ops: Natural = 0
    block_ticks: tuple[Natural, ...] = ()
    duration_ticks: Natural = 0
    distance: Distance | None = None
    interference: Interference | None = None
    effort: str = ""
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    conditions: dict[str, str] = {}
    notes: dict[str, Any] = {}
    not_applicable: str | None = None
    failed: str | None = None

    def run(self) -> Run:
        """The run that this describes."""
        keys = dict(self)
        histogram = keys.pop("histogram")
        return Run(**keys, samples=None if histogram is None else histogram.decoded())

    @model_validator(mode="after")
    def _has_what_its_figures_need(self) -> Self:
        if self.block_ticks and self.block_ops == 0:
            raise ValueError("block_ticks without block_ops: the operations of a block are not known")
        if self.not_applicable is None and self.failed is None and self.tick_hz == 0:
            raise ValueError("tick_hz is 0: ticks cannot be turned into time")
        return self


class WireChange(BaseModel):
    """One knob that a transaction changed: ``after`` is what it read back, ``error`` the kernel's refusal, if any."""

    setting: str
    knob: str
    before: str
    wanted: str
    after: str | None
    error: str


class WireTransaction(BaseModel):
    """What one apply changed, in its order."""

    id: str
    profile: str
    started: str
    changes: tuple[WireChange, ...]


class WireResult(BaseModel):
    """See :class:`lltool.bench.model.Result`."""

    created: str
    version: str
    command: str
    label: str
    design: str
    host: dict[str, Any]
    passport: dict[str, Any]
    runs: tuple[WireRun, ...]
    settings: dict[str, list[dict[str, Any]]] = {}
    noise: dict[str, NoiseDocument] = {}
    transactions: tuple[WireTransaction, ...] = ()
    noise_floor: dict[str, dict[str, Positive]] = {}
    false_alarms: dict[str, dict[str, Share]] = {}
    fingerprint: dict[str, str] = {}
    notes: tuple[str, ...] = ()

    def result(self) -> Result:
        """The result that this describes."""
        return Result(
            **{
                **dict(self),
                "runs": tuple(run.run() for run in self.runs),
                "noise": {name: noise.model_dump(by_alias=True) for name, noise in self.noise.items()},
                "transactions": tuple(transaction.model_dump() for transaction in self.transactions),
            }
        )


def document(result: Result) -> dict[str, Any]:
    """The content of a result file as JSON types."""
    return {"schema": SCHEMA, **_keys(result), "runs": [_run_document(run) for run in result.runs]}


def _keys(described: Result | Run) -> dict[str, Any]:
    """As ``asdict``, which would copy every count of every histogram twice."""
    held = ((field.name, getattr(described, field.name)) for field in fields(described))
    return {name: value if isinstance(value, _PLAIN) else asdict(value) for name, value in held}


def _run_document(run: Run) -> dict[str, Any]:
    keys = _keys(replace(run, samples=None))
    del keys["samples"]
    return {**keys, "histogram": None if run.samples is None else _histogram_document(run.samples)}


def _histogram_document(histogram: Histogram) -> dict[str, Any]:
    bins = list(zip(histogram.values, histogram.counts, strict=True))
    inside = [(value, count) for value, count in bins if value <= hdr.HIGHEST_TICKS]
    return {
        "hdr": hdr.encode(inside),
        "n": histogram.n,
        "minimum": histogram.minimum,
        "maximum": histogram.maximum,
        "total": histogram.total,
        "beyond": bins[len(inside) :],
    }

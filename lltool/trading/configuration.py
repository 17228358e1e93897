"""The configuration of the trading system: one TOML file, every key checked, all faults told at once.

Values are fixed when a run starts: the hot path copies them and never looks here again. Prices and quantities are
decimals in the file and integers in units of 1e-8 here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lltool.errors import InvalidInput, from_os_error
from lltool.toml_lines import TomlLines, parse_toml
from lltool.trading.venues import VENUES

SCALE = 100_000_000

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_LARGEST = 2**63 - 1


def to_fixed(value: object) -> int:
    """A decimal of the file in units of 1e-8; raises ValueError for what has more places or does not fit 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(f"{value!r} is not a decimal number")  # noqa: TRY004 - pydantic collects ValueErrors
    try:
        scaled = Decimal(value) * SCALE
    except InvalidOperation:
        raise ValueError(f"{value!r} is not a decimal number") from None
    if not scaled.is_finite() or abs(scaled) > _LARGEST:
        raise ValueError(f"{value} does not fit 64 bits in units of 1e-8")
    if scaled != int(scaled):
        raise ValueError(f"{value} has more than 8 decimal places")
    return int(scaled)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a decimal of the file counts; the keys of times have their unit in their name."""

    name: str


Fixed = Annotated[int, BeforeValidator(to_fixed)]
"""A decimal in the file, units of 1e-8 in the program."""

Quantity = Annotated[Fixed, Field(gt=0), Unit("base currency")]
Price = Annotated[Fixed, Field(gt=0), Unit("quote currency")]
Money = Price
"""A price times a quantity, and what was won or lost."""

Factor = Annotated[Fixed, Unit("1")]


def _are_symbols(symbols: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(symbols)) != len(symbols):
        raise ValueError("a symbol is named twice")
    wrong = [symbol for symbol in symbols if not (0 < len(symbol.encode()) < 24 and symbol == symbol.upper())]
    if wrong:
        raise ValueError(f"{', '.join(map(repr, wrong))}: a symbol has 1 to 23 bytes, in capitals")
    return symbols


Symbols = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_are_symbols)]
Venue = Literal["binance-spot", "binance-usdm", "binance-coinm"]


class Section(BaseModel):
    """A table of the file: unknown keys are faults, values do not change at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Market(Section):
    """What is traded."""

    venue: Venue = Field(default="binance-spot", description="whose sequence rules hold")
    symbols: Symbols = Field(default=("BTCUSDT",), min_length=1, description="one book each")
    tick: Price = Field(default=to_fixed("0.01"), description="step of prices")
    lot: Quantity = Field(default=to_fixed("0.00001"), description="step of quantities")


class Strategy(Section):
    """The chapter's strategy (5.9), an order at the mid when the spread is wide enough, or one of your own."""

    own: Annotated[str, Field(pattern=r"^$|^[\w.]+:\w+$")] = Field(
        default="", description="your own in place of the chapter's: MODULE:CLASS (docs/strategy.md)"
    )
    arguments: dict[str, int] = Field(default={}, description="its keyword arguments: prices and quantities x 10^8")
    spread_threshold: Price = Field(default=to_fixed("0.001"), description="an order when the spread is above it")
    quantity: Quantity = Field(default=to_fixed("0.001"), description="size of an order")
    order_life_ms: Annotated[int, Field(gt=0)] = Field(
        default=1000, description="an order that rests longer is cancelled"
    )


class Risk(Section):
    """Limits of every order, checked in line."""

    restricted: Symbols = Field(default=(), description="symbols that are followed and not traded")
    max_position: Quantity = Field(default=to_fixed("1.0"), description="largest position, long or short")
    max_quantity: Quantity = Field(default=to_fixed("0.1"), description="largest order")
    max_notional: Money = Field(default=to_fixed("10000"), description="largest price times quantity of an order")
    max_gross_notional: Money = Field(default=to_fixed("100000"), description="the same of all open orders")
    max_open_orders: Annotated[int, Field(gt=0)] = Field(default=10, description="orders open at one time")
    price_band: Price = Field(default=to_fixed("100"), description="largest distance of an order from the mid")
    max_orders: Annotated[int, Field(gt=0, le=1_000_000)] = Field(default=50, description="orders within the window")
    rate_window_ms: Annotated[int, Field(gt=0)] = Field(default=1000, description="that window")
    max_book_age_ms: Annotated[int, Field(gt=0)] = Field(default=3000, description="no order on an older book")
    min_quantity: Quantity = Field(default=to_fixed("0.00001"), description="smallest order")
    min_notional: Money = Field(default=to_fixed("5"), description="smallest price times quantity of an order")
    max_loss: Money = Field(default=to_fixed("1000"), description="loss that stops trading for good")
    max_drawdown: Money = Field(default=to_fixed("1000"), description="the same below the best so far")
    max_burst: Annotated[int, Field(gt=0, le=1_000_000)] = Field(
        default=100, description="orders within the long window"
    )
    burst_window_ms: Annotated[int, Field(gt=0)] = Field(default=10_000, description="that window")
    duplicate_window_ms: Annotated[int, Field(ge=0)] = Field(
        default=100, description="the same order is not sent again so soon"
    )
    max_size_multiple: Annotated[int, Field(gt=0, le=1_000_000)] = Field(
        default=10, description="largest order as a multiple of the average one"
    )
    max_cancels_percent: Annotated[int, Field(gt=0, le=1_000_000)] = Field(
        default=150, description="most cancels for 100 orders"
    )


class Breaker(Section):
    """The circuit breaker of the way to the exchange (5.8.2)."""

    failures: Annotated[int, Field(ge=1, le=64)] = Field(default=5, description="failures that open it")
    window_ms: Annotated[int, Field(gt=0)] = Field(default=60_000, description="within which they count")
    recovery_ms: Annotated[int, Field(gt=0)] = Field(default=5000, description="until one probe is let through")


class Paper(Section):
    """The paper exchange: its filters, fees and latency. The defaults are Binance's for BTCUSDT."""

    maker_fee: Factor = Field(default=to_fixed("0.001"), description="fraction of the notional; below 0 it is paid out")
    taker_fee: Factor = Field(default=to_fixed("0.001"), description="the same of an order that takes")
    entry_latency_us: Annotated[int, Field(ge=0)] = Field(default=500, description="from sending to the exchange")
    response_latency_us: Annotated[int, Field(ge=0)] = Field(default=500, description="from the exchange to its report")
    latency_jitter_us: Annotated[int, Field(ge=0)] = Field(default=100, description="uniform part of both")
    seed: Annotated[int, Field(ge=0, lt=2**64)] = Field(default=1, description="of that part")
    min_price: Price = Field(default=to_fixed("0.01"), description="PRICE_FILTER")
    max_price: Price = Field(default=to_fixed("1000000"), description="PRICE_FILTER")
    min_quantity: Quantity = Field(default=to_fixed("0.00001"), description="LOT_SIZE")
    max_quantity: Quantity = Field(default=to_fixed("9000"), description="LOT_SIZE")
    min_notional: Money = Field(default=to_fixed("5"), description="NOTIONAL")
    price_up: Factor = Field(
        default=to_fixed("5"), ge=0, description="PERCENT_PRICE: times the last price; 0: unchecked"
    )
    price_down: Factor = Field(default=to_fixed("0.2"), ge=0, description="PERCENT_PRICE: the same below it")
    max_orders: Annotated[int, Field(gt=0, le=1024)] = Field(default=200, description="MAX_NUM_ORDERS")
    max_position: Quantity = Field(default=to_fixed("9000"), description="MAX_POSITION")


class Live(Section):
    """Where live market data comes from, and how long it may be silent. Orders stay on paper."""

    stream_url: str = Field(
        default=VENUES["binance-spot"].stream_url, description="WebSocket streams; the venue's own unless set"
    )
    rest_url: str = Field(
        default=VENUES["binance-spot"].rest_url, description="depth snapshots; the venue's own unless set"
    )
    encoding: Literal["json", "sbe", "packed"] = Field(
        default="json",
        description="of the streams; SBE is spot's, and its depth stream has one speed; packed: the feed of [packed]",
    )
    api_key_file: str = Field(default="", description="file with the API key, which the exchange's SBE streams ask for")
    depth_stream: Literal["depth", "depth@100ms", "depth@0ms", "depth@500ms"] = Field(
        default="depth@100ms", description="which depth stream"
    )
    snapshot_limit: Literal[100, 500, 1000, 5000] = Field(default=1000, description="levels of a snapshot")
    stale_warning_ms: Annotated[int, Field(gt=0)] = Field(default=1000, description="silence that is told of")
    stale_stop_ms: Annotated[int, Field(gt=0)] = Field(
        default=3000, description="silence that stops trading and resyncs"
    )
    roll_s: Annotated[int, Field(gt=0, lt=86_400)] = Field(
        default=82_800, description="age at which a connection is replaced; the exchange ends it after 24 hours"
    )
    ping_silence_ms: Annotated[int, Field(gt=0)] = Field(
        default=VENUES["binance-spot"].ping_silence_ms,
        description="silence of the exchange's pings that ends a connection; on futures 600000 unless set",
    )
    order_entry: Literal["paper", "fix", "packed"] = Field(
        default="paper",
        description="the paper exchange of this process, or a simulated one on loopback; with packed streams: packed",
    )
    fix_port: Annotated[int, Field(gt=0, lt=65_536)] = Field(default=9000, description="of that exchange")
    answer_ms: Annotated[int, Field(gt=0)] = Field(default=1000, description="after which an order's state is unknown")

    @field_validator("stream_url", "rest_url")
    @classmethod
    def _is_a_url(cls, url: str, info: ValidationInfo) -> str:
        schemes = ("wss", "ws") if info.field_name == "stream_url" else ("https", "http")
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            raise ValueError(f"{url!r} is no {' or '.join(schemes)} address")
        if parts.scheme == schemes[1] and parts.hostname not in LOOPBACK:
            raise ValueError(f"{url!r}: without TLS only on loopback")
        return url

    @model_validator(mode="after")
    def _has_a_key_where_one_is_asked_for(self) -> Live:
        if self.encoding == "sbe" and self.stream_url.startswith("wss:") and not self.api_key_file:
            raise ValueError("encoding sbe: api_key_file is needed, the exchange's SBE streams ask for a key")
        return self

    @model_validator(mode="after")
    def _warns_before_it_stops(self) -> Live:
        if self.stale_warning_ms > self.stale_stop_ms:
            raise ValueError("stale_warning_ms is above stale_stop_ms")
        return self


class Packed(Section):
    """The packed feed and its order entry: a simulated exchange on loopback. `live` has encoding = "packed" then."""

    host: str = Field(default="127.0.0.1", description="of the exchange")
    feed_port: Annotated[int, Field(gt=0, lt=65_536)] = Field(default=9100, description="of the feed, over TCP")
    order_port: Annotated[int, Field(gt=0, lt=65_536)] = Field(default=9101, description="of the order entry")

    @field_validator("host")
    @classmethod
    def _is_on_loopback(cls, host: str) -> str:
        if host not in LOOPBACK:
            raise ValueError(f"{host!r}: orders are on paper, the exchange is simulated on loopback")
        return host


class Kill(Section):
    """When the kill switch trips by itself; then no order leaves any more."""

    stale_ms: Annotated[int, Field(gt=0)] = Field(default=60_000, description="market data silent for so long")
    breaker_openings: Annotated[int, Field(gt=0)] = Field(
        default=3, description="so many openings of the circuit breaker in a run"
    )
    supervisor_ms: Annotated[int, Field(ge=100)] = Field(
        default=2000, description="the supervising process silent for so long"
    )
    confirm_ms: Annotated[int, Field(gt=0)] = Field(default=5000, description="time to have all cancels confirmed")


class Pipeline(Section):
    """Where the stages run."""

    layout: Literal["run-to-completion", "two-cores", "three-cores"] = Field(
        default="run-to-completion",
        description="all stages on one core, as WebSocket streams have them; the others are the packed feed's",
    )
    cores: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False)] = Field(
        default=(), description="a core for each thread; empty: the isolated ones"
    )
    statistics_every: Annotated[int, Field(gt=0)] = Field(
        default=10_000, description="ticks between two lines of statistics"
    )

    @model_validator(mode="after")
    def _has_a_core_for_each_thread(self) -> Pipeline:
        threads = {"run-to-completion": 1, "two-cores": 2, "three-cores": 3}[self.layout]
        if self.cores and len(self.cores) != threads:
            raise ValueError(f"layout {self.layout} has {threads} threads, cores names {len(self.cores)}")
        if len(set(self.cores)) != len(self.cores):
            raise ValueError("cores names one twice")
        return self


class Configuration(Section):
    """The whole file; a table that it lacks has its defaults."""

    market: Market = Market()
    strategy: Strategy = Strategy()
    risk: Risk = Risk()
    breaker: Breaker = Breaker()
    paper: Paper = Paper()
    live: Live = Live()
    packed: Packed = Packed()
    kill: Kill = Kill()
    pipeline: Pipeline = Pipeline()

    @model_validator(mode="before")
    @classmethod
    def _has_the_addresses_of_its_venue(cls, table: Any) -> Any:
        """Addresses and pings that the file does not name are those of the venue that it does."""
        if not isinstance(table, dict):
            return table
        market, live = table.get("market", {}), table.get("live", {})
        venue = VENUES.get(str(market.get("venue", "binance-spot"))) if isinstance(market, dict) else None
        if venue is None or not isinstance(live, dict):
            return table
        by_sbe = live.get("encoding") == "sbe" and venue.sbe_stream_url is not None
        own = {
            "stream_url": venue.sbe_stream_url if by_sbe else venue.stream_url,
            "rest_url": venue.rest_url,
            "ping_silence_ms": venue.ping_silence_ms,
        }
        if live.get("encoding") == "packed":
            own["order_entry"] = "packed"
        return {**table, "live": {**own, **live}}

    @model_validator(mode="after")
    def _asks_what_its_venue_has(self) -> Configuration:
        venue = VENUES[self.market.venue]
        if self.live.snapshot_limit > venue.largest_snapshot:
            raise ValueError(
                f"live.snapshot_limit {self.live.snapshot_limit}: {self.market.venue} has at most "
                f"{venue.largest_snapshot} levels"
            )
        if self.live.encoding == "sbe" and venue.sbe_stream_url is None:
            raise ValueError(f"live.encoding sbe: {self.market.venue} has JSON streams only")
        return self

    @model_validator(mode="after")
    def _has_one_way_in_and_out(self) -> Configuration:
        is_packed = self.live.encoding == "packed"
        if is_packed != (self.live.order_entry == "packed"):
            raise ValueError("live.encoding and live.order_entry: packed streams and packed orders go together")
        if not is_packed and self.pipeline.layout != "run-to-completion":
            raise ValueError(
                f"pipeline.layout {self.pipeline.layout}: WebSocket streams run to completion on one thread; "
                'layouts of several cores are for the packed feed (live.encoding = "packed")'
            )
        return self


def load_configuration(path: str | None = None) -> Configuration:
    """The configuration in the file at ``path``, or the defaults.

    Raises InvalidInput with every fault and its line.
    """
    if path is None:
        return Configuration()
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        table = parse_toml(text, parse_float=Decimal)
    except OSError as error:
        wrapped = from_os_error(f"configuration {path} cannot be read", error)
        raise InvalidInput(wrapped.what, [str(wrapped.cause)], next_step=wrapped.next_step) from None
    except ValueError as error:
        raise InvalidInput(f"configuration {path} is no TOML", [str(error)]) from None
    try:
        return Configuration.model_validate(table)
    except ValidationError as error:
        raise InvalidInput(
            f"configuration {path} cannot be used",
            list(_faults(error, path, TomlLines(text))),
            next_step="`lltool trade run --show-config` lists every key with its default",
        ) from None


def _faults(error: ValidationError, path: str, lines: TomlLines) -> Iterator[str]:
    for fault in error.errors(include_url=False):
        place = tuple(str(part) for part in fault["loc"] if isinstance(part, str))
        reason = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            reason = f"there is no such {'key' if len(place) > 1 else 'table'}{_nearest(place)}"
        yield ": ".join(filter(None, (f"{path}{lines.of(*place)}", ".".join(place), reason)))


def _nearest(place: tuple[str, ...]) -> str:
    """What may have been meant by a key or table that there is not."""
    tables = {
        table: tuple(field.annotation.model_fields)
        for table, field in Configuration.model_fields.items()
        if field.annotation is not None
    }
    name = place[-1]
    elsewhere = [f"{table}.{name}" for table, keys in tables.items() if name in keys]
    near = elsewhere or get_close_matches(name, tables.get(place[0], tables), n=1)
    return f"; did you mean {near[0]}?" if near else ""

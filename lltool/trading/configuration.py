"""The configuration of the trading system: one TOML file, every key checked, all faults told at once.

Values are fixed when a run starts: the hot path copies them and never looks here again. Prices and quantities are
decimals in the file and integers in units of 1e-8 here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from lltool.errors import InvalidInput, from_os_error
from lltool.toml_lines import TomlLines

SCALE = 100_000_000

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


Fixed = Annotated[int, BeforeValidator(to_fixed)]
"""A price or quantity: a decimal in the file, units of 1e-8 in the program."""

Positive = Annotated[Fixed, Field(gt=0)]
Venue = Literal["binance-spot", "binance-usdm", "binance-coinm"]


class Section(BaseModel):
    """A table of the file: unknown keys are faults, values do not change at run time."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Market(Section):
    """What is traded."""

    venue: Venue = Field(default="binance-spot", description="whose sequence rules hold")
    symbols: Annotated[tuple[str, ...], Field(strict=False)] = Field(default=("BTCUSDT",), description="one book each")
    tick: Positive = Field(default=to_fixed("0.01"), description="step of prices")
    lot: Positive = Field(default=to_fixed("0.00001"), description="step of quantities")

    @field_validator("symbols")
    @classmethod
    def _are_symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        if not symbols:
            raise ValueError("at least one symbol is needed")
        if len(set(symbols)) != len(symbols):
            raise ValueError("a symbol is named twice")
        wrong = [symbol for symbol in symbols if not (0 < len(symbol.encode()) < 24 and symbol == symbol.upper())]
        if wrong:
            raise ValueError(f"{', '.join(map(repr, wrong))}: a symbol has 1 to 23 bytes, in capitals")
        return symbols


class Strategy(Section):
    """The chapter's strategy (5.9): an order at the mid when the spread is wide enough."""

    spread_threshold: Positive = Field(default=to_fixed("0.001"), description="an order when the spread is above it")
    quantity: Positive = Field(default=to_fixed("0.001"), description="size of an order")


class Risk(Section):
    """Limits of every order, checked in line."""

    max_position: Positive = Field(default=to_fixed("1.0"), description="largest position, long or short")
    max_quantity: Positive = Field(default=to_fixed("0.1"), description="largest order")
    max_notional: Positive = Field(default=to_fixed("10000"), description="largest price times quantity of an order")
    max_gross_notional: Positive = Field(default=to_fixed("100000"), description="the same of all open orders")
    max_open_orders: Annotated[int, Field(gt=0)] = Field(default=10, description="orders open at one time")
    price_band: Positive = Field(default=to_fixed("100"), description="largest distance of an order from the mid")
    max_orders: Annotated[int, Field(gt=0, le=1_000_000)] = Field(default=50, description="orders within the window")
    rate_window_ms: Annotated[int, Field(gt=0)] = Field(default=1000, description="that window")
    max_book_age_ms: Annotated[int, Field(gt=0)] = Field(default=3000, description="no order on an older book")


class Breaker(Section):
    """The circuit breaker of the way to the exchange (5.8.2)."""

    failures: Annotated[int, Field(ge=1, le=64)] = Field(default=5, description="failures that open it")
    window_ms: Annotated[int, Field(gt=0)] = Field(default=60_000, description="within which they count")
    recovery_ms: Annotated[int, Field(gt=0)] = Field(default=5000, description="until one probe is let through")


class Pipeline(Section):
    """Where the stages run."""

    layout: Literal["run-to-completion", "two-cores", "three-cores"] = Field(
        default="run-to-completion", description="all stages on one core, or receive | book, strategy, risk | transmit"
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
    pipeline: Pipeline = Pipeline()


def load_configuration(path: str | None = None) -> Configuration:
    """The configuration in the file at ``path``, or the defaults.

    Raises InvalidInput with every fault and its line.
    """
    if path is None:
        return Configuration()
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        table = tomllib.loads(text, parse_float=Decimal)
    except OSError as error:
        wrapped = from_os_error(f"configuration {path} cannot be read", error)
        raise InvalidInput(wrapped.what, [str(wrapped.cause)], next_step=wrapped.next_step) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
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
            reason = f"there is no such {'key' if len(place) > 1 else 'table'}"
        yield f"{path}{lines.of(*place)}: {'.'.join(place)}: {reason}"


def show(configuration: Configuration) -> str:
    """The configuration as TOML: every key with its value and, as a comment, its meaning. It can be read back."""
    parts: list[str] = []
    for name, field in type(configuration).model_fields.items():
        section: Section = getattr(configuration, name)
        parts.append(f"[{name}]  # {(field.annotation.__doc__ or '').splitlines()[0]}" if field.annotation else name)
        for key, value in type(section).model_fields.items():
            fixed = any(isinstance(mark, BeforeValidator) and mark.func is to_fixed for mark in value.metadata)
            parts.append(f"{key} = {_toml(getattr(section, key), fixed=fixed)}  # {value.description}{_choices(value)}")
        parts.append("")
    return "\n".join(parts).rstrip()


def _choices(field: Any) -> str:
    names = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
    return f" ({', '.join(names)})" if names else ""


def _toml(value: object, *, fixed: bool) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(each, fixed=fixed) for each in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{Decimal(value) / SCALE:f}" if fixed else str(value)
    return f'"{value}"'

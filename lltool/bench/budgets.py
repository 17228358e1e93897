"""Latency budgets as data: what a figure must not exceed, and the tier that a tick-to-trade latency belongs to."""

from __future__ import annotations

import fnmatch
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from lltool.bench.model import Comparison, Estimate
from lltool.bench.quantiles import percentile_of
from lltool.bench.resolution import readable_unit
from lltool.errors import InvalidInput
from lltool.toml_lines import parse_toml

DEFAULT = "chapter5"
TICK_TO_TRADE = "*.tick_to_trade*"
SLOWER = "slower than retail"

_NEXT_STEP = "a budgets file is like `profiles/budgets/chapter5.toml` of lltool"


class Standing(StrEnum):
    """How a figure stands to its budget."""

    WITHIN = "within"
    OVER = "over"
    UNSETTLED = "within, but unsettled"


class Budget(BaseModel):
    """``metric`` of benchmarks that match a pattern must lie below ``limit_ns``; ``source`` says who wants it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    source: str = ""
    benchmarks: tuple[str, ...]
    metric: str
    limit_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)]

    @field_validator("metric")
    @classmethod
    def _is_a_duration(cls, metric: str) -> str:
        if metric not in {"centre", "mean"} and percentile_of(metric) is None:
            raise ValueError(f"{metric!r} is none of centre, mean, p50, p99, p99.9 ...")
        return metric

    def standing(self, estimate: Estimate) -> Standing:
        """How ``estimate`` (nanoseconds) stands: over is over, however few samples say so."""
        if estimate.value >= self.limit_ns:
            return Standing.OVER
        return Standing.WITHIN if estimate.settled else Standing.UNSETTLED

    @property
    def limit(self) -> str:
        """The limit in words: ``< 15 us``."""
        unit, factor = readable_unit("ns", 10 * self.limit_ns)
        return f"< {self.limit_ns * factor:g} {unit}"


class Tier(BaseModel):
    """Who trades at tick-to-trade latencies below ``below_ns``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    below_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    budget: tuple[Budget, ...] = ()
    tier: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Budgets:
    """The budgets and tiers of one file."""

    name: str
    budgets: tuple[Budget, ...]
    tiers: tuple[Tier, ...]

    def of(self, benchmark: str, metric: str) -> Budget | None:
        """The budget of a figure: the first that matches; None where nobody wants anything of it."""
        for budget in self.budgets:
            if budget.metric == metric and any(fnmatch.fnmatchcase(benchmark, each) for each in budget.benchmarks):
                return budget
        return None

    def tier_of(self, benchmark: str, latency_ns: float) -> str | None:
        """The fastest tier that ``latency_ns`` belongs to; None for what is no tick-to-trade latency."""
        if not self.tiers or not fnmatch.fnmatchcase(benchmark, TICK_TO_TRADE):
            return None
        fitting = [tier for tier in self.tiers if latency_ns < tier.below_ns]
        return min(fitting, key=lambda tier: tier.below_ns).name if fitting else SLOWER

    def in_words(self, benchmark: str, metric: str, estimate: Estimate | None) -> str:
        """``budget < 100 ns (Order book update): over``, with the tier of a tick-to-trade; empty without a budget."""
        budget = self.of(benchmark, metric)
        if budget is None:
            return ""
        text = f"budget {budget.limit} ({budget.title})"
        if estimate is None:
            return text
        tier = self.tier_of(benchmark, estimate.value)
        return f"{text}: {budget.standing(estimate).value}" + (f"; {tier} tier" if tier else "")


def is_over_budget(budgets: Budgets, entry: Comparison) -> bool:
    """Whether the figure after exceeds its budget."""
    budget = budgets.of(entry.benchmark, entry.metric)
    return budget is not None and entry.after is not None and budget.standing(entry.after) is Standing.OVER


@cache
def load_budgets(name: str | os.PathLike[str] = DEFAULT) -> Budgets:
    """The budgets of that name (``chapter5``), or of the file at a path.

    Raises InvalidInput with every fault and its place.
    """
    shown = os.fspath(name)
    shipped = files("lltool.profiles") / "budgets" / f"{shown}.toml"
    try:
        if os.sep not in shown and shipped.is_file():
            text = shipped.read_text(encoding="utf-8")
        else:
            with open(shown, encoding="utf-8") as file:
                text = file.read()
        content: dict[str, Any] = parse_toml(text)
        read = _File.model_validate(content)
    except OSError as error:
        cause = os.strerror(error.errno or 0).lower()
        raise InvalidInput(f"budgets {shown} cannot be read", [cause], next_step=_NEXT_STEP) from error
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInput(f"budgets {shown} cannot be used", faults, next_step=_NEXT_STEP) from error
    except ValueError as error:
        raise InvalidInput(f"budgets {shown} are no TOML", [str(error)], next_step=_NEXT_STEP) from error
    return Budgets(shown, read.budget, read.tier)

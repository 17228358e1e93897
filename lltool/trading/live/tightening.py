"""Limits that change while a run goes on: tighter ones only, and each change told. Looser ones take a new start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lltool.trading.limits import risk_limits, router_limits

if TYPE_CHECKING:
    from lltool.kernels.router import Router
    from lltool.trading.configuration import Configuration

LARGER_IS_TIGHTER = frozenset(
    {"min_quantity", "min_notional", "rate_window_ms", "burst_window_ms", "duplicate_window_ms"}
)
NEEDS_A_START = frozenset({"max_orders", "max_burst"})
"""Their memory is laid out at the start."""


@dataclass(frozen=True, slots=True)
class Change:
    """A limit, before and after, as the configuration holds it."""

    name: str
    before: Any
    after: Any

    @property
    def is_tighter(self) -> bool:
        """Whether it may be made while the run goes on."""
        if self.name in NEEDS_A_START:
            return False
        if isinstance(self.before, tuple):  # restricted symbols
            return set(self.before) < set(self.after)
        return bool(self.after > self.before) == (self.name in LARGER_IS_TIGHTER)

    def __str__(self) -> str:
        return f"risk.{self.name} {self.before} -> {self.after}"


def changes(before: Configuration, after: Configuration) -> list[Change]:
    """What differs in the limits."""
    return [
        Change(name, old, new)
        for name in type(before.risk).model_fields
        if (old := getattr(before.risk, name)) != (new := getattr(after.risk, name))
    ]


def apply(configuration: Configuration, router: Router) -> None:
    """Give ``router`` and its risk check the limits of ``configuration``. On their thread."""
    router.risk.set_limits(**risk_limits(configuration))
    router.set_limits(**router_limits(configuration))

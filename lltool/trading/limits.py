"""The configuration's limits as arguments of the kernels: every price and quantity x 10^8, money x 10^16."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.kernels.risk import RiskCheck
    from lltool.trading.configuration import Configuration

SCALE = 100_000_000
ORDERS_KNOWN = 4096
"""Own orders of a symbol that can be looked up, live or ended."""

_NS_PER_MS = 1_000_000


def risk_check(configuration: Configuration) -> RiskCheck:
    """The risk check of one symbol."""
    from lltool.kernels.risk import RiskCheck

    market = configuration.market
    return RiskCheck(
        lot=market.lot, tick=market.tick, max_orders=configuration.risk.max_orders, **risk_limits(configuration)
    )


def risk_limits(configuration: Configuration) -> dict[str, int]:
    """Those limits of a :class:`lltool.kernels.risk.RiskCheck` that may change while it runs."""
    risk = configuration.risk
    return {
        "max_quantity": risk.max_quantity,
        "band": risk.price_band,
        "max_notional": risk.max_notional * SCALE,
        "max_long": risk.max_position,
        "max_short": risk.max_position,
        "max_open_orders": risk.max_open_orders,
        "max_gross_notional": risk.max_gross_notional * SCALE,
        "rate_window_ns": risk.rate_window_ms * _NS_PER_MS,
        "max_age_ns": risk.max_book_age_ms * _NS_PER_MS,
    }


def router_arguments(configuration: Configuration) -> dict[str, int]:
    """Keyword arguments of :class:`lltool.kernels.router.Router`, but for the epoch."""
    return {
        "capacity": ORDERS_KNOWN,
        "max_burst": configuration.risk.max_burst,
        **router_limits(configuration),
    }


def router_limits(configuration: Configuration) -> dict[str, int]:
    """Those limits of a :class:`lltool.kernels.router.Router` that may change while it runs."""
    risk = configuration.risk
    return {
        "min_quantity": risk.min_quantity,
        "min_notional": risk.min_notional * SCALE,
        "max_loss": risk.max_loss * SCALE,
        "max_drawdown": risk.max_drawdown * SCALE,
        "duplicate_window_ns": risk.duplicate_window_ms * _NS_PER_MS,
        "burst_window_ns": risk.burst_window_ms * _NS_PER_MS,
        "max_size_multiple": risk.max_size_multiple,
        "max_cancels_percent": risk.max_cancels_percent,
    }

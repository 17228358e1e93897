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

    risk, market = configuration.risk, configuration.market
    return RiskCheck(
        max_quantity=risk.max_quantity,
        lot=market.lot,
        tick=market.tick,
        band=risk.price_band,
        max_notional=risk.max_notional * SCALE,
        max_long=risk.max_position,
        max_short=risk.max_position,
        max_open_orders=risk.max_open_orders,
        max_gross_notional=risk.max_gross_notional * SCALE,
        max_orders=risk.max_orders,
        rate_window_ns=risk.rate_window_ms * _NS_PER_MS,
        max_age_ns=risk.max_book_age_ms * _NS_PER_MS,
    )


def router_arguments(configuration: Configuration) -> dict[str, int]:
    """Keyword arguments of :class:`lltool.kernels.router.Router`, but for the epoch."""
    risk = configuration.risk
    return {
        "capacity": ORDERS_KNOWN,
        "min_quantity": risk.min_quantity,
        "min_notional": risk.min_notional * SCALE,
        "max_loss": risk.max_loss * SCALE,
        "max_drawdown": risk.max_drawdown * SCALE,
        "duplicate_window_ns": risk.duplicate_window_ms * _NS_PER_MS,
        "max_burst": risk.max_burst,
        "burst_window_ns": risk.burst_window_ms * _NS_PER_MS,
        "max_size_multiple": risk.max_size_multiple,
        "max_cancels_percent": risk.max_cancels_percent,
    }

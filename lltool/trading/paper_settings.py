"""The configuration's paper exchange as arguments of the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.trading.configuration import Configuration

SCALE = 100_000_000
_NS_PER_US = 1000


def paper_arguments(configuration: Configuration) -> dict[str, int]:
    """Keyword arguments of :class:`lltool.kernels.paper.PaperExchange`: times in ns, money x 10^16."""
    paper, market = configuration.paper, configuration.market
    return {
        "min_price": paper.min_price,
        "max_price": paper.max_price,
        "tick": market.tick,
        "min_quantity": paper.min_quantity,
        "max_quantity": paper.max_quantity,
        "lot": market.lot,
        "min_notional": paper.min_notional * SCALE,
        "price_up": paper.price_up,
        "price_down": paper.price_down,
        "max_orders": paper.max_orders,
        "max_position": paper.max_position,
        "maker_rate": paper.maker_fee,
        "taker_rate": paper.taker_fee,
        "entry_ns": paper.entry_latency_us * _NS_PER_US,
        "response_ns": paper.response_latency_us * _NS_PER_US,
        "jitter_ns": paper.latency_jitter_us * _NS_PER_US,
        "seed": paper.seed,
    }

"""The configuration as trading desks: each symbol's book, strategy, router and paper exchange, on one thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lltool.kernels.breaker import CircuitBreaker
    from lltool.kernels.desk import Floor
    from lltool.kernels.kill_switch import KillSwitch
    from lltool.kernels.log_ring import LogRing
    from lltool.kernels.router import Router
    from lltool.trading.configuration import Configuration

_NS_PER_MS = 1_000_000


def new_floor(
    configuration: Configuration,
    instruments: Sequence[tuple[str, int]],
    *,
    kill: KillSwitch,
    log: LogRing,
    epoch: int,
    paper: bool = True,
) -> Floor:
    """A desk for each of ``instruments``: (symbol, SPOT or FUTURES of :mod:`lltool.kernels.binance_json`).

    They share one circuit breaker, as they share the way to the exchange. ``epoch`` begins the ids of the first desk's
    orders, ``epoch + 1`` those of the second, and so on. Without ``paper`` orders are given out by the desks.

    Raises InvalidInput for a strategy of the user's own that cannot be had.
    """
    from lltool.kernels.desk import Desk, Floor
    from lltool.kernels.paper import PaperExchange
    from lltool.kernels.sync import BookSync
    from lltool.trading.paper_settings import paper_arguments
    from lltool.trading.strategies import new_strategy

    breaker = new_breaker(configuration)
    desks = []
    for number, (symbol, market) in enumerate(instruments):
        sync = BookSync(market, stale_ns=configuration.live.stale_stop_ms * _NS_PER_MS)
        desks.append(
            Desk(
                symbol,
                sync,
                new_router(configuration, kill, epoch + number, symbol),
                PaperExchange(sync, **paper_arguments(configuration)) if paper else None,
                breaker,
                log,
                new_strategy(configuration),
                number=number,
            )
        )
    return Floor(desks)


def new_breaker(configuration: Configuration) -> CircuitBreaker:
    """The circuit breaker of the way to the exchange."""
    from lltool.kernels.breaker import CircuitBreaker

    return CircuitBreaker(
        configuration.breaker.failures,
        configuration.breaker.window_ms * _NS_PER_MS,
        configuration.breaker.recovery_ms * _NS_PER_MS,
    )


def new_router(configuration: Configuration, kill: KillSwitch, epoch: int, symbol: str) -> Router:
    """The router of ``symbol``, with its risk check."""
    from lltool.kernels.router import Router
    from lltool.trading.limits import risk_check, router_arguments

    router = Router(risk_check(configuration), kill, epoch=epoch, **router_arguments(configuration))
    router.restricted = symbol in configuration.risk.restricted
    return router

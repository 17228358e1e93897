"""The strategy that the configuration names: the chapter's, or one of the user's own, which is imported here."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from lltool.errors import InvalidInput

if TYPE_CHECKING:
    from lltool.kernels.strategy import Strategy
    from lltool.trading.configuration import Configuration


def new_strategy(configuration: Configuration) -> Strategy:
    """A strategy for one desk. Raises InvalidInput when the user's own cannot be had."""
    from lltool.kernels.strategy import SpreadStrategy, Strategy

    chosen = configuration.strategy
    if not chosen.own:
        return SpreadStrategy(
            threshold=chosen.spread_threshold, quantity=chosen.quantity, tick=configuration.market.tick
        )
    module, _, name = chosen.own.partition(":")
    try:
        made = getattr(importlib.import_module(module), name)(**chosen.arguments)
    except (ImportError, AttributeError, TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"strategy.own {chosen.own!r} cannot be used",
            [f"{type(error).__name__}: {error}"],
            next_step="docs/strategy.md shows how to build one; PYTHONPATH names the folder where it lies",
        ) from error
    if not isinstance(made, Strategy):
        raise InvalidInput(f"strategy.own {chosen.own!r} cannot be used", ["it is no lltool.kernels.strategy.Strategy"])
    return made

"""What a run tells of itself: every N ticks in a line, at its end in a document."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lltool.trading.live.lifecycle import Run
    from lltool.trading.live.run import TradingRun


def statistics_of(run: Run) -> dict[str, Any]:
    """Counts so far, and latencies since the last statistics, over all symbols."""
    return {
        **run.totals(),
        "tick_to_update_ticks": run.latencies.in_ticks("tick_to_update"),
        "tick_to_order_ticks": run.latencies.in_ticks("tick_to_trade"),
    }


def report_of(run: Run) -> dict[str, Any]:
    """The document at the end (``lltool.trade-run/1``)."""
    return {
        "schema": "lltool.trade-run/1",
        "seconds": round(time.monotonic() - run.started_at, 3),
        "ended": run.ended or "failure",
        "kill_switch": run.killed_by,
        "orders_confirmed": run.unconfirmed == 0,
        "unconfirmed_orders": run.unconfirmed,
        "log_dropped": run.log.dropped,
        "breaker_openings": run.breaker_openings,
        **run.report(),
        "statistics": run.statistics,
    }


def streams_report(run: TradingRun) -> dict[str, Any]:
    """What a run on an exchange's streams knows."""
    session, snapshots = run.market_data.counters, run.snapshots
    return {
        "unsent_orders": run.gateway.unsent,
        "missing_orders": run.gateway.missing,
        "messages": run.floor.messages,
        "refused_messages": run.floor.refused,
        "foreign_messages": run.floor.foreign,
        "session": {
            "connections": session.connections,
            "failures": session.failures,
            "rolls": session.rolls,
            "shutdowns": session.shutdowns,
            "ping_silences": session.ping_silences,
            "refused_subscriptions": session.refused_subscriptions,
            "reasons": session.reasons,
        },
        "snapshots": {"fetched": snapshots.fetched, "refused": snapshots.refused, "failed": snapshots.failed},
        "symbols": {desk.symbol: _symbol(desk) for desk in run.floor.desks},
    }


def _symbol(desk: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "state": desk.sync.state.name.lower(),
        "update_id": desk.sync.update_id,
        "book": desk.sync.counts,
        "messages": desk.counters(),
        "orders": desk.router.counters(),
        "denials": desk.router.denials(),
        "account": desk.router.account._asdict(),
    }
    if desk.paper is not None:
        # The exchange's own books beside those made of its reports: they are the same, or something was lost.
        found["exchange_account"] = desk.paper.account._asdict()
    return found

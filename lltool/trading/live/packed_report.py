"""What a run on the packed feed tells of itself: in the form of every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lltool.trading.live.counters import counters_of_orders

if TYPE_CHECKING:
    from lltool.trading.live.packed_run import PackedRun


def report_of_pipeline(run: PackedRun) -> dict[str, Any]:
    """The part of ``lltool.trade-run/1``. Its sessions are the connections of feed and order entry."""
    counts, ends, statuses = run.pipeline.counts, (run.ends.feed, run.ends.orders), run.statuses()
    reasons = {f"{end.name}: {reason}": count for end in ends for reason, count in end.reasons.items()}
    return {
        "unsent_orders": counts["unsent"],
        "missing_orders": sum(status["missing"] for status in statuses),
        "messages": counts["messages"],
        "refused_messages": 0,
        "foreign_messages": counts["foreign"],
        "session": {
            "connections": sum(end.connections for end in ends),
            "failures": sum(end.failures for end in ends),
            "rolls": 0,
            "shutdowns": 0,
            "ping_silences": 0,
            "refused_subscriptions": 0,
            "reasons": reasons,
        },
        "snapshots": {"fetched": run.ends.feed.connections, "refused": 0, "failed": 0},
        "symbols": {
            symbol: _symbol(run, status)
            for symbol, status in zip(run.configuration.market.symbols, statuses, strict=True)
        },
    }


def _symbol(run: PackedRun, status: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": status["state"].name.lower(),
        "update_id": status["quotes"],
        "book": {
            "applied": status["quotes"],
            "gaps": 0,
            "resyncs": run.resyncs,
            "crossed": status["crossed"],
            "stale": status["stale"],
        },
        "messages": {
            "ticks": status["quotes"],
            "trades": status["trades"],
            "held_by_breaker": status["held_by_breaker"],
        },
        "orders": status["orders"],
        "denials": status["denials"],
        "account": status["account"]._asdict(),
    }


def counters_of_pipeline(run: PackedRun, now_ns: int) -> dict[str, Any]:
    """The part of ``lltool.trade-counters/1``."""
    statuses = run.statuses()
    return {
        "messages": {
            "taken": sum(status["quotes"] + status["trades"] for status in statuses),
            "refused": 0,
            "foreign": run.pipeline.foreign,
        },
        "queue_dropped": {"log": run.log.dropped, "kept-events": 0},
        "unsent_orders": run.pipeline.unsent,
        "symbols": {
            symbol: _counters(run, status, now_ns)
            for symbol, status in zip(run.configuration.market.symbols, statuses, strict=True)
        },
    }


def _counters(run: PackedRun, status: dict[str, Any], now_ns: int) -> dict[str, Any]:
    return {
        "state": status["state"].name.lower(),
        "gaps": 0,
        "resyncs": run.resyncs,
        "crossed": status["crossed"],
        "stale_seconds": (now_ns - status["updated_ns"]) / 1e9 if status["updated_ns"] else None,
        **counters_of_orders(status["orders"], status["denials"], status["held_by_breaker"], status["account"]),
    }

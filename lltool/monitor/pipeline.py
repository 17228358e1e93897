"""The counters of trading runs as metrics. Labels: the run, its symbols, stages, queues and reasons; never an order.

A run whose process is gone has no present: of it only remain that it is gone, when it last told anything, and whether
its kill switch was tripped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lltool.monitor.exposition import Family, Type

_CIRCUIT = {"closed": 0, "open": 1, "half-open": 2}


class _Families:
    """Families by name, in the order of their first sample."""

    def __init__(self) -> None:
        self.found: dict[str, Family] = {}

    def of(self, name: str, kind: Type, text: str) -> Family:
        return self.found.setdefault(name, Family(name, kind, text))


def pipeline_metrics(runs: Sequence[Mapping[str, Any]], now: float) -> Iterator[Family]:
    """The families of ``runs`` of a document ``lltool.host-state/1``, taken ``now``, in seconds since 1970."""
    families = _Families()
    for run in runs:
        counters = run["counters"]
        _of_any(families, counters, is_running=run["running"])
        if run["running"]:
            _of_running(families, counters)
            for symbol, book in counters["symbols"].items():
                _of_symbol(families, {"run": counters["name"], "symbol": symbol}, book, now - counters["taken_at"])
    yield from families.found.values()


def _of_any(families: _Families, counters: Mapping[str, Any], *, is_running: bool) -> None:
    labels = {"run": counters["name"]}
    running = families.of(
        "lltool_trade_running", "gauge", "Whether the process of a run that did not end well is there."
    )
    running.add(int(is_running), labels)
    told = families.of("lltool_trade_counters_timestamp_seconds", "gauge", "When a run last told its counters.")
    told.add(counters["taken_at"], labels)
    tripped = families.of("lltool_kill_switch", "gauge", "Whether the kill switch of a run was tripped.")
    tripped.add(int(counters["kill_switch"] is not None), labels)


def _of_running(families: _Families, counters: Mapping[str, Any]) -> None:
    labels = {"run": counters["name"]}
    circuit = families.of("lltool_circuit_state", "gauge", "The circuit breaker: 0 closed, 1 open, 2 half-open.")
    circuit.add(_CIRCUIT[counters["circuit"]], labels)
    openings = families.of("lltool_circuit_openings_total", "counter", "How often the circuit breaker opened.")
    openings.add(counters["circuit_openings"], labels)
    messages = families.of("lltool_trade_messages_total", "counter", "Messages of market data, by what became of them.")
    for outcome, count in counters["messages"].items():
        messages.add(count, {**labels, "outcome": outcome})
    dropped = families.of("lltool_queue_dropped_total", "counter", "Entries that found their queue full.")
    for queue, count in counters["queue_dropped"].items():
        dropped.add(count, {**labels, "queue": queue})
    unsent = families.of("lltool_orders_unsent_total", "counter", "Orders that had no connection to leave by.")
    unsent.add(counters["unsent_orders"], labels)
    stages = families.of("lltool_t2t_seconds", "summary", "Time in a stage from tick to trade; quantiles of late.")
    for stage, told in counters["stages"].items():
        for quantile, seconds in (told["quantiles"] or {}).items():
            stages.add(seconds, {**labels, "stage": stage, "quantile": quantile})
        stages.add(told["sum_seconds"], {**labels, "stage": stage}, suffix="_sum")
        stages.add(told["count"], {**labels, "stage": stage}, suffix="_count")


def _of_symbol(families: _Families, labels: dict[str, str], book: Mapping[str, Any], age_seconds: float) -> None:
    for name, key, text in (
        ("lltool_book_gaps_total", "gaps", "Gaps in the stream of a book."),
        ("lltool_book_resyncs_total", "resyncs", "Times that a book was built anew from a snapshot."),
        ("lltool_orders_total", "orders", "Orders that passed every check."),
        ("lltool_fills_total", "fills", "Fills."),
    ):
        families.of(name, "counter", text).add(book[key], labels)
    live = families.of("lltool_book_live", "gauge", "Whether a book may be traded on.")
    live.add(int(book["state"] == "live"), labels)
    if book["stale_seconds"] is not None:
        stale = families.of("lltool_book_stale_seconds", "gauge", "Time since the last event of a book.")
        stale.add(book["stale_seconds"] + max(0.0, age_seconds), labels)
    denied = families.of("lltool_orders_denied_total", "counter", "Orders that a check denied, by reason.")
    for reason, count in book["denied"].items():
        denied.add(count, {**labels, "reason": reason})

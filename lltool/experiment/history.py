"""Several results in order of time: how the figure that stands for each benchmark went."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lltool.bench.compare import benchmarks_in, metrics_of
from lltool.bench.embedded import pack
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.model import Result
from lltool.bench.resolution import format_number, quantum_ns, readable_unit, resolution
from lltool.bench.wire import document
from lltool.experiment.chapter import headline_of, in_order, title_of
from lltool.reports import History, HistoryPoint

MOST_EMBEDDED_BYTES = 6_000_000
"""More data would make a page that browsers open slowly: the latest results are embedded, the others named."""


def in_order_of_time(results: Sequence[Result]) -> list[Result]:
    """The results by the time they were made; those of one time as they come."""
    return sorted(results, key=lambda result: result.created)


def history_of(results: Sequence[Result]) -> tuple[History, ...]:
    """One history for each benchmark that any of ``results`` (in order of time) has its headline figure of."""
    names = in_order(list(dict.fromkeys(name for result in results for name in benchmarks_in(result.runs))))
    found = (_history(name, results) for name in names)
    return tuple(history for history in found if history.points)


def _history(benchmark: str, results: Sequence[Result]) -> History:
    runs = [[run for run in result.runs if run.benchmark == benchmark] for result in results]
    metric = headline_of(benchmark, metrics_of(benchmark, [run for own in runs for run in own]))
    figures = [estimate(own, metric) for own in runs]
    middle = sorted(figure.value for figure in figures if figure is not None)
    name, factor = readable_unit(unit(metric), *middle[len(middle) // 2 : len(middle) // 2 + 1])
    points = []
    for place, (result, own, figure) in enumerate(zip(results, runs, figures, strict=True), start=1):
        if figure is None:
            continue
        usable = having(own, metric)
        each = [one.value for run in usable if (one := estimate([run], metric)) is not None]
        step = resolution(usable, metric, quantum_ns(result.passport))
        points.append(
            HistoryPoint(
                place=place,
                label=result.label,
                created=result.created,
                value=figure.value * factor,
                low=min(each) * factor,
                high=max(each) * factor,
                runs=figure.runs,
                text=format_number(figure.value * factor, step * factor),
            )
        )
    return History(benchmark, title_of(benchmark), metric, name, tuple(points))


def embedded_within_limit(results: Sequence[Result]) -> tuple[tuple[dict[str, Any], ...], int]:
    """The latest of ``results`` packed for embedding, in order, and how many had no room."""
    packed: list[dict[str, Any]] = []
    size = 0
    for result in reversed(results):
        one = pack(document(result))
        size += len(json.dumps(one))
        if packed and size > MOST_EMBEDDED_BYTES:
            break
        packed.insert(0, one)
    return tuple(packed), len(results) - len(packed)

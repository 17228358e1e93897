"""Results -> the page of a report: one measurement, one trial, or two results as before and after."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lltool.bench.compare import benchmarks_in
from lltool.bench.embedded import pack
from lltool.bench.matching import match
from lltool.bench.model import Result, Run
from lltool.bench.pairing import ARMS, Pair, has_both_arms, pair_of
from lltool.bench.resolution import floor_ns, quantum_ns
from lltool.bench.wire import document
from lltool.errors import InvalidInput
from lltool.experiment import cautions
from lltool.experiment.chapter import in_order
from lltool.experiment.facts import host_pairs, passport_pairs, side_by_side
from lltool.experiment.hierarchy import levels_of
from lltool.experiment.history import embedded_within_limit, history_of, in_order_of_time
from lltool.experiment.matrix import matrices_of
from lltool.experiment.noise import noise_of
from lltool.experiment.quality import quality_pairs
from lltool.experiment.rows import compared_rows, setting_rows, single_rows
from lltool.experiment.sentences import verdict_sentences
from lltool.experiment.spectra import chart_of
from lltool.experiment.stages import stages_of
from lltool.experiment.topology import topology_of
from lltool.experiment.transactions import tuning_of
from lltool.reports import Chart, Page


def build_page(results: Sequence[Result], source_names: Sequence[str | os.PathLike[str]]) -> Page:
    """The page of one result, of two as before and after, or of more as a history; ``source_names`` are their files.

    Raises InvalidInput where there is no result, or where those to compare cannot be paired.
    """
    if not results:
        raise InvalidInput("there is nothing to report", ["no result given"], next_step="give result files or reports")
    names = [os.fspath(name) for name in source_names]
    if len(results) > len(ARMS):
        return _of_history(in_order_of_time(results), names)
    if len(results) == len(ARMS) or has_both_arms(results[0]):
        return _of_pair(pair_of(results[0], results[-1]), results, names)
    return _of_one(results[0], names)


def _of_history(results: Sequence[Result], names: Sequence[str]) -> Page:
    """The latest two results as before and after, with the history of all."""
    latest = _of_pair(pair_of(results[-2], results[-1]), results[-2:], names)
    data, left_out = embedded_within_limit(results)
    told = f"The verdict compares the latest two of {len(results)} results; the history shows all."
    missing = f"The data of the oldest {left_out} results is not embedded: the page would be too large."
    return replace(
        latest,
        title=f"History of {len(results)} results, latest {results[-1].created}",
        cautions=(told, *((missing,) if left_out else ()), *latest.cautions),
        reproduce=(*latest.reproduce[:-1], shlex.join(["lltool", "report", *names])),
        data=data,
        histories=history_of(results),
        results=len(results),
    )


def _of_pair(pair: Pair, results: Sequence[Result], names: Sequence[str]) -> Page:
    comparisons = pair.compare()
    settings = setting_rows(*_findings(results))
    before, after = results[0], results[-1]
    return Page(
        title=_title("Before and after", results),
        created=after.created,
        design=pair.design,
        arms=ARMS,
        verdicts=tuple(verdict_sentences(comparisons, pair)),
        cautions=(
            *pair.notes,
            *cautions.of_host(results),
            *cautions.of_runs([*pair.before, *pair.after]),
            *cautions.of_percentiles(comparisons),
            *cautions.of_settings(settings),
        ),
        rows=compared_rows(comparisons, pair),
        charts=_charts({"before": pair.before, "after": pair.after}, results),
        levels=levels_of({"before": pair.before, "after": pair.after}, after.passport),
        stages=stages_of({"before": pair.before, "after": pair.after}, after.passport),
        noise=noise_of(results),
        tuning=tuning_of(results),
        settings=settings,
        host=side_by_side(host_pairs(before), host_pairs(after)),
        passport=side_by_side(passport_pairs(before), passport_pairs(after)),
        reproduce=_reproduce(results, names),
        data=tuple(pack(document(result)) for result in results),
        topology=topology_of(after),
        matrices=matrices_of({"before": pair.before, "after": pair.after}),
        quality=quality_pairs(results, [*pair.before, *pair.after], pair.design, comparisons),
    )


def _of_one(result: Result, names: Sequence[str]) -> Page:
    arm = ", ".join(dict.fromkeys(run.arm for run in result.runs))
    settings = setting_rows(*_findings([result]))
    return Page(
        title=_title("Measurement", [result]),
        created=result.created,
        design=result.design,
        arms=(arm,) if arm else (),
        verdicts=(),
        cautions=(
            *result.notes,
            *cautions.of_host([result]),
            *cautions.of_runs(result.runs),
            *cautions.of_settings(settings),
        ),
        rows=single_rows(result.runs, quantum_ns(result.passport)),
        charts=_charts({arm: result.runs}, [result]),
        levels=levels_of({arm: result.runs}, result.passport),
        stages=stages_of({arm: result.runs}, result.passport),
        noise=noise_of([result]),
        tuning=tuning_of([result]),
        settings=settings,
        host=host_pairs(result),
        passport=passport_pairs(result),
        reproduce=_reproduce([result], names),
        data=(pack(document(result)),),
        topology=topology_of(result),
        matrices=matrices_of({arm: result.runs}),
        quality=quality_pairs([result], result.runs, result.design, ()),
    )


def _title(what: str, results: Sequence[Result]) -> str:
    labels = dict.fromkeys(result.label for result in results if result.label)
    return f"{what}: {', '.join(labels)}" if labels else what


def _findings(results: Sequence[Result]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if len(results) == 1:
        arms = results[0].settings
        return arms.get("before", []), arms.get("after", [])
    before, after = ([finding for arm in result.settings.values() for finding in arm] for result in results)
    return before, after


def _floor_ns(results: Sequence[Result]) -> float | None:
    floors = [floor for result in results if (floor := floor_ns(result.passport)) is not None]
    return max(floors, default=None)


def _charts(arms: Mapping[str, Sequence[Run]], results: Sequence[Result]) -> tuple[Chart, ...]:
    floor = _floor_ns(results)
    noise = {name: content for result in results for name, content in result.noise.items()}
    runs = [run for arm in arms.values() for run in arm]
    charts = []
    for benchmark in in_order(benchmarks_in(runs)):
        own = {name: [run for run in arm if run.benchmark == benchmark and run.measured] for name, arm in arms.items()}
        if len(own) == len(ARMS):
            matched = match(*own.values())
            own = dict(zip(own, (list(matched.before), list(matched.after)), strict=True))
        chart = chart_of(benchmark, own, floor, noise)
        if chart is not None:
            charts.append(chart)
    return tuple(charts)


def _reproduce(results: Sequence[Result], names: Sequence[str]) -> tuple[str, ...]:
    commands = dict.fromkeys(result.command for result in results if result.command)
    return (*commands, shlex.join(["lltool", "report", *names]))

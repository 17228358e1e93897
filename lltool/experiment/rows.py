"""The rows of a report's tables: figures by benchmark, settings by verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lltool.bench.budgets import load_budgets
from lltool.bench.compare import benchmarks_in, metrics_of, why_missing
from lltool.bench.estimates import estimate, having, unit
from lltool.bench.figures import NONE, figures_of
from lltool.bench.model import Comparison, Outcome, Run
from lltool.bench.pairing import Pair
from lltool.bench.resolution import format_number, readable_unit, resolution
from lltool.experiment.chapter import headline_of, in_order, section_of, title_of
from lltool.reports import Row, SettingRow
from lltool.tuning.catalogue import DISRUPTIONS, Entry, load_catalogue


def compared_rows(comparisons: Sequence[Comparison], pair: Pair) -> tuple[Row, ...]:
    """A row for each metric, by section of the chapter; a benchmark without any figure has one row that says why."""
    rows = []
    for benchmark in in_order(list(dict.fromkeys(entry.benchmark for entry in comparisons))):
        own = [entry for entry in comparisons if entry.benchmark == benchmark]
        headline = headline_of(benchmark, tuple(entry.metric for entry in own))
        if all(entry.before is None and entry.after is None for entry in own):
            own = [entry for entry in own if entry.metric == headline]
        rows += [_compared_row(entry, pair, headline) for entry in own]
    return tuple(rows)


def _compared_row(entry: Comparison, pair: Pair, headline: str) -> Row:
    figures = figures_of(entry, pair)
    before, after, change, interval = (
        "" if text == NONE else text for text in (figures.before, figures.after, figures.change, figures.interval)
    )
    return Row(
        benchmark=entry.benchmark,
        title=title_of(entry.benchmark),
        section=section_of(entry.benchmark),
        metric=entry.metric,
        unit=figures.unit,
        before=before,
        after=after,
        change=change,
        interval=interval,
        outcome=entry.outcome.value,
        reason=entry.reason,
        runs=figures.runs,
        unsettled=figures.unsettled,
        headline=entry.metric == headline,
        budget=load_budgets().in_words(entry.benchmark, entry.metric, entry.after),
    )


def single_rows(runs: Sequence[Run], quantum_ns: float | None) -> tuple[Row, ...]:
    """A row for each metric of one arm."""
    rows = []
    for benchmark in in_order(benchmarks_in(runs)):
        own = [run for run in runs if run.benchmark == benchmark]
        metrics = metrics_of(benchmark, own)
        headline = headline_of(benchmark, metrics)
        shown = [metric for metric in metrics if having(own, metric)] or [headline]
        rows += [_single_row(benchmark, metric, own, quantum_ns, is_headline=metric == headline) for metric in shown]
    return tuple(rows)


def _single_row(benchmark: str, metric: str, own: Sequence[Run], quantum_ns: float | None, *, is_headline: bool) -> Row:
    found = estimate(own, metric)
    name, text = unit(metric), ""
    if found is not None:
        name, factor = readable_unit(name, found.value)
        text = format_number(found.value * factor, resolution(having(own, metric), metric, quantum_ns) * factor)
    return Row(
        benchmark=benchmark,
        title=title_of(benchmark),
        section=section_of(benchmark),
        metric=metric,
        unit=name,
        before=text,
        after="",
        change="",
        interval="",
        outcome=Outcome.NOT_COMPARED.value,
        reason=why_missing(own, metric) or "",
        runs=str(0 if found is None else found.runs),
        unsettled=found is not None and not found.settled,
        headline=is_headline,
        budget=load_budgets().in_words(benchmark, metric, found),
    )


def setting_rows(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> tuple[SettingRow, ...]:
    """Each setting with its live values in both arms, and the verdict of the later one that judged it."""
    old, new = ({str(finding.get("setting", "")): finding for finding in arm} for arm in (before, after))
    rows = []
    for setting in dict.fromkeys([*old, *new]):
        finding = new.get(setting) or old[setting]
        entry = load_catalogue().find(setting)
        rows.append(
            SettingRow(
                setting=setting,
                title=setting if entry is None else entry.title,
                before=_text(old.get(setting), "live"),
                after=_text(new.get(setting), "live"),
                wanted=_text(finding, "wanted"),
                verdict=_text(finding, "verdict"),
                reason=_text(finding, "reason"),
                explanation=() if entry is None else _explanation(entry),
            )
        )
    return tuple(rows)


def _explanation(entry: Entry) -> tuple[tuple[str, str], ...]:
    """What the catalogue says of a setting on any host."""
    paragraphs = (
        ("Why", entry.why),
        ("No effect", entry.no_effect),
        ("Disputed", entry.disputed),
        ("Needs", entry.needs),
        ("Disrupts", DISRUPTIONS.get(entry.disrupts, "")),
        ("Sources", "; ".join(entry.sources)),
    )
    return tuple((title, text) for title, text in paragraphs if text)


def _text(finding: Mapping[str, Any] | None, key: str) -> str:
    value = None if finding is None else finding.get(key)
    return "" if value is None else str(value)

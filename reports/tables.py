"""The rows of a page in the order and grouping in which they are shown."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lltool.reports.page import Page, Row, SettingRow

_NUMBER = re.compile(r"[^0-9]*[0-9][0-9,]*(?:\.(?P<decimals>[0-9]+))?.*", re.DOTALL)
_VERDICTS = ("refused", "drift", "partial", "pending-reboot", "no-effect", "ok", "not-applicable")
"""What does not hold comes first."""

_POINT_SPACE, _DIGIT_SPACE = "\u2008", "\u2007"


@dataclass(frozen=True, slots=True)
class Figures:
    """One metric with its figures padded so that the decimal points of a column stand below each other."""

    row: Row
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The metrics of one benchmark, in the order given. ``chart`` is the place of its spectrum on the page."""

    name: str
    title: str
    chart: int | None
    figures: tuple[Figures, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the chapter: what stands for its benchmarks, and everything else that was measured of them."""

    name: str
    headline: tuple[Benchmark, ...]
    others: tuple[Benchmark, ...]

    @property
    def other_figures(self) -> int:
        """How many figures ``others`` holds."""
        return sum(len(benchmark.figures) for benchmark in self.others)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings whose value differs between the arms, and the others, by verdict and with the number of each."""

    changed: tuple[SettingRow, ...]
    changed_verdicts: tuple[tuple[str, int], ...]
    unchanged: tuple[SettingRow, ...]
    unchanged_verdicts: tuple[tuple[str, int], ...]


def sections(page: Page) -> tuple[Section, ...]:
    """The rows of ``page`` by section and benchmark, each in order of first appearance."""
    figures = _padded(page.rows)
    names = dict.fromkeys(row.section for row in page.rows)
    charts = {chart.benchmark: place for place, chart in reversed(list(enumerate(page.charts, start=1)))}
    return tuple(
        Section(
            name=name,
            headline=_benchmarks((f for f in figures if f.row.section == name and f.row.headline), charts),
            others=_benchmarks((f for f in figures if f.row.section == name and not f.row.headline), charts),
        )
        for name in names
    )


def outcomes(page: Page) -> tuple[tuple[str, int], ...]:
    """How many headline figures came out how, best first; outcomes that did not occur are left out."""
    count = Counter(row.outcome for row in page.rows if row.headline)
    known = ("better", "worse", "equivalent", "inconclusive", "not compared")
    others = tuple(outcome for outcome in count if outcome not in known)
    return tuple((outcome, count[outcome]) for outcome in (*known, *others) if count[outcome])


def settings(page: Page) -> Settings:
    """The settings of ``page`` split by whether the two arms differ in them, each part by verdict."""
    ordered = sorted(page.settings, key=lambda row: (*_VERDICTS, row.verdict).index(row.verdict))
    changed = tuple(row for row in ordered if row.before != row.after)
    unchanged = tuple(row for row in ordered if row.before == row.after)
    return Settings(changed, _counted(changed), unchanged, _counted(unchanged))


def _counted(rows: Sequence[SettingRow]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(row.verdict for row in rows).items())


def align_decimals(column: Sequence[str]) -> tuple[str, ...]:
    """``column``, whose cells are set flush right, with spaces at the end as wide as the decimals that are missing."""
    matches = [_NUMBER.fullmatch(text) for text in column]
    widest = max((len(match["decimals"] or "") for match in matches if match), default=0)
    return tuple(_pad(match, widest) if match else text for text, match in zip(column, matches, strict=True))


def _pad(match: re.Match[str], widest: int) -> str:
    decimals = match["decimals"]
    point = _POINT_SPACE if decimals is None and widest else ""
    return match.string + point + _DIGIT_SPACE * (widest - len(decimals or ""))


def _padded(rows: Sequence[Row]) -> list[Figures]:
    values = align_decimals([text for row in rows for text in (row.before, row.after)])
    changes = align_decimals([row.change for row in rows])
    return [
        Figures(row, before, after, change)
        for row, before, after, change in zip(rows, values[::2], values[1::2], changes, strict=True)
    ]


def _benchmarks(figures: Iterable[Figures], charts: dict[str, int]) -> tuple[Benchmark, ...]:
    grouped: dict[str, list[Figures]] = {}
    for figure in figures:
        grouped.setdefault(figure.row.benchmark, []).append(figure)
    return tuple(
        Benchmark(name, members[0].row.title, charts.get(name), tuple(members)) for name, members in grouped.items()
    )

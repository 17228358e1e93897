"""Rows in the order and grouping in which a reader finds them."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lltool.reports.page import Page
from lltool.reports.tables import align_decimals, outcomes, sections, settings


def test_decimal_points_stand_below_each_other() -> None:
    aligned = align_decimals(["41.25", "7", "1,234.5", "", "not measured"])
    assert aligned == ("41.25", "7\u2008\u2007\u2007", "1,234.5\u2007", "", "not measured")


def test_a_unit_sign_stays_with_its_number() -> None:
    assert align_decimals(["-30 %", "+1.5 %"]) == ("-30 %\u2008\u2007", "+1.5 %")


@given(st.lists(st.text() | st.decimals(allow_nan=False, allow_infinity=False).map(str)))
def test_alignment_adds_space_and_nothing_else(column: list[str]) -> None:
    aligned = align_decimals(column)
    assert [re.sub("[\u2007\u2008]", "", text) for text in aligned] == [
        re.sub("[\u2007\u2008]", "", text) for text in column
    ]


def test_every_row_is_on_the_page_once(page: Page) -> None:
    shown = [
        figures.row
        for section in sections(page)
        for benchmark in (*section.headline, *section.others)
        for figures in benchmark.figures
    ]
    assert sorted(map(repr, shown)) == sorted(map(repr, page.rows))


def test_sections_and_benchmarks_keep_the_order_of_the_rows(page: Page) -> None:
    names = [section.name for section in sections(page)]
    assert names == list(dict.fromkeys(row.section for row in page.rows))
    benchmarks = [benchmark.name for section in sections(page) for benchmark in section.headline]
    assert benchmarks == list(dict.fromkeys(row.benchmark for row in page.rows))


def test_a_benchmark_knows_its_chart_or_that_it_has_none(page: Page) -> None:
    places = {benchmark.name: benchmark.chart for section in sections(page) for benchmark in section.headline}
    assert places["memory.chase_huge"] is None
    for name, place in places.items():
        assert place is None or page.charts[place - 1].benchmark == name


def test_outcomes_count_headline_figures_only(page: Page) -> None:
    assert dict(outcomes(page)) == {"better": 3, "worse": 1, "equivalent": 4, "inconclusive": 2, "not compared": 1}
    none = replace(page, rows=tuple(replace(row, headline=False) for row in page.rows))
    assert outcomes(none) == ()


def test_settings_that_differ_are_told_from_those_that_do_not(page: Page) -> None:
    split = settings(page)
    assert {row.setting for row in split.changed} >= {"sysctl.vm.swappiness", "thp.enabled"}
    assert {row.setting for row in split.unchanged} >= {"irq.27.affinity", "boot.isolcpus"}
    assert len(split.changed) + len(split.unchanged) == len(page.settings)
    assert dict(split.unchanged_verdicts)["refused"] == 1


def test_settings_that_do_not_hold_come_first_and_are_counted(page: Page) -> None:
    rows = tuple(
        replace(page.settings[2], setting=f"s{place}", verdict=verdict)
        for place, verdict in enumerate(("ok", "strange", "drift", "ok", "refused", "no-effect"))
    )
    split = settings(replace(page, settings=rows))
    assert [row.verdict for row in split.changed] == ["refused", "drift", "no-effect", "ok", "ok", "strange"]
    assert dict(split.changed_verdicts) == {"refused": 1, "drift": 1, "no-effect": 1, "ok": 2, "strange": 1}

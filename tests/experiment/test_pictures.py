"""The shift function and the columns of the runs say what the runs hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lltool.experiment.columns import CLASSES, runs_chart
from lltool.experiment.spectra import chart_of


def _chart(before: Any, after: Any) -> Any:
    chart = chart_of("tcp.rtt", {"before": before, "after": after}, None)
    assert chart is not None
    return chart


def test_a_shift_is_the_change_of_each_percentile_inside_its_interval(synthetic: Any) -> None:
    chart = _chart(synthetic.arm("tcp.rtt", "before", 26_000), synthetic.arm("tcp.rtt", "after", 20_800))
    assert [shift.q for shift in chart.shift] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999]
    for shift in chart.shift:
        assert shift.change == pytest.approx(-0.2, abs=0.02)
        assert shift.low <= shift.change <= shift.high


def test_bands_hold_their_line_and_end_where_it_gets_unsettled(synthetic: Any) -> None:
    chart = _chart(synthetic.arm("tcp.rtt", "before", 26_000), synthetic.arm("tcp.rtt", "after", 20_800))
    for spectrum in chart.spectra:
        line = dict(spectrum.points)
        assert spectrum.band
        assert all(low <= line[q] <= high for q, low, high in spectrum.band)
        assert all((1 - q) * spectrum.samples >= 10 - 1e-6 for q, _, _ in spectrum.band)
        assert len(spectrum.band) < len(spectrum.points)


def test_too_few_runs_have_neither_band_nor_shift(synthetic: Any) -> None:
    chart = _chart(synthetic.arm("tcp.rtt", "before", 26_000, runs=3), synthetic.arm("tcp.rtt", "after", 20_800))
    assert [bool(spectrum.band) for spectrum in chart.spectra] == [False, True]
    assert chart.shift == ()


def test_a_percentile_that_is_unsettled_in_one_arm_has_no_shift(synthetic: Any) -> None:
    before = [synthetic.run("tcp.rtt", "before", synthetic.spread(26_000, n=200)) for _ in range(5)]
    chart = _chart(before, synthetic.arm("tcp.rtt", "after", 20_800))
    assert [shift.q for shift in chart.shift][-1] == 0.99


def test_columns_are_in_order_of_time_and_hold_every_sample(synthetic: Any) -> None:
    before, after = synthetic.arm("tcp.rtt", "x", 26_000, runs=4), synthetic.arm("tcp.rtt", "x", 20_000, runs=4)
    started = [f"2026-01-01T00:00:{second:02}Z" for second in (0, 3, 4, 7, 1, 2, 5, 6)]
    runs = [replace(run, started=at) for run, at in zip([*before, *after], started, strict=True)]
    chart = runs_chart("tcp.rtt", {"before": runs[:4], "after": runs[4:]}, 1e-3)
    assert chart is not None
    assert [column.arm for column in chart.columns] == [
        "before", "after", "after", "before", "before", "after", "after", "before",
    ]  # fmt: skip
    assert (chart.metric, chart.subject, len(chart.edges)) == ("p50", "single operations", CLASSES + 1)
    for column in chart.columns:
        assert column.samples == 2000
        assert sum(share for _, share in column.shares) == pytest.approx(1)
        assert column.value == pytest.approx((26_000 if column.arm == "before" else 20_000) / 2.6e3, rel=0.02)
        assert column.longest == pytest.approx(10 * column.value, rel=0.02)
        assert chart.edges[0] <= column.value <= column.longest <= chart.edges[-1] * 1.001


def test_without_single_operations_the_blocks_are_shown(synthetic: Any) -> None:
    runs = [replace(run, samples=None) for run in synthetic.arm("mine.own", "bench", 2600, runs=2)]
    chart = chart_of("mine.own", {"bench": runs}, None)
    assert chart is not None
    assert (chart.spectra, chart.shift) == ((), ())
    assert chart.runs is not None
    assert (chart.runs.metric, chart.runs.subject, chart.unit) == ("centre", "blocks", "ns")
    assert [column.samples for column in chart.runs.columns] == [20, 20]
    assert chart.runs.columns[0].value == pytest.approx(1000, rel=0.01)


def test_runs_without_any_duration_have_no_picture(synthetic: Any) -> None:
    assert chart_of("tcp.rtt", {"bench": [synthetic.run("tcp.rtt", "bench", failed="killed")]}, None) is None

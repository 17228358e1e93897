"""Stages against the budget, and the knee, from what runs noted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lltool.bench.model import Run
from lltool.bench.pipeline_findings import pipeline_document, pipeline_tables
from lltool.bench.stages import stage_figures

NOTES: dict[str, Any] = {
    "stages_ns": {
        "kernel_to_read": 3000, "waited": 40, "parse": 11, "book": 150, "strategy": 15, "risk": 77, "serialise": 12,
        "tick_to_trade": 320, "trade_response": 5000,
    },
    "stages_p99_ns": {
        "kernel_to_read": 12_000, "waited": 90, "parse": 30, "book": 200, "strategy": 40, "risk": 200, "serialise": 20,
        "tick_to_trade": 600, "trade_response": 14_000,
    },
    "wanted_rate_hz": 1000, "achieved_rate_hz": 999, "layout": "run to completion", "kernel_stamps": "software",
}  # fmt: skip


@pytest.fixture
def runs(synthetic: Any) -> list[Run]:
    return [replace(run, notes=NOTES) for run in synthetic.arm("pipeline.tick_to_trade_1x", "bench", 2600)]


def test_a_budget_below_a_microsecond_is_about_the_median_and_others_about_p99(runs: list[Run]) -> None:
    standing = {figure.name: (figure.limit, figure.standing) for figure in stage_figures(runs)}
    assert standing["kernel_to_read"] == ("p99 < 10 us", "over")
    assert standing["book"] == ("p50 < 100 ns", "over")
    assert standing["risk"] == ("p50 < 100 ns", "within")
    assert standing["parse"] == ("p99 < 1 us", "within")
    assert standing["waited"] == ("", "")
    assert standing["trade_response"] == ("p99 < 15 us", "within")


def test_what_no_stage_claims_is_unaccounted(runs: list[Run]) -> None:
    figures = {figure.name: figure for figure in stage_figures(runs)}
    assert figures["unaccounted"].p50_ns == 320 - (40 + 11 + 150 + 15 + 77 + 12)
    assert figures["unaccounted, before"].p50_ns == 5000 - 3000 - 320
    assert figures["unaccounted"].p99_ns is None


def test_the_tables_and_the_document_tell_rates_and_knee(runs: list[Run], synthetic: Any) -> None:
    knees = [
        replace(run, benchmark="pipeline.knee", notes={
            **{name: NOTES[name] for name in ("stages_ns", "stages_p99_ns")},
            "knee_hz": hertz, "knee_found": True, "knee_rule": "the rule",
        })
        for run, hertz in zip(runs, (100, 200, 300), strict=False)
    ]  # fmt: skip
    result = synthetic.result([*runs, *knees])
    document = pipeline_document(result)
    assert document["pipeline.tick_to_trade_1x"]["rate"]["response_p50_ns"] == 5000
    assert document["pipeline.tick_to_trade_1x"]["knee"] is None
    knee = document["pipeline.knee"]["knee"]
    assert (knee["hz"], knee["lowest_hz"], knee["highest_hz"], knee["rule"]) == (200, 100, 300, "the rule")
    stages, rates, found, _ = pipeline_tables(result)
    assert ("pipeline.tick_to_trade_1x", "book", "150 ns", "200 ns", "p50 < 100 ns", "over") in stages.rows
    assert rates.rows[0][:3] == ("pipeline.tick_to_trade_1x", "1000", "999")
    assert found.rows == (("pipeline.knee", "200", "100 to 300", "3 of 3", "the rule"),)

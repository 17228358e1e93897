"""Budgets are data, gates hold them, and a tick-to-trade names its tier."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.budgets import Standing, is_over_budget, load_budgets
from lltool.bench.document import comparison_document, comparison_markdown
from lltool.bench.junit import junit
from lltool.bench.model import Estimate
from lltool.bench.pairing import pair_of
from lltool.errors import InvalidInput


def nanoseconds(value: float, beyond: int | None = None) -> Estimate:
    return Estimate(value, 10, 1000, beyond)


@pytest.mark.parametrize(
    ("benchmark", "metric", "limit_ns"),
    [
        ("tcp.oneway", "p99", 10_000),
        ("message.parse", "p99", 1_000),
        ("book.l2_update", "centre", 100),
        ("strategy.decide", "p99", 1_000),
        ("risk.check", "centre", 100),
        ("order.serialize", "centre", 500),
        ("spsc.push_pop_64", "centre", 50),
        ("breaker.allow", "centre", 2),
        ("shutdown.look", "centre", 1),
        ("pipeline.tick_to_trade", "p99", 15_000),
    ],
)
def test_the_chapters_table_is_the_default(benchmark: str, metric: str, limit_ns: float) -> None:
    found = load_budgets().of(benchmark, metric)
    assert found is not None
    assert found.limit_ns == limit_ns
    assert load_budgets().of(benchmark, "p50") is None


def test_a_target_is_what_a_figure_lies_below() -> None:
    budget = load_budgets().of("book.l2_update", "centre")
    assert budget is not None
    assert budget.limit == "< 100 ns"
    assert budget.standing(nanoseconds(99.9)) is Standing.WITHIN
    assert budget.standing(nanoseconds(100.0)) is Standing.OVER
    assert budget.standing(nanoseconds(50.0, beyond=9)) is Standing.UNSETTLED
    assert budget.standing(nanoseconds(150.0, beyond=9)) is Standing.OVER


@pytest.mark.parametrize(
    ("latency_ns", "tier"),
    [
        (999, "ultra-HFT"),
        (1_000, "HFT"),
        (15_000, "HFT"),
        (500_000, "institutional"),
        (50_000_000, "retail"),
        (6e8, "slower than retail"),
    ],
)
def test_tick_to_trade_names_its_tier(latency_ns: float, tier: str) -> None:
    budgets = load_budgets()
    assert budgets.tier_of("pipeline.tick_to_trade", latency_ns) == tier
    assert tier in budgets.in_words("pipeline.tick_to_trade", "p99", nanoseconds(latency_ns))
    assert budgets.tier_of("tcp.rtt", latency_ns) is None


def test_every_fault_of_a_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[[budget]]\ntitle = "a"\nbenchmarks = ["x"]\nmetric = "max"\nlimit_ns = -1\nextra = 1\n')
    with pytest.raises(InvalidInput) as raised:
        load_budgets(path)
    assert [fault.partition(":")[0] for fault in raised.value.faults] == [
        "budget.0.metric",
        "budget.0.limit_ns",
        "budget.0.extra",
    ]
    path.with_name("no.toml").write_text("[[budget")
    for wrong, text in (("no.toml", "no TOML"), ("absent.toml", "cannot be read")):
        with pytest.raises(InvalidInput, match=text):
            load_budgets(tmp_path / wrong)


@pytest.fixture
def over(synthetic: Any, tmp_path: Path) -> Any:
    """A trial of two benchmarks, and budgets of which the second is not kept."""
    path = tmp_path / "own.toml"
    entry = '[[budget]]\ntitle = "{0}"\nbenchmarks = ["{0}"]\nmetric = "p50"\nlimit_ns = {1}\n'
    path.write_text(entry.format("tcp.rtt", 1e6) + entry.format("tcp.rtt_tuned", 5e3))
    result = synthetic.trial(tcp_rtt=(26_000, 52_000), tcp_rtt_tuned=(26_000, 13_200))
    pair = pair_of(result, result)
    return result, pair, pair.compare(), load_budgets(path)


def test_over_budget_concerns_the_figure_after(over: Any) -> None:
    _, _, comparisons, budgets = over
    assert [(entry.benchmark, entry.metric) for entry in comparisons if is_over_budget(budgets, entry)] == [
        ("tcp.rtt_tuned", "p50")
    ]


def test_json_and_markdown_carry_the_budget(over: Any) -> None:
    result, pair, comparisons, budgets = over
    document = comparison_document(pair, comparisons, result, result, budgets)
    told = {(entry["benchmark"], entry["metric"]): entry["budget"] for entry in document["comparisons"]}
    assert told["tcp.rtt", "p50"]["standing"] == "within"
    assert told["tcp.rtt_tuned", "p50"]["standing"] == "over"
    assert told["tcp.rtt", "p99"] is None
    text = comparison_markdown(pair, comparisons, budgets)
    assert "< 5 us (tcp.rtt" in text.replace("\\", "").replace("&lt;", "<")
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {11}


def test_junit_has_a_case_for_every_figure(over: Any) -> None:
    _, pair, comparisons, budgets = over
    suite = ET.fromstring(junit(pair, comparisons, budgets))  # noqa: S314 - our own document
    cases = {(case.get("classname"), case.get("name")): case for case in suite}
    assert len(cases) == len(comparisons) == int(suite.get("tests", ""))
    failed = {key for key, case in cases.items() if case.find("failure") is not None}
    assert len(failed) == int(suite.get("failures", ""))
    assert ("tcp.rtt_tuned", "p50") in failed, "over budget, though better"
    assert ("tcp.rtt", "p50") in failed, "worse, though within its budget"
    assert ("tcp.rtt_tuned", "p99") not in failed

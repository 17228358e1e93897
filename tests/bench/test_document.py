"""A comparison as JSON and as Markdown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lltool.bench.budgets import load_budgets
from lltool.bench.document import comparison_document, comparison_markdown
from lltool.bench.figures import figures_of, percent, span
from lltool.bench.pairing import pair_of


def test_the_document_is_plain_json_with_every_outcome_counted(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000), timer_cost=(260, 260))
    pair = pair_of(trial, trial)
    comparisons = pair.compare()
    document = comparison_document(pair, comparisons, trial, trial, load_budgets())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["schema"] == "lltool.compare/1"
    assert document["design"] == "ABBA"
    assert sum(document["outcomes"].values()) == len(document["comparisons"]) == len(comparisons)
    assert set(document["outcomes"]) == {"better", "worse", "equivalent", "inconclusive", "not compared"}
    entry = document["comparisons"][-1]
    assert (entry["benchmark"], entry["outcome"]) == ("tcp.rtt", "better")
    assert entry["before"]["settled"] is True


def test_markdown_has_one_row_for_each_metric_and_explains_what_is_undecided(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000))
    runs = [*trial.runs, synthetic.run("spsc.hop", "before", not_applicable="needs two cores")]
    trial = synthetic.result(runs)
    pair = pair_of(trial, trial)
    comparisons = pair.compare()
    lines = comparison_markdown(pair, comparisons, load_budgets()).splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) == len(comparisons) + 2
    assert len({row.count(" | ") for row in rows}) == 1
    assert any("not compared: before: not applicable: needs two cores; after: not measured" in row for row in rows)
    assert "| tcp.rtt | p50 | 10.04 us | 7.73 us | -23 % |" in "\n".join(rows)


def test_markdown_takes_no_orders_from_a_host(synthetic: Any) -> None:
    hostile = "<script>alert(1)</script> | [x](javascript:y) `z`\n# head"
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000))
    trial = synthetic.result([*trial.runs, synthetic.run("spsc.hop", "before", failed=hostile)], notes=(hostile,))
    pair = pair_of(trial, trial)
    text = comparison_markdown(pair, pair.compare(), load_budgets())
    assert "<" not in text
    assert "\n#" not in text
    assert "[x]" not in text.replace("\\[", "").replace("\\]", "")
    assert " \\| \\[x" in text


def test_figures_share_one_unit_and_the_digits_of_the_clock(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(260_000, 2_600))
    pair = pair_of(trial, trial)
    figures = {entry.metric: figures_of(entry, pair) for entry in pair.compare()}
    assert (figures["p50"].unit, figures["p50"].before, figures["p50"].after) == ("us", "100.1", "1.03")
    assert (figures["p50"].change, figures["p50"].runs) == ("-99 %", "10 + 10")
    assert not figures["p50"].unsettled


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (-0.2951, "-30"),
        (0.0351, "+3.5"),
        (0.0, "0"),
        (-0.0004, "0"),
        (0.0999, "+10"),
        (-0.0994, "-9.9"),
        (12.0, "+1200"),
    ],
)
def test_changes_are_signed_percentages(change: float, text: str) -> None:
    assert percent(change) == text


def test_an_interval_names_both_ends() -> None:
    assert span(-0.36, -0.23) == "-36 to -23"
    assert span(-0.01, 0.12) == "-1.0 to +12"

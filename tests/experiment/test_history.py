"""Several results become a history: in order of time, with the range of their runs, no larger than a page bears."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lltool.bench.model import Result
from lltool.errors import InvalidInput
from lltool.experiment import history
from lltool.experiment.page import build_page
from lltool.reports import render


@pytest.fixture
def days(synthetic: Any) -> list[Result]:
    """Four results, the third without ``tcp.rtt``, given out of order."""
    made = [
        synthetic.result(
            synthetic.arm("seqlock.read" if day == 2 else "tcp.rtt", "bench", 26_000 - 1000 * day, runs=5),
            created=f"2026-03-0{day + 1}T09:00:00Z",
            label=f"day {day}",
            design="sequential",
        )
        for day in range(4)
    ]
    return [made[place] for place in (3, 0, 2, 1)]


def test_more_than_two_results_are_a_history_in_order_of_time(days: list[Result]) -> None:
    page = build_page(days, ["d.json", "a.json", "c.json", "b.json"])
    assert page.title == "History of 4 results, latest 2026-03-04T09:00:00Z"
    (rtt,) = [each for each in page.histories if each.benchmark == "tcp.rtt"]
    assert (rtt.metric, rtt.unit) == ("p50", "ns")
    assert [(point.place, point.label, point.runs) for point in rtt.points] == [
        (1, "day 0", 5), (2, "day 1", 5), (4, "day 3", 5),
    ]  # fmt: skip
    for day, point in zip((0, 1, 3), rtt.points, strict=True):
        assert point.low <= point.value <= point.high
        assert point.value == pytest.approx((26_000 - 1000 * day) / 2.6, rel=0.01)
    assert page.reproduce[-1] == "lltool report d.json a.json c.json b.json"
    assert "compares the latest two of 4 results" in page.cautions[0]
    assert "no benchmark is in both arms" in page.cautions
    assert len(page.data) == 4
    html = render(page)
    assert html.index('id="history"') < html.index('id="results"')
    assert "3 results" not in html.split('id="history"')[1][:600]


def test_the_oldest_results_are_named_where_they_have_no_room(
    days: list[Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = len(json.dumps(history.embedded_within_limit(days[:1])[0][0]))
    monkeypatch.setattr(history, "MOST_EMBEDDED_BYTES", int(2.5 * one))
    page = build_page(days, ["x.json"])
    assert len(page.data) == 2
    assert "The data of the oldest 2 results is not embedded: the page would be too large." in page.cautions


def test_a_trial_has_no_place_in_a_history(days: list[Result], synthetic: Any) -> None:
    trial = replace(synthetic.trial(tcp_rtt=(26_000, 20_000)), created="2027-01-01T00:00:00Z")
    with pytest.raises(InvalidInput, match="holds both arms of a trial"):
        build_page([*days, trial], ["x.json"])

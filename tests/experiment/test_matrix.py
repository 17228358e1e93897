"""The core-to-core matrix of each arm is the median over its runs; what is no matrix is left out."""

from __future__ import annotations

from typing import Any

import pytest

from lltool.experiment.matrix import MOST_CPUS, matrices_of
from lltool.reports import Matrix
from lltool.reports.charts.matrix import tables


def test_each_arm_has_the_median_of_its_runs(synthetic: Any) -> None:
    notes = [{"matrix_ns": {"0-1": trip, "0-10": 500}} for trip in (90, 100, 400)]
    runs = [synthetic.run("core.matrix", "bench", notes=each) for each in notes]
    (matrix,) = matrices_of({"bench": runs, "other": [synthetic.run("tcp.rtt", "bench")]})
    assert (matrix.arm, matrix.cpus) == ("bench", (0, 1, 10))
    assert matrix.pairs_ns == {(0, 1): 100, (0, 10): 500}


@pytest.mark.parametrize("noted", [None, [], {"0": 1}, {"a-b": 1}, {"0-1": "x"}])
def test_what_is_no_matrix_is_left_out(synthetic: Any, noted: Any) -> None:
    assert matrices_of({"bench": [synthetic.run("core.matrix", "bench", notes={"matrix_ns": noted})]}) == ()


def test_a_matrix_that_is_too_large_is_no_picture(synthetic: Any) -> None:
    notes = {"matrix_ns": {f"0-{cpu}": 100 for cpu in range(1, MOST_CPUS + 1)}}
    assert matrices_of({"bench": [synthetic.run("core.matrix", "bench", notes=notes)]}) == ()


def test_both_arms_share_a_scale_and_their_change_is_told() -> None:
    before = Matrix("before", (0, 1, 2), {(0, 1): 50.0, (0, 2): 500.0})
    after = Matrix("after", (0, 1, 2), {(0, 1): 51.0, (0, 2): 250.0})
    first, second, change = tables([before, after])
    assert [cell.text for cell in first.rows[0]] == ["", "50", "500"]
    assert [cell.shade for cell in first.rows[0]] == ["", "heat-0", "heat-4"]
    assert second.rows[2][0].shade == "heat-3"
    assert [(cell.text, cell.shade) for cell in change.rows[2]] == [("-50 %", "faster-1"), ("", ""), ("", "")]
    assert change.rows[0][1].shade == "", "2 % is no change to speak of"
    assert tables([]) == ()

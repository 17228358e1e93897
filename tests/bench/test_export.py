"""Exports are read by hdrhistogram, the independent reader of both formats' numbers."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hdrh.log import HistogramLogReader

from lltool.bench.export import hgrms, hlog

NANOSECONDS = [10_000 + 100 * step for step in range(1000)]


@pytest.fixture
def result(synthetic: Any) -> Any:
    ticks = [round(value * synthetic.tick_hz / 1e9) for value in NANOSECONDS]
    runs = [
        synthetic.run("tcp.rtt", arm, ticks, started=f"2024-03-01T09:00:0{second}Z", seconds=0.5)
        for arm, second in (("before", 1), ("after", 2), ("after", 3))
    ]
    return synthetic.result([*runs, synthetic.run("noise.gaps", failed="killed")])


def test_a_log_has_a_tagged_histogram_for_each_run(result: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.hlog"
    path.write_text(hlog(result))
    from hdrh.histogram import HdrHistogram

    found = []
    with closing(HistogramLogReader(str(path), HdrHistogram(1, 2**63 - 1, 3))) as reader:
        while (histogram := reader.get_next_interval_histogram()) is not None:
            found.append(histogram)
    assert [histogram.get_tag() for histogram in found] == ["tcp.rtt/before", "tcp.rtt/after", "tcp.rtt/after"]
    for histogram in found:
        assert histogram.get_total_count() == 1000
        assert histogram.get_value_at_percentile(50) == pytest.approx(NANOSECONDS[499], rel=2e-3)
        assert histogram.get_max_value() == pytest.approx(NANOSECONDS[-1], rel=2e-3)


def test_times_and_maxima_are_those_of_the_runs(result: Any) -> None:
    lines = [line.split(",") for line in hlog(result).splitlines() if line.startswith("Tag=")]
    assert [(start, length) for _, start, length, _, _ in lines] == [
        ("1.000", "0.500"),
        ("2.000", "0.500"),
        ("3.000", "0.500"),
    ]
    assert float(lines[0][3]) == pytest.approx(NANOSECONDS[-1] / 1e6, rel=1e-3)


def test_a_percentile_file_merges_the_runs_of_an_arm(result: Any) -> None:
    files = hgrms(result)
    assert sorted(files) == ["tcp.rtt-after.hgrm", "tcp.rtt-before.hgrm"]
    rows = [line.split() for line in files["tcp.rtt-after.hgrm"].splitlines()]
    assert ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"] in rows
    points = [(float(row[0]), float(row[1]), int(row[2])) for row in rows if row and row[0][:1].isdigit()]
    assert points[-1][2] == 2000
    value, q, _ = next(point for point in points if point[1] >= 0.5)
    assert value == pytest.approx(NANOSECONDS[round(q * 1000) - 1], rel=5e-3)


def test_names_from_elsewhere_stay_within_their_field(synthetic: Any) -> None:
    hostile = synthetic.result(
        [synthetic.run("../a,b\nc", "x/y", [100] * 20)], label="a\n#[StartTime: 1]", created="not a time"
    )
    assert list(hgrms(hostile)) == [".._a_b_c-x_y.hgrm"]
    text = hlog(hostile)
    assert len(text.splitlines()) == 5
    assert text.splitlines()[-1].count(",") == 4

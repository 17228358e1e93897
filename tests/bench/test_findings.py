"""Tables beside the figures: the chapter's access times, the effect of each socket option, the core matrix."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.findings import (
    ACCESS_TIMES,
    DEFAULT_SOCKETS,
    WITH_OPTIONS,
    access_times,
    core_matrix,
    findings_document,
    option_effects,
    tables,
)
from lltool.bench.model import Histogram, Result, Run

CHAPTER = Path(__file__).resolve().parents[3] / "shared" / "seed" / "chapter5.md"
UNITS = {"ns": 1.0, "μs": 1e3}


def run(benchmark: str, value: int, notes: dict[str, Any] | None = None) -> Run:
    return Run(
        benchmark=benchmark,
        arm="bench",
        block=0,
        position=0,
        started="",
        cores=(1,),
        tick_hz=1e9,
        samples=Histogram((value, value + 1), (900, 100), value, value + 1, 1000 * value + 100),
        block_ops=10,
        block_ticks=(10 * value,) * 5,
        notes=notes or {},
    )


def result(*runs: Run) -> Result:
    return Result("", "0", "", "", "sequential", {}, {"quantum_ticks": 1, "tick_hz": 1e9}, tuple(runs))


def test_every_row_names_a_figure_of_the_catalogue() -> None:
    metrics = {known.name: known.metrics for known in BENCHMARKS}
    assert all(row.metric in metrics[row.benchmark] for row in ACCESS_TIMES)
    assert {DEFAULT_SOCKETS, *WITH_OPTIONS} <= metrics.keys()


@pytest.mark.skipif(not CHAPTER.exists(), reason="needs ../shared")
def test_the_rows_are_those_of_the_chapter() -> None:
    table = CHAPTER.read_text().partition("Access Type")[2].partition("```")[0]
    told = {name: float(value) * UNITS[unit] for name, value, unit in re.findall(r"(.+?) +\| ~(\d+) (ns|μs)", table)}
    assert {row.access: row.chapter_ns for row in ACCESS_TIMES} == told


def test_what_was_measured_stands_beside_the_chapter() -> None:
    measured = result(run("memory.ram", 150), run("tcp.rtt", 20_000))
    assert [(row.chapter.access, row.here.value, row.times_the_chapters) for row in access_times(measured)] == [
        ("RAM", 150.0, 1.5),
        ("Network (localhost)", 20_000.0, 0.04),
    ]
    (table,) = (found for found in tables(measured) if "access" in found.heading)
    assert [row[:4] for row in table.rows] == [
        ("RAM", "100 ns", "150.0 ns", "1.5"),
        ("Network (localhost)", "500 us", "20.00 us", "0.04"),
    ]


def test_an_option_is_compared_with_default_sockets() -> None:
    runs = [run("tcp.rtt", 10_000 + number) for number in range(8)]
    runs += [run("tcp.rtt_nodelay", 10_000 + number) for number in range(8)]
    runs += [run("tcp.rtt_quickack", 12_000 + number) for number in range(8)]
    measured = result(*runs)
    (table,) = (found for found in tables(measured) if "socket" in found.heading)
    effects = {row[0]: row for row in table.rows}
    assert effects["tcp.rtt_nodelay"][-1].startswith("no effect")
    assert effects["tcp.rtt_quickack"][-1].startswith("slower")
    assert effects["tcp.rtt_quickack"][3] == "+20 %"
    assert "tcp.rtt_buffers" not in effects
    told = {entry["benchmark"]: entry for entry in findings_document(measured)["option_effects"]}
    assert {name: entry["effect"] for name, entry in told.items()} == {
        "tcp.rtt_nodelay": "no effect",
        "tcp.rtt_quickack": "slower",
    }
    assert told["tcp.rtt_quickack"]["with_option"]["value"] == pytest.approx(12_003, abs=5)


def test_without_default_sockets_there_is_nothing_to_compare() -> None:
    assert option_effects(result(run("tcp.rtt_nodelay", 10_000)))[1] == ()


def test_the_matrix_is_the_median_of_the_runs_both_ways() -> None:
    runs = [run("core.matrix", 1, {"matrix_ns": {"0-1": value, "0-12": 500.0}}) for value in (40.0, 47.2, 900.0)]
    table = core_matrix(result(*runs))
    assert table.header == ("core", "0", "1", "12")
    assert table.rows == (("0", "-", "47", "500"), ("1", "47", "-", "?"), ("12", "500", "?", "-"))


def test_a_result_without_any_of_it_has_no_tables() -> None:
    assert tables(result(run("timer.cost", 20))) == []


def test_what_the_workers_could_not_do_is_told_with_its_reason() -> None:
    refused = {"pinned": "done", "SCHED_FIFO": "priority 49 refused"}
    runs = [replace(run("timer.cost", 20), conditions=refused if number else {"pinned": "done"}) for number in range(3)]
    (table,) = tables(result(*runs))
    assert table.rows == (("SCHED_FIFO", "2 of 3", "priority 49 refused"),)

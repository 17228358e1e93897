"""Access times beside the chapter's, and the pipeline or its parts against the budget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lltool.bench.stages import BUDGET_OF_STAGE, INSIDE, NOTE, SUMS, UNACCOUNTED
from lltool.experiment.chapter import known
from lltool.experiment.hierarchy import ON_OTHER_PAGES, levels_of
from lltool.experiment.stages import stages_of

PASSPORT = {"tick_hz": 2.6e9, "quantum_ticks": 26, "floor_ticks": 52}


def test_every_level_is_a_benchmark_of_the_catalogue() -> None:
    others = [name for names in ON_OTHER_PAGES.values() for name in names]
    assert [name for name in (*ON_OTHER_PAGES, *others) if known(name) is None] == []


def test_a_level_has_the_centre_of_each_arm(synthetic: Any) -> None:
    arms = {
        "before": [*synthetic.arm("memory.l1", "before", 4), *synthetic.arm("tcp.rtt", "before", 260_000)],
        "after": synthetic.arm("tcp.rtt", "after", 208_000),
    }
    first, second = levels_of(arms, PASSPORT)
    assert (first.benchmark, first.chapter_ns, [figure.arm for figure in first.figures]) == (
        "memory.l1",
        1.0,
        ["before"],
    )
    assert second.benchmark == "tcp.rtt"
    assert [figure.value_ns for figure in second.figures] == pytest.approx([100_000, 80_000], rel=0.05)


def test_without_a_pipeline_its_parts_stand_for_it(synthetic: Any) -> None:
    runs = [*synthetic.arm("book.l2_update", "bench", 130), *synthetic.arm("risk.check", "bench", 52)]
    stages = stages_of({"bench": runs}, PASSPORT)
    assert stages is not None
    assert "was not measured" in stages.about
    assert [(stage.title, stage.metric, stage.limit_ns) for stage in stages.stages] == [
        ("Order book update", "centre", 100.0),
        ("Risk check", "centre", 100.0),
    ]
    assert stages.stages[0].figures[0].value_ns == pytest.approx(50, rel=0.02)


def test_neither_pipeline_nor_parts_is_nothing(synthetic: Any) -> None:
    assert stages_of({"bench": synthetic.arm("timer.cost", "bench", 52)}, PASSPORT) is None


def test_the_stages_of_a_pipeline_leave_the_rest_unaccounted(synthetic: Any) -> None:
    name = "pipeline.tick_to_trade"
    runs = [
        replace(run, notes={NOTE: {"kernel_to_read": 5000.0, "parse": 200.0 + place, "book": 40.0, "strategy": 10.0}})
        for place, run in enumerate(synthetic.arm(name, "bench", 2600, runs=5))
    ]
    stages = stages_of({"bench": runs}, PASSPORT)
    assert stages is not None
    titles = [stage.title for stage in stages.stages]
    assert titles == [
        "kernel_to_read (Network I/O)",
        "parse (Market data parsing)",
        "book (Order book update)",
        "strategy (Strategy decision)",
        UNACCOUNTED,
        "Tick to trade",
    ]
    _, parse, book, strategy, rest, total = (stage.figures[0].value_ns for stage in stages.stages)
    assert (parse, book, strategy) == (202.0, 40.0, 10.0)
    assert parse + book + strategy + rest == pytest.approx(total), "what comes before the read is no part of it"
    assert total == pytest.approx(1000, rel=0.05)
    assert [stage.limit_ns for stage in stages.stages] == [10_000.0, 1000.0, 100.0, 1000.0, None, 15_000.0]


def test_a_tick_to_trade_that_is_noted_counts_before_the_benchmarks_own_figure(synthetic: Any) -> None:
    noted = {"parse": 200.0, "tick_to_trade": 260.0}
    runs = [replace(run, notes={NOTE: noted}) for run in synthetic.arm("pipeline.synthetic", "bench", 2600)]
    stages = stages_of({"bench": runs}, PASSPORT)
    assert stages is not None
    assert [stage.figures[0].value_ns for stage in stages.stages] == [200.0, 60.0, 260.0]


def test_the_stages_are_those_that_a_run_of_the_pipeline_notes() -> None:
    from lltool.kernels.pipeline import SPANS

    assert set(BUDGET_OF_STAGE) | SUMS | set(INSIDE) == set(SPANS)
    assert not SUMS & (set(INSIDE) | set(BUDGET_OF_STAGE))

"""Every entry of the catalogue is complete, and names are found or refused with a hint."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from lltool.bench import catalogue
from lltool.bench.benchmark import Benchmark
from lltool.bench.catalogue import BENCHMARKS, by_name, select, trial_set
from lltool.bench.estimates import unit
from lltool.bench.quantiles import percentile_of
from lltool.errors import InvalidInput

CHAPTER = Path(__file__).resolve().parents[3] / "shared" / "seed" / "chapter5.md"


def test_names_are_unique() -> None:
    assert len({known.name for known in BENCHMARKS}) == len(BENCHMARKS)


@pytest.mark.parametrize("known", BENCHMARKS, ids=lambda known: known.name)
def test_an_entry_has_metrics_that_can_be_computed(known: Benchmark) -> None:
    assert known.headline in known.metrics
    for metric in known.metrics:
        assert metric in ("centre", "lost") or percentile_of(metric) is not None
        assert unit(metric) in ("ns", "ppm")
    assert known.summary.strip()


@pytest.mark.parametrize("known", BENCHMARKS, ids=lambda known: known.name)
def test_an_entry_names_a_workload_that_exists(known: Benchmark) -> None:
    pytest.importorskip("lltool.kernels.recorder", reason="needs the compiled kernels")
    module, _, function = known.workload.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.skipif(not CHAPTER.exists(), reason="needs ../shared")
def test_every_section_is_one_of_the_chapter() -> None:
    sections = set(re.findall(r"^#+ (\d+(?:\.\d+)+) ", CHAPTER.read_text(), re.MULTILINE))
    assert {known.section for known in BENCHMARKS} <= sections


def test_patterns_select_in_the_order_of_the_catalogue() -> None:
    names = [known.name for known in select(["timer.*", "noise.gaps", "timer.cost"])]
    assert names == ["timer.cost", "timer.wakeup", "noise.gaps", "timer.wakeup_spin"]
    assert select(["*"]) == BENCHMARKS


def test_the_trial_measures_a_part_of_the_catalogue_that_holds_each_kind_of_limit() -> None:
    chosen = trial_set()
    assert set(chosen) <= set(BENCHMARKS)
    assert {"noise.gaps", "timer.wakeup", "memory.chase_huge", "tcp.rtt"} <= {known.name for known in chosen}
    assert len(chosen) <= 12  # ten quick passes over them are to stay below three minutes


def test_unknown_names_are_all_listed_with_their_neighbours() -> None:
    with pytest.raises(InvalidInput) as caught:
        select(["timer.cots", "nonsense", "timer.cost"])
    assert len(caught.value.faults) == 2
    assert "near: timer.cost" in caught.value.faults[0]
    with pytest.raises(InvalidInput):
        by_name("timer.*")


def test_a_quick_survey_leaves_out_what_takes_long_to_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    some = (BENCHMARKS[0], replace(BENCHMARKS[1], in_quick=False))
    monkeypatch.setattr(catalogue, "BENCHMARKS", some)
    assert catalogue.survey(quick=True) == some[:1]
    assert catalogue.survey(quick=False) == some


def test_a_survey_takes_a_part_of_each_sweep() -> None:
    measured = {known.name for known in catalogue.survey(quick=False) if known.name.startswith("pipeline.")}
    assert measured == {"pipeline.tick_to_trade_1x", "pipeline.tick_to_trade_8x"}
    assert measured < {known.name for known in select(["pipeline.*"])}

"""Results become a page: what it says first, what it groups, what it warns of."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from lltool.bench.embedded import unpack
from lltool.bench.model import Result
from lltool.errors import InvalidInput
from lltool.experiment.page import build_page
from lltool.experiment.sentences import NOTHING_TOLD
from lltool.experiment.summary import summary_markdown
from lltool.reports import Page, render

FINDING = {"setting": "sysctl.vm.swappiness", "verdict": "ok", "live": "0", "wanted": "0", "reason": ""}


@pytest.fixture
def trial(synthetic: Any) -> Result:
    result: Result = synthetic.trial(
        tcp_rtt=(110_000, 80_000), timer_wakeup=(50_000, 60_000), timer_cost=(2600, 2600), mine_own=(900, 400)
    )
    return replace(
        result,
        runs=(*result.runs, synthetic.run("spsc.hop", "before", not_applicable="needs 2 cores; 1 can be used")),
        settings={
            "before": [{**FINDING, "verdict": "drift", "live": "60", "reason": "not tuned"}],
            "after": [FINDING, {**FINDING, "setting": "no.such", "verdict": "refused", "reason": "managed"}],
        },
        label="hft",
    )


@pytest.fixture
def page(trial: Result) -> Page:
    return build_page([trial], ["dir/a trial.json"])


def test_worse_comes_first_then_better_then_the_count(page: Page) -> None:
    assert [sentence.rsplit(": ", 1)[-1][:6] for sentence in page.verdicts[:3]] == ["worse ", "better", "better"]
    assert page.verdicts[0].startswith(
        "Timer wake-up p99 rose from 192.5 to 231.0 us (+20 %, 95 % interval +20 to +20; "
    )
    assert "10 + 10 interleaved runs): worse (p50, p99.9 too)." in page.verdicts[0]
    assert page.verdicts[1].startswith("mine.own, one operation, fell from 346.6 to 154.0 ns (-56 %")
    assert page.verdicts[2].startswith("TCP loopback round trip p50 fell")
    assert page.verdicts[-1].startswith("Of ")
    assert "not compared" in page.verdicts[-1]


def test_nothing_decided_is_said(synthetic: Any) -> None:
    verdicts = build_page([synthetic.trial(timer_cost=(2600, 2600))], ["a.json"]).verdicts
    assert verdicts == (NOTHING_TOLD, "Of 4 figures: 4 equivalent.")


def test_a_better_metric_that_is_no_headline_is_only_counted(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(110_000, 110_000))
    tails = [
        replace(
            run, samples=synthetic.histogram([*[110_000] * 1500, *[220_000 if run.arm == "after" else 880_000] * 500])
        )
        for run in trial.runs
    ]
    verdicts = build_page([replace(trial, runs=tuple(tails))], ["a.json"]).verdicts
    assert verdicts == (NOTHING_TOLD, "Of 4 figures: 2 better, 2 equivalent.")


def test_rows_follow_the_sections_and_one_headline_stands_for_each_benchmark(page: Page) -> None:
    sections = list(dict.fromkeys(row.section for row in page.rows))
    assert sections == [
        "5.3 Lock-Free Data Structures",
        "5.4 Network I/O Optimization",
        "5.5 CPU Affinity and Scheduling",
        "5.7 Profiling and Benchmarking",
        "Other",
    ]
    headlines = [row.benchmark for row in page.rows if row.headline]
    assert sorted(headlines) == sorted({row.benchmark for row in page.rows})
    hop = [row for row in page.rows if row.benchmark == "spsc.hop"]
    assert [(row.outcome, row.before, row.after, row.change) for row in hop] == [("not compared", "", "", "")]
    assert "needs 2 cores" in hop[0].reason


def test_figures_carry_runs_interval_and_unit(page: Page) -> None:
    (row,) = [row for row in page.rows if (row.benchmark, row.metric) == ("tcp.rtt", "p99")]
    assert (row.unit, row.runs, row.outcome, row.change) == ("us", "10 + 10", "better", "-27 %")
    assert row.interval.startswith("-27 to -27 %")


def test_cautions_name_what_limits_the_figures(synthetic: Any, trial: Result) -> None:
    limited = replace(
        trial,
        design="sequential",
        host={"hypervisor": {"is_guest": True}},
        passport={**trial.passport, "cautions": ["The counter is not invariant."]},
        runs=(
            *trial.runs,
            *synthetic.arm("seqlock.read", "before", 260, runs=6, notes={"steady": False}),
            synthetic.run(
                "seqlock.read", "after", failed="killed by signal 9", conditions={"memory locked": "no right"}
            ),
        ),
        notes=("stopped early",),
    )
    told = "\n".join(build_page([limited], ["a.json"]).cautions)
    for words in (
        "stopped early",
        "sequential design",
        "A virtual machine",
        "steps of 10.0 ns",
        "The counter is not invariant.",
        "Seqlock read: 6 of 7 runs did not get steady",
        "1 of 7 runs have no figures, failed: killed by signal 9",
        "not applicable: needs 2 cores",
        "Memory locked: no right (1 of",
        "1 of 2 settings are refused: no.such.",
    ):
        assert words in told


def test_unsettled_percentiles_are_named(synthetic: Any) -> None:
    runs = [
        synthetic.run("tcp.rtt", arm, synthetic.spread(26_000, n=500)) for arm in ("before", "after") for _ in range(6)
    ]
    page = build_page([synthetic.result(runs)], ["a.json"])
    assert [row.metric for row in page.rows if row.unsettled] == ["p99.9"]
    assert "Unsettled, because fewer than 10 samples lie beyond: tcp.rtt p99.9." in page.cautions


def test_spectra_rise_and_end_where_the_samples_end(page: Page) -> None:
    assert [chart.benchmark for chart in page.charts] == ["tcp.rtt", "timer.wakeup", "timer.cost", "mine.own"]
    chart = page.charts[0]
    assert (chart.unit, chart.floor) == ("us", pytest.approx(0.02))
    for spectrum in chart.spectra:
        quantiles = [q for q, _ in spectrum.points]
        assert (spectrum.samples, spectrum.runs) == (20_000, 10)
        assert 20 <= len(quantiles) <= 40
        assert {0.0, 0.5, 0.9, 0.99, 0.999, 0.9999} <= set(quantiles)
        assert quantiles == sorted(set(quantiles))
        assert [value for _, value in spectrum.points] == sorted(value for _, value in spectrum.points)
        assert math.floor((1 - quantiles[-1]) * spectrum.samples + 1e-6) == 1
        assert all(q < 1 for q in quantiles)


def test_spectra_show_only_runs_of_one_distance(synthetic: Any) -> None:
    runs = [
        run
        for arm in ("before", "after")
        for name, count, centre in (("near", 6, 260), ("far", 4, 2600), ("mixed", 1, 900))
        for run in synthetic.arm("spsc.hop", arm, centre, runs=count, distance=synthetic.distance(distance_class=name))
    ]
    (chart,) = build_page([synthetic.result(runs)], ["a.json"]).charts
    assert [spectrum.runs for spectrum in chart.spectra] == [6, 6]


def test_settings_show_both_arms(page: Page) -> None:
    first, second = page.settings
    assert (first.setting, first.before, first.after, first.wanted, first.verdict) == (
        "sysctl.vm.swappiness", "60", "0", "0", "ok",
    )  # fmt: skip
    assert first.title != first.setting
    assert {"Why", "Sources"} <= dict(first.explanation).keys()
    assert second.explanation == ()
    assert (second.title, second.before, second.verdict, second.reason) == ("no.such", "", "refused", "managed")


def test_the_page_names_host_commands_and_holds_the_data(page: Page, trial: Result) -> None:
    assert ("Processor", "AMD EPYC 9R14") in page.host
    assert page.passport
    assert page.reproduce == ("lltool trial --quick", "lltool report 'dir/a trial.json'")
    assert page.title == "Before and after: hft"
    data = json.loads(unpack(json.dumps(page.data[0])))
    assert data["runs"][0]["histogram"]["hdr"].startswith("HISTFA")
    assert data["created"] == trial.created


def test_one_arm_is_a_page_without_verdicts(synthetic: Any) -> None:
    runs = [*synthetic.arm("tcp.rtt", "bench", 26_000), synthetic.run("spsc.hop", "bench", failed="killed")]
    page = build_page([synthetic.result(runs, label="", host={}, passport={})], ["a.json"])
    assert (page.arms, page.verdicts, page.title) == (("bench",), (), "Measurement")
    (row,) = [row for row in page.rows if row.metric == "p99"]
    assert (row.before, row.after, row.runs, row.outcome) == ("100.1", "", "10", "not compared")
    assert [row.reason for row in page.rows if row.benchmark == "spsc.hop"] == ["failed: killed"]
    assert [spectrum.arm for spectrum in page.charts[0].spectra] == ["bench"]
    assert page.charts[0].floor is None


def test_two_results_are_before_and_after(synthetic: Any) -> None:
    before = synthetic.result(synthetic.arm("tcp.rtt", "bench", 26_000), label="old")
    after = synthetic.result(
        synthetic.arm("tcp.rtt", "bench", 20_000), label="new", host={"cpu": {"model_name": "Xeon"}}
    )
    page = build_page([before, after], ["old.json", "new.json"])
    assert page.design == "sequential"
    assert "runs, one arm after the other): better" in page.verdicts[0]
    assert page.title == "Before and after: old, new"
    assert ("Processor", "before: AMD EPYC 9R14; after: Xeon") in page.host
    assert len(page.data) == 2


def test_no_result_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no result given"):
        build_page([], [])


def test_a_result_without_runs_is_a_page(synthetic: Any) -> None:
    page = build_page([synthetic.result([])], ["a.json"])
    assert (page.rows, page.charts, page.arms) == ((), (), ())
    assert "<html" in render(page)


def test_every_kind_of_page_renders(page: Page, synthetic: Any) -> None:
    assert "Timer wake-up p99 rose" in render(page)
    single = build_page([synthetic.result(synthetic.arm("tcp.rtt", "bench", 26_000))], ["a.json"])
    assert "nothing to compare" in render(single)


def test_the_summary_has_verdicts_headlines_and_cautions(page: Page, synthetic: Any) -> None:
    text = summary_markdown(page)
    assert text.startswith("### Before and after: hft\n\n- Timer wake-up p99 rose")
    assert "| timer.wakeup | p99 | 192.5 us | 231.0 us | +20 % | +20 to +20 % | 10 + 10 | worse |" in text
    assert "| spsc.hop | centre | - | - | - | - | 0 + 0 | not compared |" in text
    assert "Cautions:\n\n- " in text
    single = summary_markdown(build_page([synthetic.result(synthetic.arm("tcp.rtt", "", 26_000))], ["a.json"]))
    assert "| benchmark | metric | value | runs | remark |" in single


def test_budgets_are_told_and_drawn(synthetic: Any) -> None:
    page = build_page([synthetic.trial(message_parse=(2600 * 4, 2600 * 3))], ["a.json"])
    over = [sentence for sentence in page.verdicts if sentence.startswith("Over budget: ")]
    assert over == ["Over budget: Zero-copy parse p99 is 30.1 us, < 1 us is wanted (Market data parsing)."]
    (chart,) = [chart for chart in page.charts if chart.benchmark == "message.parse"]
    assert [(line.q, line.text) for line in chart.budgets] == [(0.99, "p99 < 1 us (Market data parsing)")]
    assert chart.budgets[0].limit == pytest.approx(1000 if chart.unit == "ns" else 1)


def test_a_budget_that_is_kept_is_named(synthetic: Any) -> None:
    verdicts = build_page([synthetic.trial(book_l2_update=(100, 90))], ["a.json"]).verdicts
    assert "Within budget: L2 book update." in verdicts
    assert "better, within budget" in verdicts[0]


def test_quality_names_design_runs_steadiness_and_clock(synthetic: Any) -> None:
    trial = synthetic.trial(tcp_rtt=(26_000, 20_000))
    runs = [replace(run, notes={"steady": place != 3}) for place, run in enumerate(trial.runs)]
    runs.append(synthetic.run("tcp.rtt", "after", failed="killed"))
    quality = dict(build_page([replace(trial, runs=tuple(runs))], ["a.json"]).quality)
    assert quality["Design"].startswith("ABBA: the arms in turn")
    assert quality["Runs"] == "20 of 21 gave figures"
    assert quality["Steady"] == "19 of 20 runs, after warming up"
    assert quality["Settled"] == "8 of 8 figures"
    assert quality["Clock"] == "steps of 10 ns; an empty measurement takes 20 ns"
    assert "Disturbed" not in quality
    results = [synthetic.result(synthetic.arm("tcp.rtt", "bench", ticks)) for ticks in (26_000, 20_000)]
    assert "weaker evidence" in dict(build_page(results, ["a.json", "b.json"]).quality)["Design"]

"""Verdicts: what counts as better, worse, equivalent, inconclusive or not compared, and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lltool.bench import compare as compare_module
from lltool.bench.compare import Limits, compare, metrics_of
from lltool.bench.model import Comparison, Outcome, Run

CENTRE = 26_000


def verdict(before: list[Run], after: list[Run], metric: str, quantum_ns: float | None = 10.0) -> Comparison:
    (found,) = [entry for entry in compare(before, after, Limits(quantum_ns)) if entry.metric == metric]
    return found


@pytest.mark.parametrize(
    ("factor", "outcome"),
    [(0.9, Outcome.BETTER), (1.1, Outcome.WORSE), (1.0, Outcome.EQUIVALENT), (1.01, Outcome.EQUIVALENT)],
)
@pytest.mark.parametrize("metric", ["p50", "p99"])
def test_verdicts_by_the_interval(synthetic: Any, factor: float, outcome: Outcome, metric: str) -> None:
    before = synthetic.arm("tcp.rtt", "before", CENTRE)
    found = verdict(before, synthetic.arm("tcp.rtt", "after", int(CENTRE * factor)), metric)
    assert found.outcome is outcome
    assert found.change == pytest.approx(factor - 1, abs=0.005)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.change <= found.high
    assert found.margin == 0.02


def test_an_effect_within_the_margin_is_equivalent_even_where_it_is_sure(synthetic: Any) -> None:
    before = [synthetic.run("timer.cost", block_ops=1000, block_ticks=(26_000_000,)) for _ in range(6)]
    after = [replace(run, block_ticks=(26_390_000,)) for run in before]
    found = verdict(before, after, "centre")
    assert (found.low, found.high) == (pytest.approx(0.015), pytest.approx(0.015))
    assert found.outcome is Outcome.EQUIVALENT


def test_one_step_of_the_clock_is_no_effect(synthetic: Any) -> None:
    before = [synthetic.run(ticks=[52] * 3000) for _ in range(6)]
    after = [synthetic.run(ticks=[78] * 3000) for _ in range(6)]
    found = verdict(before, after, "p50")
    assert found.margin == pytest.approx(0.5)
    assert found.outcome is Outcome.EQUIVALENT
    assert "one step of the clock" in found.reason
    assert verdict(before, after, "p50", quantum_ns=None).outcome is Outcome.WORSE


def test_tick_rates_that_differ_by_their_calibration_make_no_effect(synthetic: Any) -> None:
    """The same ticks in both arms, or a step more in some runs: the rates must not tip the interval over 0."""
    before = [synthetic.run(ticks=[5000] * 3000, tick_hz=2.6e9 * (1 + run * 1e-7)) for run in range(6)]
    after = [synthetic.run(ticks=[5000 if run else 5400] * 3000, tick_hz=2.6e9 * (1 - 2e-6)) for run in range(6)]
    found = verdict(before, after, "p50")
    assert found.low is not None
    assert 0 < found.low < 1e-5
    assert found.outcome is Outcome.INCONCLUSIVE


def test_a_wide_interval_is_inconclusive_and_never_no_change(synthetic: Any) -> None:
    speeds = [26_000 if position % 2 else 40_000 for position in range(10)]
    before = [synthetic.run(ticks=[speed] * 3000) for speed in speeds]
    found = verdict(before, before, "p50")
    assert found.change == 0
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "no change and changes beyond" in found.reason


def test_an_unsettled_percentile_decides_nothing(synthetic: Any) -> None:
    before = [synthetic.run(ticks=synthetic.spread(CENTRE, n=900)) for _ in range(10)]
    after = [synthetic.run(ticks=synthetic.spread(2 * CENTRE, n=900)) for _ in range(10)]
    found = verdict(before, after, "p99.9")
    assert found.before is not None
    assert found.before.beyond == 9
    assert found.low is not None
    assert found.low > 0.5
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason.startswith("unsettled")
    assert verdict(before, after, "p99").outcome is Outcome.WORSE


@pytest.mark.parametrize("few", [(4, 10), (10, 4), (1, 1)])
def test_fewer_than_5_runs_decide_nothing(synthetic: Any, few: tuple[int, int]) -> None:
    before = synthetic.arm("tcp.rtt", "before", CENTRE, runs=few[0])
    after = synthetic.arm("tcp.rtt", "after", 2 * CENTRE, runs=few[1])
    found = verdict(before, after, "p50")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.low is None
    assert f"{few[0]} + {few[1]} runs" in found.reason
    enough = synthetic.arm("tcp.rtt", "before", CENTRE, runs=5), synthetic.arm("tcp.rtt", "after", 2 * CENTRE, runs=5)
    assert verdict(*enough, "p50").outcome is Outcome.WORSE


def placed(synthetic: Any, arm: str, **classes: int) -> list[Run]:
    """Runs at the given distances; the far ones take five times as long."""
    return [
        run
        for name, count in classes.items()
        for run in synthetic.arm(
            "spsc.hop",
            arm,
            CENTRE * (5 if name == "far" else 1),
            runs=count,
            distance=synthetic.distance(distance_class=name),
        )
    ]


def test_two_core_runs_meet_only_their_own_distance(synthetic: Any) -> None:
    before = placed(synthetic, "before", near=8, far=2)
    after = placed(synthetic, "after", near=5, far=4, mixed=1)
    found = verdict(before, after, "centre")
    assert found.outcome is Outcome.EQUIVALENT
    assert (found.before and found.before.runs, found.after and found.after.runs) == (8, 5)
    assert "only runs with the cores near" in found.reason
    assert "before 8 near, 2 far" in found.reason
    everything = [replace(run, distance=None) for run in before], [replace(run, distance=None) for run in after]
    assert verdict(*everything, "centre").outcome is not Outcome.EQUIVALENT, "the control: unlike runs would differ"


def test_the_class_with_the_most_runs_in_both_arms_is_taken(synthetic: Any) -> None:
    before = placed(synthetic, "before", near=14, far=5)
    after = placed(synthetic, "after", near=2, far=6)
    found = verdict(before, after, "centre")
    assert (found.before and found.before.runs, found.after and found.after.runs) == (5, 6)


def test_too_few_like_runs_are_counted_in_the_reason(synthetic: Any) -> None:
    found = verdict(placed(synthetic, "before", near=9, far=3), placed(synthetic, "after", far=9, near=3), "centre")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert "before 9 near, 3 far; after 9 far, 3 near" in found.reason


def test_mixed_runs_are_never_compared(synthetic: Any) -> None:
    found = verdict(placed(synthetic, "before", mixed=10), placed(synthetic, "after", mixed=10), "centre")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert (found.before, found.after) == (None, None)
    assert "moved during every run" in found.reason


def test_a_side_without_figures_is_not_compared_and_says_why(synthetic: Any) -> None:
    before = synthetic.arm("tcp.rtt", "before", CENTRE)
    absent = {
        "after: not measured": [],
        "after: not applicable: one core": [synthetic.run(not_applicable="one core")],
        "after: failed: killed; failed: timed out": [synthetic.run(failed="killed"), synthetic.run(failed="timed out")],
        "after: the runs hold no p50": [synthetic.run()],
    }
    for reason, after in absent.items():
        found = verdict(before, after, "p50")
        assert found.outcome is Outcome.NOT_COMPARED
        assert found.reason == reason
        assert (found.change, found.low, found.after) == (None, None, None)
        assert found.before is not None


def test_the_same_reason_on_both_sides_is_said_once(synthetic: Any) -> None:
    runs = [synthetic.run("memory.chase_huge", not_applicable="no huge page")] * 5
    found = verdict(runs, runs, "centre")
    assert found.outcome is Outcome.NOT_COMPARED
    assert found.reason == "not applicable: no huge page"


def test_runs_without_figures_are_counted(synthetic: Any) -> None:
    before = synthetic.arm("tcp.rtt", "before", CENTRE)
    after = [*synthetic.arm("tcp.rtt", "after", CENTRE, runs=9), synthetic.run(failed="killed by signal 9")]
    found = verdict(before, after, "p50")
    assert found.outcome is Outcome.EQUIVALENT
    assert "1 of 10 runs after have no figures (killed by signal 9)" in found.reason


def gaps(synthetic: Any, *lost: int) -> list[Run]:
    return [synthetic.run("noise.gaps", ticks=[ticks] if ticks else [], duration_ticks=10**9) for ticks in lost]


def test_lost_time_is_compared(synthetic: Any) -> None:
    noisy = gaps(synthetic, 9_000_000, 10_000_000, 11_000_000, 10_000_000, 10_500_000)
    quiet = gaps(synthetic, 90_000, 100_000, 110_000, 0, 95_000)
    found = verdict(noisy, quiet, "lost")
    assert found.outcome is Outcome.BETTER
    assert found.unit == "ppm"
    assert found.before is not None
    assert found.before.value == pytest.approx(10_100)


def test_nothing_lost_before_has_no_relative_change(synthetic: Any) -> None:
    found = verdict(gaps(synthetic, 0, 0, 0, 0), gaps(synthetic, 0, 0, 0, 9), "lost")
    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.change is None
    rare = verdict(gaps(synthetic, 0, 0, 0, 0, 10**7), gaps(synthetic, *[10**5] * 5), "lost")
    assert rare.outcome is Outcome.INCONCLUSIVE
    assert (rare.low, rare.high) == (None, None)
    assert "not bounded" in rare.reason


def test_a_maximum_is_shown_and_not_compared(synthetic: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_module, "metrics_of", lambda *_: ("max",))
    found = verdict(synthetic.arm("tcp.rtt", "a", CENTRE), synthetic.arm("tcp.rtt", "b", 2 * CENTRE), "max")
    assert found.outcome is Outcome.NOT_COMPARED
    assert found.change == pytest.approx(1.0, abs=0.01)


def test_the_catalogue_gives_order_and_metrics(synthetic: Any) -> None:
    runs = [
        run for name in ("mine.own", "tcp.rtt", "timer.wakeup") for run in synthetic.arm(name, "before", CENTRE, runs=4)
    ]
    found = [(entry.benchmark, entry.metric) for entry in compare(runs, runs, Limits(10.0))]
    assert list(dict(found)) == ["timer.wakeup", "tcp.rtt", "mine.own"]
    assert metrics_of("mine.own", runs) == ("centre", "p50", "p99", "p99.9")
    assert [metric for name, metric in found if name == "timer.wakeup"] == list(metrics_of("timer.wakeup", runs))


def test_the_user_says_which_change_does_not_matter(synthetic: Any) -> None:
    before = synthetic.arm("tcp.rtt", "before", CENTRE)
    after = synthetic.arm("tcp.rtt", "after", CENTRE + CENTRE * 3 // 100)

    def outcome(margin: float) -> tuple[Outcome, float]:
        (found,) = [entry for entry in compare(before, after, Limits(1.0, margin=margin)) if entry.metric == "centre"]
        return found.outcome, found.margin

    assert outcome(0.02) == (Outcome.WORSE, 0.02)
    assert outcome(0.05) == (Outcome.EQUIVALENT, 0.05)

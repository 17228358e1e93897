"""A session goes on where it was interrupted, adds runs, keeps to its time, and mixes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lltool.bench import session
from lltool.bench.allowance import FULL_ALLOWANCE, QUICK_ALLOWANCE, START_SECONDS, Allowance
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.eta import Forecast
from lltool.bench.fingerprint import differences, fingerprints
from lltool.bench.floor_store import Known
from lltool.bench.matching import FEWEST_RUNS
from lltool.bench.model import Result, Run
from lltool.bench.session import Request, measure, was_interrupted
from lltool.bench.workload import FULL, QUICK, Effort
from lltool.errors import InvalidInput

HOST = {
    "cpu": {"model_name": "a processor"},
    "kernel": {"cmdline": "quiet"},
    "memory": {"transparent": {"enabled": "always"}},
}
PASSPORT = {"tick_hz": 2.6e9, "quantum_ticks": 26}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, synthetic: Any) -> list[tuple[str, int]]:
    """A host that measures in no time; what was asked of it. The benchmark after ``STOP`` is interrupted."""
    asked: list[tuple[str, int]] = []

    def run_once(benchmark: Any, cores: Any, arm: str, block: int, position: int, **_: Any) -> Run:
        asked.append((benchmark.name, block))
        run: Run = synthetic.run(
            benchmark.name,
            arm,
            [100] * 20,
            block=block,
            position=position,
            cores=tuple(cores[:1]),
            effort="quick",
            seconds=2.0,
        )
        return run

    monkeypatch.setattr(session, "run_once", run_once)
    monkeypatch.setattr(session, "take_passport", lambda _: PASSPORT)
    monkeypatch.setattr(session, "describe_host", lambda _: HOST)
    monkeypatch.setattr(session, "stored_floor", lambda *_, **__: Known())
    return asked


def request(**changes: Any) -> Request:
    return Request(BENCHMARKS[:2], (1, 0), 3, quick=True, label="", command="lltool", **changes)


def names(count: int) -> list[tuple[str, int]]:
    return [(benchmark.name, block) for block in range(count) for benchmark in BENCHMARKS[:2]]


def interrupted_after(steps: int) -> Result:
    heard = 0

    def tell(_: str, __: int) -> None:
        nonlocal heard
        heard += 1
        if heard > steps:
            raise KeyboardInterrupt

    return measure(request(), tell, lambda _: None)


def ignore(*_: Any) -> None:
    pass


def test_an_interrupted_session_goes_on_with_what_it_lacks(measured: list[tuple[str, int]]) -> None:
    earlier = interrupted_after(3)
    assert earlier.notes == ("Interrupted after 3 of 6 runs.",)
    measured.clear()
    whole = measure(request(earlier=earlier, resume=True), ignore, ignore)
    assert measured == names(3)[3:]
    assert [(run.benchmark, run.block) for run in whole.runs] == names(3)
    assert [run.position for run in whole.runs] == list(range(6))
    assert whole.notes == ()
    assert measure(request(earlier=whole, resume=True), ignore, ignore) == whole, "nothing is left to do"


def test_a_failed_run_is_done_again(measured: list[tuple[str, int]]) -> None:
    earlier = measure(request(), ignore, ignore)
    broken = replace(earlier, runs=(replace(earlier.runs[0], failed="killed"), *earlier.runs[1:]))
    measured.clear()
    measure(request(earlier=broken, resume=True), ignore, ignore)
    assert measured == names(3)[:1]


def test_added_runs_are_new_rounds(measured: list[tuple[str, int]]) -> None:
    earlier = measure(request(), ignore, ignore)
    measured.clear()
    more = measure(request(earlier=earlier), ignore, ignore)
    assert [block for _, block in measured] == [3, 3, 4, 4, 5, 5]
    assert len(more.runs) == 12


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"host": HOST | {"kernel": {"cmdline": "isolcpus=1"}}}, "kernel command line: isolcpus=1 then, quiet now"),
        ({"passport": PASSPORT | {"tick_hz": 2.5e9}}, "clock: 2500.0 MHz then, 2600.0 MHz now"),
    ],
)
def test_runs_of_another_host_or_clock_are_refused(
    measured: list[tuple[str, int]], change: dict[str, Any], fault: str
) -> None:
    earlier = measure(request(), ignore, ignore)
    with pytest.raises(InvalidInput, match=fault):
        measure(request(earlier=replace(earlier, **change)), ignore, ignore)


def test_every_unlikeness_is_named(measured: list[tuple[str, int]], synthetic: Any) -> None:
    earlier = measure(request(), ignore, ignore)
    other = replace(earlier, runs=tuple(replace(run, effort="full", cores=(5,), arm="before") for run in earlier.runs))
    with pytest.raises(InvalidInput) as raised:
        measure(request(earlier=other), ignore, ignore)
    assert len(raised.value.faults) == 3


def test_a_killed_session_loses_little(measured: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "KEEP_EVERY_SECONDS", -1.0)
    kept: list[Result] = []
    measure(request(), ignore, kept.append)
    assert [len(result.runs) for result in kept] == [1, 2, 3, 4, 5, 6]
    assert kept[2].notes == ("Interrupted after 3 of 6 runs.",)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("lltool.bench.eta.time.monotonic", lambda: self.now)

    def work(self, forecast: Forecast, synthetic: Any, **lengths: float) -> list[int]:
        rounds = []
        while (step := forecast.next()) is not None:
            benchmark, number = step
            rounds.append(number)
            seconds = lengths.get(benchmark.name.replace(".", "_"), 1.0)
            self.now += seconds
            forecast.done(synthetic.run(benchmark.name, seconds=seconds))
        return rounds


def plan(rounds: int) -> list[Any]:
    return [(benchmark, number) for number in range(rounds) for benchmark in BENCHMARKS[:2]]


@pytest.mark.parametrize(("limit", "rounds"), [(None, 20), (21.0, 10), (5.0, 2), (0.5, 1), (1000.0, 20)])
def test_as_many_whole_rounds_as_fit(
    monkeypatch: pytest.MonkeyPatch, synthetic: Any, limit: float | None, rounds: int
) -> None:
    found = Clock(monkeypatch).work(Forecast(plan(20), limit), synthetic)
    assert len(found) == 2 * rounds
    assert max(found) == rounds - 1


def test_as_many_rounds_as_a_comparison_needs_are_measured_on_any_host(
    monkeypatch: pytest.MonkeyPatch, synthetic: Any
) -> None:
    assert max(Clock(monkeypatch).work(Forecast(plan(20), 0.5, least_rounds=5), synthetic)) == 4
    assert max(Clock(monkeypatch).work(Forecast(plan(3), 0.5, least_rounds=5), synthetic)) == 2


@pytest.mark.parametrize(("allowance", "effort"), [(QUICK_ALLOWANCE, QUICK), (FULL_ALLOWANCE, FULL)])
def test_more_benchmarks_get_shorter_runs_in_the_same_rounds(allowance: Allowance, effort: Effort) -> None:
    shares = [allowance.share(count, effort) for count in (1, 10, 50, 100, 1000)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == 1.0
    for count, share in zip((50, 100), shares[2:4], strict=True):
        took = allowance.rounds * count * (START_SECONDS + effort.cut_to(share).run_seconds)
        assert took <= max(allowance.seconds, allowance.rounds * count * START_SECONDS * 1.15)
    assert allowance.rounds >= FEWEST_RUNS


def test_a_cut_run_keeps_its_shape_and_says_so() -> None:
    cut = FULL.cut_to(0.25)
    assert (cut.name, cut.samples, cut.blocks, cut.seconds) == ("full, cut to 0.25", 62_500, 50, 0.25)
    assert cut.working_set_bytes == FULL.working_set_bytes
    assert FULL.cut_to(1.0) is FULL
    assert QUICK.cut_to(0.05).samples == 2000


def test_what_was_cut_is_told(measured: list[tuple[str, int]]) -> None:
    allowance = Allowance(1.0, 5)
    result = measure(request(allowance=allowance), ignore, ignore)
    (told,) = result.notes
    assert told.startswith("Each run is cut to 0.08 of a quick one, so that 5 rounds of 2 benchmarks fit into 1 s")
    assert not was_interrupted(result)


def test_the_end_is_foreseen_benchmark_by_benchmark(synthetic: Any) -> None:
    forecast = Forecast(plan(3), None)
    first, second = BENCHMARKS[0].name, BENCHMARKS[1].name
    forecast.next()
    assert forecast.seconds_left is None
    forecast.done(synthetic.run(first, seconds=1.0))
    forecast.next()
    assert forecast.seconds_left == 5.0
    forecast.done(synthetic.run(second, seconds=10.0))
    forecast.next()
    assert (forecast.seconds_left, forecast.steps_left) == (22.0, 4)


def test_the_foreseen_end_is_that_of_the_limit(monkeypatch: pytest.MonkeyPatch, synthetic: Any) -> None:
    clock = Clock(monkeypatch)
    forecast = Forecast(plan(20), 21.0)
    forecast.next()
    clock.now += 1.0
    forecast.done(synthetic.run(BENCHMARKS[0].name, seconds=1.0))
    forecast.next()
    assert forecast.seconds_left == 20.0, "and not the 39 runs that are planned"
    sure = Forecast(plan(20), 3.0, least_rounds=5)
    sure.next()
    sure.done(synthetic.run(BENCHMARKS[0].name, seconds=1.0))
    sure.next()
    assert sure.seconds_left == 9.0


def test_what_does_not_apply_is_not_asked_again(synthetic: Any) -> None:
    forecast = Forecast(plan(3), None)
    asked = []
    while (step := forecast.next()) is not None:
        asked.append(step[0].name)
        why = "no such thing" if step[0] is BENCHMARKS[0] else None
        forecast.done(synthetic.run(step[0].name, not_applicable=why, seconds=1.0))
    assert asked == [BENCHMARKS[0].name, *[BENCHMARKS[1].name] * 3]


def test_fingerprints_tell_host_from_settings() -> None:
    tuned = HOST | {"memory": {"transparent": {"enabled": "never"}}}
    assert fingerprints(HOST)["host"] == fingerprints(tuned)["host"]
    assert fingerprints(HOST)["settings"] != fingerprints(tuned)["settings"]
    assert [name for name, _, _ in differences(HOST, tuned)] == ["transparent huge pages"]
    busier = HOST | {"interrupts": {"lines": [{"number": 1, "total": 5}]}}
    assert fingerprints(HOST) == fingerprints(busier)

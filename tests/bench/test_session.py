"""A session makes as many rounds as fit, and never less than one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lltool.bench import session
from lltool.bench.catalogue import BENCHMARKS
from lltool.bench.model import Run

PAIR = BENCHMARKS[:2]


@given(st.floats(1, 1000), st.floats(0.1, 5000), st.integers(1, 50))
def test_what_fits_stays_within_the_limit(limit: float, elapsed: float, rounds: int) -> None:
    left = session.rounds_left(limit, elapsed, rounds)
    assert left >= 0
    assert left == 0 or elapsed + left * elapsed / rounds <= limit * (1 + 1e-9)
    assert elapsed + (left + 1) * elapsed / rounds > limit * (1 - 1e-9)


def measured(monkeypatch: pytest.MonkeyPatch, seconds: float, limit: float | None) -> tuple[int, list[int]]:
    """How many runs came of 10 rounds over two benchmarks that take ``seconds`` each, and the totals told."""
    clock = [0.0]
    totals: list[int] = []

    def run_once(benchmark: object, *_place: object, **_how: object) -> Run:
        clock[0] += seconds
        return Run("x", "bench", 0, 0, "", (0,), 1e9)

    monkeypatch.setattr(session, "run_once", run_once)
    monkeypatch.setattr(session, "describe_host", lambda _root: {})
    monkeypatch.setattr(session, "take_passport", lambda _cores: {})
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    result = session.measure(
        PAIR,
        (0,),
        lambda _text, total: totals.append(total),
        runs=10,
        quick=True,
        label="",
        command="",
        limit_seconds=limit,
    )
    assert result.notes == ()
    return len(result.runs), totals


def test_rounds_end_before_the_limit_and_the_total_is_told_after_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, 1.0, 7.0) == (6, [20, 20, 6, 6, 6, 6])


def test_a_slow_host_still_gets_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, 60.0, 7.0)[0] == 2


def test_without_a_limit_all_rounds_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured(monkeypatch, 60.0, None)[0] == 20

"""The circuit breaker, with a clock in hand; each fact is one that the chapter's sketch breaks."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

breaker_kernel = pytest.importorskip("lltool.kernels.breaker", reason="needs the compiled kernels")

SECOND = 1_000_000_000


def opened(at: int = SECOND) -> breaker_kernel.CircuitBreaker:
    breaker = breaker_kernel.CircuitBreaker(3, SECOND, 10 * SECOND)
    for _ in range(3):
        breaker.record_failure(breaker.allow(at), at)
    assert breaker.state == "open"
    return breaker


def test_it_opens_at_the_threshold_and_not_before() -> None:
    breaker = breaker_kernel.CircuitBreaker(3, SECOND, 10 * SECOND)
    for number in (1, 2):
        breaker.record_failure(breaker.allow(), number)
        assert breaker.state == "closed"
    breaker.record_failure(breaker.allow(), 3)
    assert breaker.state == "open"
    assert breaker.allow(4) == 0


def test_failures_that_are_far_apart_do_not_open_it() -> None:
    breaker = breaker_kernel.CircuitBreaker(3, SECOND, 10 * SECOND)
    for number in range(1, 100):
        breaker.record_failure(breaker.allow(), number * SECOND)
        assert breaker.state == "closed"


def test_one_call_probes_however_many_ask() -> None:
    breaker = opened()
    assert breaker.allow(11 * SECOND - 1) == 0
    tokens = [breaker.allow(11 * SECOND) for _ in range(1000)]
    assert sum(token > 0 for token in tokens) == 1
    assert breaker.state == "half-open"


def test_one_thread_probes_however_many_ask_at_once() -> None:
    breaker = opened()
    tokens: list[int] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        tokens.extend(breaker.allow(11 * SECOND) for _ in range(500))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(token > 0 for token in tokens) == 1


def test_a_call_that_is_held_up_at_any_step_changes_nothing_of_what_others_did(build: Callable[..., list[str]]) -> None:
    done = subprocess.run(build("breaker_interrupted"), check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_the_probe_decides() -> None:
    breaker = opened()
    assert breaker.record_failure(breaker.allow(11 * SECOND), 12 * SECOND)
    assert breaker.state == "open"
    assert breaker.allow(22 * SECOND - 1) == 0
    assert breaker.record_success(breaker.allow(22 * SECOND))
    assert breaker.state == "closed"
    breaker.record_failure(breaker.allow(), 22 * SECOND + 1)
    assert breaker.state == "closed"  # the failures of before are forgotten


def test_every_opening_is_counted_once() -> None:
    breaker = breaker_kernel.CircuitBreaker(2, SECOND, 5)
    for now_ns in (1, 2):
        breaker.record_failure(breaker.allow(now_ns), now_ns)
    assert breaker.openings == 1
    for opened in (2, 3, 4):
        now_ns = 10 * opened
        token = breaker.allow(now_ns)
        breaker.record_failure(token, now_ns)
        breaker.record_failure(token, now_ns)
        assert (breaker.state, breaker.openings) == ("open", opened)
    breaker.record_success(breaker.allow(100))
    assert (breaker.state, breaker.openings) == ("closed", 4)


def test_late_reports_change_nothing() -> None:
    breaker = breaker_kernel.CircuitBreaker(1, SECOND, 10 * SECOND)
    slow, failing = breaker.allow(1), breaker.allow(1)
    breaker.record_failure(failing, 1)
    assert not breaker.record_success(slow)
    assert not breaker.record_failure(slow, 2)
    assert breaker.state == "open"
    probe = breaker.allow(11 * SECOND)
    assert not breaker.record_success(slow)
    assert breaker.record_success(probe)
    assert not breaker.record_failure(slow, 12 * SECOND)
    assert breaker.state == "closed"


def test_a_probe_that_is_never_heard_of_is_given_up() -> None:
    breaker = opened()
    lost = breaker.allow(11 * SECOND)
    assert breaker.allow(21 * SECOND - 1) == 0
    second = breaker.allow(21 * SECOND)
    assert second
    assert not breaker.record_success(lost)
    assert breaker.record_success(second)


def test_a_clock_that_goes_back_neither_opens_nor_probes() -> None:
    breaker = opened(100 * SECOND)
    assert breaker.allow(1) == 0
    assert breaker.state == "open"


def test_without_a_time_it_uses_the_monotonic_clock() -> None:
    breaker = breaker_kernel.CircuitBreaker(1, SECOND, 1)
    breaker.record_failure(breaker.allow())
    assert breaker.allow() > 0


@pytest.mark.parametrize("arguments", [(0, 1, 1), (65, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_limits_without_meaning_are_refused(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"is not between|above 0"):
        breaker_kernel.CircuitBreaker(*arguments)


@settings(deadline=None)
@given(
    threshold=st.integers(1, 5),
    gaps=st.lists(st.integers(0, 60), min_size=1, max_size=30),
)
def test_it_opens_exactly_when_the_window_holds_the_threshold(threshold: int, gaps: list[int]) -> None:
    breaker = breaker_kernel.CircuitBreaker(threshold, 100, 10**9)
    now, times = 1, []
    for gap in gaps:
        now += gap
        times.append(now)
        breaker.record_failure(breaker.allow(now), now)
        recent = [time for time in times if now - time <= 100]
        assert (breaker.state == "open") == (len(recent) >= threshold)
        if breaker.state == "open":
            break

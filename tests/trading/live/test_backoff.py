"""Back-off: at once, then later and later with full jitter, reset only by a book that was live."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lltool.trading.live.backoff import Backoff


def test_the_first_attempt_is_made_at_once() -> None:
    assert Backoff().next_delay() == 0.0


@given(seed=st.integers(), attempts=st.integers(2, 200))
def test_delays_are_within_the_doubling_and_the_cap(seed: int, attempts: int) -> None:
    backoff = Backoff(0.25, 30.0, random=random.Random(seed))  # noqa: S311 - a test repeats itself
    delays = [backoff.next_delay() for _ in range(attempts)]
    for number, delay in enumerate(delays[1:]):
        assert 0.0 <= delay <= min(30.0, 0.25 * 2.0**number)


def test_the_jitter_stays_full_at_the_cap() -> None:
    backoff = Backoff(0.25, 8.0, random=random.Random(1))  # noqa: S311 - a test repeats itself
    late = [backoff.next_delay() for _ in range(2000)][10:]
    assert min(late) < 0.1
    assert max(late) > 7.9
    assert 3.8 < sum(late) / len(late) < 4.2


def test_only_a_connection_that_was_worth_something_starts_it_over() -> None:
    backoff = Backoff(settled_seconds=10.0)
    for _ in range(5):
        backoff.next_delay()
    backoff.live_for(9.9)
    assert backoff.attempts == 5
    backoff.live_for(10.0)
    assert backoff.next_delay() == 0.0

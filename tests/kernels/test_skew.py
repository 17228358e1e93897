"""Counters of two cores, and what the processor says about its own."""

from __future__ import annotations

import errno
import os
import threading

import pytest

pytest.importorskip("lltool.kernels.loops.skew", reason="needs the compiled kernels")
from lltool.kernels import frequency
from lltool.kernels.loops.skew import Skew


def test_the_bounds_of_one_counter_against_itself_hold_0() -> None:
    exchange = Skew()
    thread = threading.Thread(target=exchange.answer)
    thread.start()
    low, high = exchange.ask(3)
    exchange.stop()
    thread.join()
    assert low <= 0 <= high


def test_more_trips_never_widen_the_bounds() -> None:
    exchange = Skew()
    thread = threading.Thread(target=exchange.answer)
    thread.start()
    widths = []
    low, high = exchange.ask(2)
    for _ in range(3):
        more_low, more_high = exchange.ask(2)
        low, high = max(low, more_low), min(high, more_high)
        widths.append(high - low)
    exchange.stop()
    thread.join()
    assert widths == sorted(widths, reverse=True)


def test_no_trips_bound_nothing() -> None:
    with pytest.raises(ValueError, match="0 trips"):
        Skew().ask(0)


def test_a_leaf_that_is_not_there_is_none() -> None:
    assert frequency.cpuid(0x0FFFFFFF) is None
    assert frequency.cpuid(0x4FFFFFFF) is None
    if os.uname().machine == "x86_64":
        assert frequency.cpuid(0) is not None
        assert (frequency.cpuid_ticks(11) or 0) > 0


def test_perf_tells_a_rate_or_why_not() -> None:
    try:
        assert 1e8 < frequency.perf_hz() < 1e10
    except OSError as error:
        assert error.errno in {errno.EOPNOTSUPP, errno.EACCES, errno.EPERM, errno.ENOSYS, errno.ENOENT}


def test_a_stamp_names_the_core_of_a_pinned_thread() -> None:
    before = os.sched_getaffinity(0)
    try:
        for core in sorted(before)[:2]:
            os.sched_setaffinity(0, {core})
            assert frequency.stamped_core() == (core if os.uname().machine == "x86_64" else 0)
    finally:
        os.sched_setaffinity(0, before)

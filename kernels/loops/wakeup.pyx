"""How late a thread comes to a time it waits for, asleep or spinning: open loop on a fixed schedule.

As cyclictest, but no period is skipped.
"""

from libc.errno cimport EINTR
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t
from posix.time cimport CLOCK_MONOTONIC, TIMER_ABSTIME, clock_nanosleep, timespec

from lltool.kernels.arch cimport llt_ticks_start
from lltool.kernels.clock cimport Bracket, bracket_clock
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

import os

cdef enum:
    NANOSECONDS = 1000000000

cdef extern from "llt_schedule.h" nogil:
    uint64_t llt_ticks_at(uint64_t first_ticks, uint64_t ticks, int64_t first_ns, int64_t ns, int64_t wanted_ns)


cdef struct Wakeups:
    int failed
    uint64_t missed
    uint64_t early
    int64_t elapsed


cdef int _sleep_until(int64_t nanoseconds) noexcept nogil:
    cdef timespec until
    cdef int failed = EINTR
    until.tv_sec = nanoseconds // NANOSECONDS
    until.tv_nsec = nanoseconds % NANOSECONDS
    while failed == EINTR:
        failed = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL)
    return failed


# The tick of each wake-up is recorded first. The intended times are turned into ticks afterwards, between a pairing of
# the two clocks before and one after the loop, so that a slewed CLOCK_MONOTONIC does not pass for latency.
cdef Wakeups _wake(llt_recorder *recorder, size_t n, int64_t period) noexcept nogil:
    cdef Wakeups found = Wakeups(0, 0, 0, 0)
    cdef size_t offset = recorder.count
    cdef Bracket before = bracket_clock(CLOCK_MONOTONIC)
    cdef int64_t origin = before.nanoseconds + 2 * period
    cdef size_t index
    for index in range(n):
        found.failed = _sleep_until(origin + <int64_t>index * period)
        if found.failed:
            return found
        llt_record(recorder, llt_ticks_start())
    cdef Bracket after = bracket_clock(CLOCK_MONOTONIC)
    cdef uint64_t intended, woken
    cdef uint64_t previous = before.ticks
    for index in range(recorder.count - offset):
        intended = llt_ticks_at(
            before.ticks, after.ticks - before.ticks, before.nanoseconds, after.nanoseconds - before.nanoseconds,
            origin + <int64_t>index * period,
        )
        woken = recorder.ticks[offset + index]
        found.missed += previous > intended
        found.early += woken < intended
        recorder.ticks[offset + index] = woken - intended if woken > intended else 0
        previous = woken
    found.elapsed = after.nanoseconds - before.nanoseconds
    return found


cdef uint64_t _spin(llt_recorder *recorder, size_t n, uint64_t period) noexcept nogil:
    cdef uint64_t intended = llt_ticks_start() + 2 * period
    cdef uint64_t missed = 0
    cdef uint64_t now
    cdef size_t _index
    for _index in range(n):
        now = llt_ticks_start()
        missed += now > intended
        while now < intended:
            now = llt_ticks_start()
        llt_record(recorder, now - intended)
        intended += period
    return missed


def spin(Recorder recorder, size_t n, uint64_t period_ticks):
    """Spin on the tick counter until each of ``n`` times, ``period_ticks`` apart; samples as in :func:`wake`.

    Returns how many times had passed when the loop came to wait for them. Raises ``ValueError`` as :func:`wake`.
    """
    cdef llt_recorder *raw = recorder.raw
    cdef uint64_t missed
    if period_ticks < 1:
        raise ValueError(f"period {period_ticks} ticks is not positive")
    if n > raw.capacity - raw.count:
        raise ValueError(f"no room for {n} samples")
    with nogil:
        missed = _spin(raw, n, period_ticks)
    return missed


def wake(Recorder recorder, size_t n, int64_t period_ns):
    """Sleep until each of ``n`` times, ``period_ns`` apart; each sample is the lateness in ticks of one wake-up.

    Lateness counts from the intended time. A period that had already passed when the loop came to wait for it is a
    sample all the same, as late as it is, and counted as missed. Returns ``(missed, early, elapsed_ns)``; ``early``
    counts wake-ups before their time (recorded as 0): more than the pairing of the clocks can explain would be a
    defect. Raises ``ValueError`` (period < 1, no room for ``n`` samples) and ``OSError`` (clock_nanosleep).
    """
    cdef llt_recorder *raw = recorder.raw
    cdef Wakeups found
    if period_ns < 1:
        raise ValueError(f"period {period_ns} ns is not positive")
    if n > raw.capacity - raw.count:
        raise ValueError(f"no room for {n} samples")
    with nogil:
        found = _wake(raw, n, period_ns)
    if found.failed:
        raise OSError(found.failed, os.strerror(found.failed), "clock_nanosleep")
    return found.missed, found.early, found.elapsed

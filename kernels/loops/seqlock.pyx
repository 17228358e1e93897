"""Reads and writes of a 32-byte seqlock payload, alone and while another core writes at a steady pace."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_keep, llt_pause, llt_ticks, llt_ticks_start, llt_ticks_stop
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.seqlock cimport Seqlock, llt_seqlock, llt_seqlock_try_read, llt_seqlock_write
from lltool.kernels.shutdown cimport ShutdownToken, llt_shutdown, llt_shutdown_requested

cdef enum:
    WORDS = 4  # two prices and two quantities; a constant, so that the copy is unrolled

PAYLOAD_SIZE = WORDS * sizeof(uint64_t)


cdef inline uint64_t _read(const llt_seqlock *lock) noexcept nogil:
    cdef uint64_t[WORDS] payload
    cdef bint stable = llt_seqlock_try_read(lock, payload, WORDS * sizeof(uint64_t))
    # Each word is asked for by itself: a copy whose words nobody looks at is one the compiler drops.
    llt_keep(payload[0])
    llt_keep(payload[1])
    llt_keep(payload[2])
    llt_keep(payload[3])
    return stable


cdef uint64_t _block(const llt_seqlock *lock, size_t reads, uint64_t *stable) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef uint64_t stop, count = 0
    cdef size_t _
    for _ in range(reads):
        count += _read(lock)
    stop = llt_ticks_stop()
    stable[0] = count
    return stop - start


cdef uint64_t _each(const llt_seqlock *lock, llt_recorder *recorder, size_t reads) noexcept nogil:
    cdef uint64_t start, stable = 0
    cdef size_t _
    for _ in range(reads):
        start = llt_ticks_start()
        stable += _read(lock)
        llt_record(recorder, llt_ticks_stop() - start)
    return stable


cdef inline void _write(llt_seqlock *lock, uint64_t number) noexcept nogil:
    cdef uint64_t[WORDS] payload
    cdef size_t word
    for word in range(WORDS):
        payload[word] = number
    llt_seqlock_write(lock, payload, WORDS * sizeof(uint64_t))


cdef uint64_t _write_block(llt_seqlock *lock, size_t writes) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t number
    for number in range(writes):
        _write(lock, number)
    return llt_ticks_stop() - start


cdef void _write_each(llt_seqlock *lock, llt_recorder *recorder, size_t writes) noexcept nogil:
    cdef uint64_t start
    cdef size_t number
    for number in range(writes):
        start = llt_ticks_start()
        _write(lock, number)
        llt_record(recorder, llt_ticks_stop() - start)


cdef uint64_t _write_at_pace(llt_seqlock *lock, const llt_shutdown *token, uint64_t period_ticks) noexcept nogil:
    cdef uint64_t number = 0
    cdef uint64_t due = llt_ticks()
    while not llt_shutdown_requested(token):
        if llt_ticks() < due:
            llt_pause()
            continue
        number += 1
        _write(lock, number)
        due += period_ticks
    return number


cdef const llt_seqlock *_checked(Seqlock lock) except NULL:
    if lock.size != WORDS * sizeof(uint64_t):
        raise ValueError(f"payload of {lock.size} bytes: this loop reads {PAYLOAD_SIZE}")
    return lock.raw


def block(Seqlock lock, size_t reads):
    """Read ``reads`` times in one stretch: ``(ticks, stable reads)``. ValueError unless the payload has 32 bytes."""
    cdef const llt_seqlock *raw = _checked(lock)
    cdef uint64_t ticks, stable
    with nogil:
        ticks = _block(raw, reads, &stable)
    return ticks, stable


def each(Seqlock lock, Recorder recorder, size_t reads):
    """Read ``reads`` times and record the ticks of each; returns how many were stable."""
    cdef const llt_seqlock *raw = _checked(lock)
    cdef llt_recorder *recorder_raw = recorder.raw
    cdef uint64_t stable
    with nogil:
        stable = _each(raw, recorder_raw, reads)
    return stable


def write_block(Seqlock lock, size_t writes):
    """Write ``writes`` times in one stretch; returns the ticks. ValueError unless the payload has 32 bytes."""
    _checked(lock)
    cdef llt_seqlock *raw = lock.raw
    cdef uint64_t ticks
    with nogil:
        ticks = _write_block(raw, writes)
    return ticks


def write_each(Seqlock lock, Recorder recorder, size_t writes):
    """Write ``writes`` times and record the ticks of each."""
    _checked(lock)
    cdef llt_seqlock *raw = lock.raw
    cdef llt_recorder *recorder_raw = recorder.raw
    with nogil:
        _write_each(raw, recorder_raw, writes)


def write_at_pace(Seqlock lock, ShutdownToken token, uint64_t period_ticks):
    """Write every ``period_ticks`` until ``token`` is set, for a thread on another core; returns how often."""
    _checked(lock)
    cdef llt_seqlock *raw = lock.raw
    cdef const llt_shutdown *stop = token.raw
    cdef uint64_t count
    with nogil:
        count = _write_at_pace(raw, stop, period_ticks)
    return count

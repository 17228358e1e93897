"""Reads of a 32-byte seqlock payload while nobody writes."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder
from lltool.kernels.seqlock cimport Seqlock, llt_seqlock, llt_seqlock_try_read

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

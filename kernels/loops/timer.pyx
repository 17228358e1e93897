"""What a pair of time stamps costs, and what the clocks of the system cost."""

from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from posix.time cimport clock_gettime, timespec

from lltool.kernels.arch cimport llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder


cdef void _pair_block(llt_recorder *recorder, size_t ops) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _op
    for _op in range(ops):
        llt_keep(llt_ticks_start())
        llt_keep(llt_ticks_stop())
    llt_record(recorder, llt_ticks_stop() - start)


cdef void _clock_block(llt_recorder *recorder, size_t ops, int clock_id) noexcept nogil:
    cdef timespec now
    cdef uint64_t start = llt_ticks_start()
    cdef size_t _op
    for _op in range(ops):
        clock_gettime(clock_id, &now)
        llt_keep(<uint64_t>now.tv_nsec)
    llt_record(recorder, llt_ticks_stop() - start)


cdef void _pair_each(llt_recorder *recorder, size_t n) noexcept nogil:
    cdef uint64_t start
    cdef size_t _op
    for _op in range(n):
        start = llt_ticks_start()
        llt_record(recorder, llt_ticks_stop() - start)


cdef void _clock_each(llt_recorder *recorder, size_t n, int clock_id) noexcept nogil:
    cdef timespec now
    cdef uint64_t start
    cdef size_t _op
    for _op in range(n):
        start = llt_ticks_start()
        clock_gettime(clock_id, &now)
        llt_keep(<uint64_t>now.tv_nsec)
        llt_record(recorder, llt_ticks_stop() - start)


def pair_block(Recorder recorder, size_t ops):
    """One sample: the ticks of ``ops`` stamp pairs between two stamps."""
    cdef llt_recorder *raw = recorder.raw
    with nogil:
        _pair_block(raw, ops)


def pair_each(Recorder recorder, size_t n):
    """``n`` samples: what an empty stamp pair reads."""
    cdef llt_recorder *raw = recorder.raw
    with nogil:
        _pair_each(raw, n)


def clock_block(Recorder recorder, size_t ops, int clock_id):
    """One sample: the ticks of ``ops`` calls of ``clock_gettime(clock_id)``."""
    cdef llt_recorder *raw = recorder.raw
    with nogil:
        _clock_block(raw, ops, clock_id)


def clock_each(Recorder recorder, size_t n, int clock_id):
    """``n`` samples: single calls of ``clock_gettime(clock_id)`` between two stamps."""
    cdef llt_recorder *raw = recorder.raw
    with nogil:
        _clock_each(raw, n, clock_id)

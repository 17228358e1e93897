"""A loop that does nothing but look at the clock: whatever takes the core away shows as a gap."""

from libc.stdint cimport uint64_t

from lltool.kernels.arch cimport llt_ticks_start
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder


# Recording the start of a gap costs nothing that is measured: it lies between two gaps, after the stamp.
cdef uint64_t _watch(
        llt_recorder *recorder, llt_recorder *starts, uint64_t duration, uint64_t threshold) noexcept nogil:
    cdef uint64_t begin = llt_ticks_start()
    cdef uint64_t last = begin
    cdef uint64_t now = begin
    while now - begin < duration:
        now = llt_ticks_start()
        if now - last >= threshold:
            llt_record(recorder, now - last)
            if starts is not NULL:
                llt_record(starts, last)
        last = now
    return now - begin


def watch(Recorder recorder, uint64_t duration_ticks, uint64_t threshold_ticks, Recorder starts=None):
    """Spin for ``duration_ticks``; each gap of at least ``threshold_ticks`` is a sample. Returns the ticks watched.

    The last gap may lead beyond the duration asked for: the time returned holds it, so that a share of time stays one.
    ``starts`` receives the stamp at which each gap began.
    """
    cdef llt_recorder *raw = recorder.raw
    cdef llt_recorder *raw_starts = NULL if starts is None else starts.raw
    cdef uint64_t watched
    with nogil:
        watched = _watch(raw, raw_starts, duration_ticks, threshold_ticks)
    return watched

"""Raw durations of one run and their fold into an HDR layout."""

from cpython.array cimport array, clone
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t, UINT64_MAX
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

import array as array_module

cimport cython

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef extern from "llt_hdr.h" nogil:
    enum:
        LLT_HDR_BUCKETS
    size_t llt_hdr_index(uint64_t value)
    uint64_t llt_hdr_lowest(size_t index)

cdef enum:
    PAGE = 4096

cdef array _EMPTY = array_module.array("Q")


cdef struct Sums:
    uint64_t minimum
    uint64_t maximum
    uint64_t low
    uint64_t high


cdef Sums _count(const llt_recorder *recorder, uint64_t *counts) noexcept nogil:
    cdef Sums sums = Sums(UINT64_MAX, 0, 0, 0)
    cdef size_t sample
    cdef uint64_t ticks
    for sample in range(recorder.count):
        ticks = recorder.ticks[sample]
        counts[llt_hdr_index(ticks)] += 1
        if ticks < sums.minimum:
            sums.minimum = ticks
        if ticks > sums.maximum:
            sums.maximum = ticks
        sums.low += ticks
        sums.high += sums.low < ticks
    return sums


@cython.final
cdef class Recorder:
    """A buffer for ``capacity`` durations in ticks, allocated and touched once, written by C loops.

    Samples that find it full are counted in :attr:`lost`. Raises ``MemoryError`` and ``ValueError`` (capacity < 1).
    """

    def __cinit__(self, capacity):
        if not 0 < capacity <= 1 << 40:
            raise ValueError(f"capacity {capacity} is not between 1 and 2**40 samples")
        cdef size_t size = (<size_t>capacity * sizeof(uint64_t) + PAGE - 1) // PAGE * PAGE
        self.raw = &self.state
        self.state.ticks = <uint64_t *>aligned_alloc(PAGE, size)
        if self.state.ticks == NULL:
            raise MemoryError(f"no memory for {capacity} samples")
        # Written, not only mapped: the first sample must not wait for a page fault.
        memset(self.state.ticks, 0, size)
        self.state.capacity = capacity

    def __dealloc__(self):
        free(self.state.ticks)

    def reset(self):
        """Forget all samples; the memory stays."""
        self.state.count = 0
        self.state.lost = 0

    def record(self, ticks):
        """Add one duration from Python; loops use ``llt_record``. ``OverflowError`` outside 64 bits."""
        llt_record(self.raw, ticks)

    @property
    def capacity(self):
        """How many samples fit."""
        return self.state.capacity

    @property
    def count(self):
        """How many samples are held."""
        return self.state.count

    @property
    def lost(self):
        """How many samples found the buffer full."""
        return self.state.lost

    def ticks(self):
        """The durations in the order they were recorded, as a copy: ``array('Q')``."""
        cdef array copy = clone(_EMPTY, self.state.count, zero=False)
        memcpy(copy.data.as_voidptr, self.state.ticks, self.state.count * sizeof(uint64_t))
        return copy

    def fold(self):
        """Count the samples in HDR layout: 3 significant digits, unit 1 tick, the whole range of 64 bits.

        Returns ``(values, counts, minimum, maximum, total)``: the lowest duration of each non-empty bucket,
        ascending, and its count; the last three are exact. Without samples: ``([], [], 0, 0, 0)``.
        """
        if self.state.count == 0:
            return [], [], 0, 0, 0
        cdef uint64_t *counts = <uint64_t *>calloc(LLT_HDR_BUCKETS, sizeof(uint64_t))
        cdef Sums sums
        cdef size_t index
        if counts == NULL:
            raise MemoryError("no memory to count the samples")
        try:
            with nogil:
                sums = _count(self.raw, counts)
            filled = [index for index in range(LLT_HDR_BUCKETS) if counts[index]]
            return (
                [llt_hdr_lowest(index) for index in filled],
                [counts[index] for index in filled],
                sums.minimum,
                sums.maximum,
                (int(sums.high) << 64) | sums.low,
            )
        finally:
            free(counts)

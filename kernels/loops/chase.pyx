"""A pointer chase: each load needs the result of the one before, at a cache line nobody can predict."""

from libc.stddef cimport size_t
from libc.stdint cimport UINT32_MAX, uint32_t, uint64_t
from libc.stdlib cimport free, malloc

cimport cython

from lltool.kernels.arch cimport llt_flush, llt_flushed, llt_keep, llt_ticks_start, llt_ticks_stop
from lltool.kernels.memory cimport Mapping
from lltool.kernels.recorder cimport Recorder, llt_record, llt_recorder

cdef enum:
    CACHE_LINE = 64
    UNROLLED = 8

ctypedef void *Link


cdef uint64_t _next_random(uint64_t *state) noexcept nogil:
    # xorshift64* (Vigna 2016): fast, and the same cycle for the same seed in every run.
    state[0] ^= state[0] >> 12
    state[0] ^= state[0] << 25
    state[0] ^= state[0] >> 27
    return state[0] * <uint64_t>0x2545F4914F6CDD1D


# Sattolo's algorithm gives one cycle through all lines; a plain shuffle gives several, and the chase might stay in a
# short one that fits the cache.
cdef void _link_lines(char *memory, uint32_t *order, size_t lines, uint64_t seed) noexcept nogil:
    cdef size_t index, other
    cdef uint64_t state = seed | 1
    for index in range(lines):
        order[index] = <uint32_t>index
    for index in range(lines - 1, 0, -1):
        other = (_next_random(&state) >> 32) * index >> 32
        order[index], order[other] = order[other], order[index]
    for index in range(lines):
        (<Link *>(memory + index * CACHE_LINE))[0] = memory + <size_t>order[index] * CACHE_LINE


cdef Link _follow(Link at, size_t steps) noexcept nogil:
    cdef size_t _step
    for _step in range(steps):
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
        at = (<Link *>at)[0]
    return at


cdef Link _chase_block(llt_recorder *recorder, Link at, size_t steps) noexcept nogil:
    cdef uint64_t start = llt_ticks_start()
    at = _follow(at, steps)
    llt_keep(<uint64_t>at)
    llt_record(recorder, llt_ticks_stop() - start)
    return at


cdef Link _chase_each(llt_recorder *recorder, Link at, size_t n) noexcept nogil:
    cdef uint64_t start
    cdef size_t _load
    for _load in range(n):
        start = llt_ticks_start()
        at = (<Link *>at)[0]
        llt_keep(<uint64_t>at)
        llt_record(recorder, llt_ticks_stop() - start)
    return at


# Each line is read for its link before it goes: the next load of the same line can only come from memory.
cdef void _flush_ahead(Link at, size_t loads) noexcept nogil:
    cdef Link following
    cdef size_t _load
    for _load in range(loads):
        following = (<Link *>at)[0]
        llt_flush(at)
        at = following
    llt_flushed()


@cython.final
cdef class Chase:
    """One random cycle through all cache lines of the first ``working_set_bytes`` of ``mapping``.

    The memory belongs to the chase from then on. Raises ``ValueError`` for a working set of less than two lines, more
    than the mapping, or more than 2**32 lines.
    """

    cdef Mapping mapping
    cdef Link at
    cdef size_t lines

    def __cinit__(self, Mapping mapping not None, size_t working_set_bytes, uint64_t seed=1):
        self.lines = working_set_bytes // CACHE_LINE
        if working_set_bytes > mapping.size or not 2 <= self.lines <= UINT32_MAX:
            raise ValueError(f"a working set of {working_set_bytes} bytes does not suit {mapping.size} bytes")
        cdef uint32_t *order = <uint32_t *>malloc(self.lines * sizeof(uint32_t))
        if order == NULL:
            raise MemoryError("no memory to order the cache lines")
        self.mapping = mapping
        self.at = mapping.address
        with nogil:
            _link_lines(mapping.address, order, self.lines, seed)
            free(order)

    @property
    def line_count(self):
        """How many cache lines the cycle visits."""
        return self.lines

    def cycle_length(self):
        """Count the loads until the chase is back where it stands: :attr:`line_count`, or the cycle is broken."""
        cdef Link at = self.at
        cdef size_t length = 0
        with nogil:
            while True:
                at = (<Link *>at)[0]
                length += 1
                if at == self.at or length > self.lines:
                    break
        return length

    def block(self, Recorder recorder, size_t loads):
        """One sample: the ticks of ``loads`` dependent loads, a multiple of 8. ``ValueError`` otherwise."""
        if loads == 0 or loads % UNROLLED:
            raise ValueError(f"{loads} loads are not a multiple of {UNROLLED}")
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            self.at = _chase_block(raw, self.at, loads // UNROLLED)

    def each(self, Recorder recorder, size_t n):
        """``n`` samples: single loads between two stamps, whose own cost (the floor) is in them."""
        cdef llt_recorder *raw = recorder.raw
        with nogil:
            self.at = _chase_each(raw, self.at, n)

    def flush(self, size_t loads):
        """Drop the lines of the next ``loads`` loads from every cache, so that they come from memory."""
        with nogil:
            _flush_ahead(self.at, loads)

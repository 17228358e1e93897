from libc.stdint cimport int64_t, uint64_t


cdef struct Bracket:
    # One clock read between two stamps: `ticks` is their middle, `width` their distance.
    uint64_t ticks
    int64_t nanoseconds
    uint64_t width


cdef Bracket bracket_clock(int clock_id) noexcept nogil

from libc.stdint cimport uint64_t
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

cdef enum:
    SPINS_PER_LOOK = 1 << 20  # some ten milliseconds: a look at the clock at every try would be a part of the wait


# The end of a spinning wait: `Deadline(limit_seconds, 0, 0)`, then ask at every turn.
cdef struct Deadline:
    double limit_seconds
    double at
    uint64_t spins


cdef inline double _now() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef inline bint has_passed(Deadline *deadline) noexcept nogil:
    deadline.spins += 1
    if deadline.spins % SPINS_PER_LOOK:
        return False
    if deadline.at == 0:
        deadline.at = _now() + deadline.limit_seconds
        return False
    return _now() > deadline.at

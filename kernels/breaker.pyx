"""Circuit breaker: keeps callers away from what fails, and sends one of them to see whether it works again.

States and ordering: ``include/llt_breaker.h``. Chapter 5.8.2.
"""

cimport cython
from libc.stdlib cimport free
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from lltool.kernels.atomic cimport LLT_LINE, llt_load_acquire, llt_load_relaxed

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

cdef tuple _STATES = ("closed", "open", "half-open")


cdef uint64_t _now_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <uint64_t>now.tv_sec * 1000000000 + <uint64_t>now.tv_nsec


@cython.final
cdef class CircuitBreaker:
    """Opens after ``threshold`` failures within ``window_ns``; ``recovery_ns`` later one call may try. Any threads.

    Times are of CLOCK_MONOTONIC; the calls take another one, in nanoseconds above 0, where it is given.

    Raises ValueError for a threshold outside 1 .. 64 or a time below 1, MemoryError.
    """

    def __cinit__(self, threshold, window_ns, recovery_ns):
        if not 1 <= threshold <= LLT_BREAKER_MAX_THRESHOLD:
            raise ValueError(f"threshold {threshold} is not between 1 and {LLT_BREAKER_MAX_THRESHOLD}")
        if window_ns < 1 or recovery_ns < 1:
            raise ValueError(f"window_ns {window_ns}, recovery_ns {recovery_ns}: both are above 0")
        self.raw = <llt_breaker *>aligned_alloc(LLT_LINE, sizeof(llt_breaker))
        if self.raw is NULL:
            raise MemoryError("no memory for a circuit breaker")
        llt_breaker_init(self.raw, threshold, window_ns, recovery_ns)

    def __dealloc__(self):
        free(self.raw)

    def allow(self, now_ns=None):
        """A token to report with, or 0 when the call must not be made."""
        cdef uint64_t token = llt_breaker_allow_closed(self.raw)
        if token:
            return token
        return llt_breaker_allow(self.raw, _now_ns() if now_ns is None else now_ns)

    def record_success(self, uint64_t token):
        """The call admitted with ``token`` worked. False when the breaker has moved on since: it changes nothing."""
        return llt_breaker_success(self.raw, token)

    def record_failure(self, uint64_t token, now_ns=None):
        """The call admitted with ``token`` failed. False as in :meth:`record_success`."""
        return llt_breaker_failure(self.raw, token, _now_ns() if now_ns is None else now_ns)

    @property
    def state(self):
        """``"closed"``, ``"open"`` or ``"half-open"``."""
        return _STATES[llt_breaker_state_of(llt_load_acquire(&self.raw.word))]

    @property
    def openings(self):
        """How often it has opened so far, also from half-open."""
        return llt_load_relaxed(&self.raw.openings)

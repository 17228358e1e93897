from libc.stdint cimport uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64


cdef extern from "llt_breaker.h" nogil:
    enum:
        LLT_BREAKER_MAX_THRESHOLD
        LLT_BREAKER_REFUSED

    ctypedef enum llt_breaker_state:
        LLT_BREAKER_CLOSED
        LLT_BREAKER_OPEN
        LLT_BREAKER_HALF_OPEN

    ctypedef struct llt_breaker:
        llt_atomic_u64 word
        llt_atomic_u64 openings

    void llt_breaker_init(llt_breaker *breaker, uint64_t threshold, uint64_t window_ns, uint64_t recovery_ns)
    llt_breaker_state llt_breaker_state_of(uint64_t word)
    uint64_t llt_breaker_allow(llt_breaker *breaker, uint64_t now_ns)
    uint64_t llt_breaker_allow_closed(const llt_breaker *breaker)
    bint llt_breaker_success(llt_breaker *breaker, uint64_t token)
    bint llt_breaker_failure(llt_breaker *breaker, uint64_t token, uint64_t now_ns)


cdef class CircuitBreaker:
    cdef llt_breaker *raw

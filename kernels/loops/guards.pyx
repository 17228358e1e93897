"""What stands beside each order or message on one core: breaker, shutdown token, risk check, histogram, log."""

from libc.math cimport exp
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint64_t

cimport cython

from lltool.kernels.arch cimport llt_keep
from lltool.kernels.breaker cimport CircuitBreaker, llt_breaker, llt_breaker_allow
from lltool.kernels.histogram cimport LatencyHistogram, llt_histogram, llt_histogram_record
from lltool.kernels.log_ring cimport LogRing, llt_log, llt_log_write
from lltool.kernels.loops.loop cimport Loop, Run, repeat
from lltool.kernels.recorder cimport llt_recorder
from lltool.kernels.risk cimport RiskCheck, llt_risk, llt_risk_check, llt_risk_order
from lltool.kernels.shutdown cimport ShutdownToken, llt_shutdown, llt_shutdown_requested
from lltool.kernels.spsc cimport llt_seq_peek, llt_seq_release, llt_spsc_consumer

cdef enum:
    VALUES = 2048  # a power of two; with the histogram's busy buckets they fit the first cache

LIMITS = {
    "max_quantity": 10_000, "lot": 10, "tick": 5, "band": 50_000, "max_notional": 10**12, "max_long": 10**9,
    "max_short": 10**9, "max_open_orders": 1000, "max_gross_notional": 10**15, "max_orders": 100,
    "rate_window_ns": 1_000_000, "max_age_ns": 10**9,
}


cdef struct Things:
    llt_breaker *breaker
    llt_shutdown *shutdown
    llt_risk *risk
    llt_histogram *histogram
    llt_log *log
    llt_spsc_consumer *log_reader
    uint64_t[VALUES] values


cdef void _breaker_allow(void *things, uint64_t number) noexcept nogil:
    llt_keep(llt_breaker_allow((<Things *>things).breaker, number))


cdef void _shutdown_look(void *things, uint64_t _number) noexcept nogil:
    llt_keep(llt_shutdown_requested((<Things *>things).shutdown))


cdef void _risk_check(void *things, uint64_t number) noexcept nogil:
    cdef llt_risk_order order
    order.order_id = number + 1
    order.price = 100_000 + <int64_t>(number % 64) * 5
    order.quantity = 10 + <int64_t>(number % 32) * 10
    order.side = number & 1
    llt_keep(llt_risk_check((<Things *>things).risk, &order, <int64_t>(1_000_000_000 + number)))


cdef void _histogram_record(void *things, uint64_t number) noexcept nogil:
    cdef Things *all = <Things *>things
    llt_histogram_record(all.histogram, all.values[number % VALUES])


cdef void _log_write(void *things, uint64_t number) noexcept nogil:
    cdef Things *all = <Things *>things
    cdef int64_t[2] arguments
    arguments[0] = <int64_t>number
    arguments[1] = <int64_t>(number >> 3)
    llt_log_write(all.log, 0, 0, arguments, 2)
    llt_keep(<uint64_t>llt_seq_peek(all.log_reader))
    llt_seq_release(all.log_reader)


cdef uint64_t _breaker(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_breaker_allow, things, recorder, count)


cdef uint64_t _shutdown(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_shutdown_look, things, recorder, count)


cdef uint64_t _risk(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_risk_check, things, recorder, count)


cdef uint64_t _histogram(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_histogram_record, things, recorder, count)


cdef uint64_t _log(void *things, llt_recorder *recorder, size_t count) noexcept nogil:
    return repeat(_log_write, things, recorder, count)


KINDS = {"breaker": 0, "shutdown": 1, "risk": 2, "histogram": 3, "log": 4}

cdef Run[5] _RUNS  # by the numbers of KINDS
_RUNS[0] = _breaker
_RUNS[1] = _shutdown
_RUNS[2] = _risk
_RUNS[3] = _histogram
_RUNS[4] = _log


cdef void _fill_values(uint64_t *values) noexcept nogil:
    # Log-normal, as latencies are: the logarithm is 8 +- 1.2, a sum of twelve uniform numbers of a xorshift generator.
    cdef uint64_t state = 88172645463325252
    cdef double normal
    cdef size_t at, _
    for at in range(VALUES):
        normal = -6
        for _ in range(12):
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            normal += <double>(state >> 11) / <double>(<uint64_t>1 << 53)
        values[at] = <uint64_t>exp(8 + 1.2 * normal)


@cython.final
cdef class Guard(Loop):
    """One of :data:`KINDS`, as a hot loop meets it: the breaker closed, no shutdown asked for, an order that passes all
    sixteen checks, a value counted, a record written to the log and read again. ValueError for another kind.
    """

    cdef CircuitBreaker breaker
    cdef ShutdownToken shutdown
    cdef RiskCheck risk
    cdef LatencyHistogram histogram
    cdef LogRing log
    cdef Things own

    def __cinit__(self, str kind):
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
        self.run = _RUNS[KINDS[kind]]
        self.things = &self.own
        self.breaker = CircuitBreaker(5, 1_000_000_000, 1_000_000_000)
        self.shutdown = ShutdownToken()
        self.risk = RiskCheck(**LIMITS)
        self.risk.set_reference(100_000, 1_000_000_000)
        self.histogram = LatencyHistogram()
        self.log = LogRing(1024)
        self.log.register("{} {}")
        self.own.breaker = self.breaker.raw
        self.own.shutdown = self.shutdown.raw
        self.own.risk = &self.risk.raw
        self.own.histogram = &self.histogram.raw
        self.own.log = &self.log.sides.log
        self.own.log_reader = &self.log.sides.consumer
        _fill_values(self.own.values)

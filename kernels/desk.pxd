from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lltool.kernels.binance_json cimport Parser, llt_binance_event, llt_binance_level
from lltool.kernels.breaker cimport CircuitBreaker
from lltool.kernels.histogram cimport LatencyHistogram, llt_histogram
from lltool.kernels.log_ring cimport LogRing
from lltool.kernels.order_manager cimport llt_order_manager
from lltool.kernels.order_wire cimport OrderWire, llt_order_wire
from lltool.kernels.paper cimport PaperExchange, llt_paper
from lltool.kernels.router cimport Router
from lltool.kernels.strategy cimport Strategy
from lltool.kernels.sync cimport BookSync, llt_sync


cdef extern from "llt_desk.h" nogil:
    ctypedef struct llt_quote:
        pass

    ctypedef struct llt_wish:
        pass

    ctypedef enum llt_desk_outcome:
        LLT_DESK_DONE
        LLT_DESK_SEND
        LLT_DESK_REFUSED
        LLT_DESK_FOREIGN

    ctypedef int llt_strategy_function(
        void *state, const llt_quote *quote, int64_t position, llt_wish *wish) noexcept nogil

    enum:
        LLT_STAGES

    ctypedef struct llt_desk_stamps:
        uint64_t called
        uint64_t last

    ctypedef struct llt_desk_order:
        uint64_t id
        int64_t price
        int64_t quantity
        uint32_t side

    ctypedef struct llt_desk_ticker:
        uint64_t update_id

    enum:
        LLT_DESK_TICKERS

    ctypedef struct llt_desk:
        llt_sync *sync
        llt_order_manager orders
        llt_paper *paper
        llt_order_wire *wire
        llt_histogram **spans
        llt_strategy_function *decide
        void *strategy
        llt_desk_order out
        llt_desk_stamps stamps
        const unsigned char *message
        size_t message_size
        llt_desk_ticker *tickers
        uint64_t ticks
        uint64_t trades
        uint64_t best_prices
        uint64_t repeated
        uint64_t contradictions
        uint64_t unsent
        char symbol[24]

    llt_desk_outcome llt_desk_take(
        llt_desk *desk, const llt_binance_event *event, const llt_binance_level *levels,
        llt_desk_stamps *stamps, int64_t now_ns)
    void llt_desk_sent(llt_desk *desk)
    void llt_desk_connect(llt_desk *desk, int64_t now_ns)
    void llt_desk_disconnect(llt_desk *desk, int64_t now_ns)
    void llt_desk_invalidate(llt_desk *desk, int64_t now_ns)
    void llt_desk_look(llt_desk *desk, int64_t now_ns)


cdef class Desk:
    cdef llt_desk raw
    cdef readonly BookSync sync
    cdef readonly Router router
    cdef readonly PaperExchange paper
    cdef readonly CircuitBreaker breaker
    cdef readonly Strategy strategy
    cdef readonly LogRing log
    cdef readonly str symbol
    cdef OrderWire wire
    cdef dict spans  # of the floor: they live as long as somebody records into them


cdef class Floor:
    cdef readonly list desks
    cdef readonly dict spans
    cdef Parser parser
    cdef llt_binance_event event
    cdef llt_desk *raw[64]
    cdef size_t count
    cdef int64_t tended_ns
    cdef readonly uint64_t messages
    cdef readonly uint64_t refused
    cdef readonly uint64_t foreign
    cdef int _refuse(self, int64_t now_ns) noexcept nogil
    cdef int _find(self) noexcept nogil
    cdef int _take_sbe(self, const unsigned char *text, size_t size, int64_t now_ns) noexcept nogil
    cdef int _take(self, const unsigned char *text, size_t size, size_t first, int64_t now_ns) noexcept nogil
    cdef void _tend(self, int64_t now_ns, int64_t life_ns) noexcept nogil
    cdef void _follow(
        self, const uint8_t *which, const llt_binance_event *events, const llt_binance_level *levels,
        const int64_t *times_ns, size_t begin, size_t end, int64_t life_ns) noexcept nogil

from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.histogram cimport llt_histogram
from lltool.kernels.l2_book cimport llt_l2_book
from lltool.kernels.router cimport llt_order, llt_router
from lltool.kernels.seqlock cimport llt_seqlock
from lltool.kernels.strategy cimport Strategy


cdef extern from "llt_pipeline.h" nogil:
    enum:
        LLT_STAMPS
        LLT_SPANS
        LLT_SPAN_TO_UPDATE
        LLT_SPAN_TO_TRADE
        LLT_SPAN_QUEUED
        LLT_SPAN_WAITED
        LLT_SPAN_TO_WIRE
        LLT_ORDER_MESSAGE_SIZE

    ctypedef enum llt_stamp:
        LLT_AT_READ
        LLT_AT_PARSED
        LLT_AT_BOOK
        LLT_AT_DECIDED
        LLT_AT_CHECKED
        LLT_AT_SERIALISED
        LLT_AT_SENT

    ctypedef struct llt_strategy_function:
        pass

    ctypedef struct llt_wish:
        pass

    ctypedef llt_order *llt_submit(
        llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns,
        uint32_t *denied) noexcept nogil

    ctypedef struct llt_tick:
        uint64_t[7] at
        uint64_t begun

    ctypedef struct llt_pipeline_order:
        uint64_t[7] at
        uint32_t symbol_id

    ctypedef struct llt_instrument:
        llt_l2_book book
        llt_router *router
        llt_seqlock *published

    ctypedef struct llt_pipeline:
        llt_instrument *instruments
        uint32_t count
        llt_strategy_function *decide
        void *strategy
        uint64_t next
        uint64_t quotes
        uint64_t trades
        uint64_t crossed
        uint64_t foreign
        uint64_t orders
        uint64_t denied
        uint64_t no_memory
        uint64_t unsent
        llt_histogram *spans[12]
        int unanswered
        const uint64_t *intended
        uint64_t intended_count
        llt_histogram *update_response
        llt_histogram *trade_response

    void llt_pipeline_parse(llt_pipeline *pipeline, const unsigned char *text, llt_tick *tick)
    bint llt_pipeline_trade(
        llt_pipeline *pipeline, llt_tick *tick, llt_pipeline_order *order, int64_t now_ns, llt_submit *submit)
    void llt_pipeline_serialise(llt_pipeline_order *order, unsigned char *text)
    void llt_pipeline_end_unanswered(llt_pipeline *pipeline, const llt_pipeline_order *order, int64_t now_ns)
    void llt_pipeline_account_tick(llt_pipeline *pipeline, const llt_tick *tick)
    void llt_pipeline_account_order(llt_pipeline *pipeline, const llt_pipeline_order *order)
    void llt_pipeline_record(const llt_pipeline *pipeline, int span, uint64_t start, uint64_t stop)


cdef extern from "llt_feed_socket.h" nogil:
    enum:
        LLT_FEED_CLOSED

    ctypedef struct llt_feed_socket:
        int fd
        bint stream
        bint spin
        bint stamped
        size_t used
        size_t size
        uint64_t read_ticks
        int64_t read_ns
        int64_t kernel_ns
        uint64_t reads
        uint64_t empty_reads
        uint64_t torn_datagrams

    int64_t llt_realtime_ns()
    int llt_feed_read(llt_feed_socket *feed)
    const unsigned char *llt_feed_next(llt_feed_socket *feed, int *bad)
    int llt_send_whole(int fd, const unsigned char *text, size_t size)
    int64_t llt_transmit_ns(int fd)


cdef class Pipeline:
    cdef llt_pipeline *raw  # aligned, which an object's own memory is not
    cdef llt_feed_socket *feed
    cdef double ticks_per_ns
    cdef readonly Strategy strategy
    cdef tuple routers
    cdef tuple quotes
    cdef dict histograms
    cdef object schedule

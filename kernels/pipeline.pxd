from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.atomic cimport llt_atomic_u64
from lltool.kernels.breaker cimport CircuitBreaker
from lltool.kernels.histogram cimport llt_histogram
from lltool.kernels.l2_book cimport llt_l2_book
from lltool.kernels.log_ring cimport LogRing
from lltool.kernels.order_manager cimport llt_order_manager
from lltool.kernels.order_wire cimport OrderWire, llt_order_wire
from lltool.kernels.seqlock cimport llt_seqlock
from lltool.kernels.shutdown cimport llt_shutdown
from lltool.kernels.spsc cimport llt_spsc_consumer, llt_spsc_producer
from lltool.kernels.strategy cimport Strategy


cdef extern from "llt_kernel_stamps.h" nogil:
    ctypedef struct llt_stamp_clock:
        double ticks_per_ns
        uint64_t renew_ticks
        uint64_t error_ticks

    void llt_stamp_clock_read(llt_stamp_clock *clock)


cdef extern from "llt_feed_socket.h" nogil:
    ctypedef struct llt_feed_socket:
        int fd
        bint stream
        bint spin
        bint stamped
        size_t used
        size_t size
        uint64_t received_ticks
        llt_stamp_clock clock
        uint64_t reads
        uint64_t empty_reads
        uint64_t torn_datagrams
        uint64_t unstamped_reads


cdef extern from "llt_order_socket.h" nogil:
    ctypedef struct llt_order_socket:
        int fd
        bint stream
        bint stamped
        uint32_t next_number
        # C calls them in and out.
        uint64_t waiting_in "in"
        uint64_t waiting_out "out"
        uint64_t unstamped
        llt_stamp_clock clock


cdef extern from "llt_report_socket.h" nogil:
    ctypedef struct llt_report_socket:
        int fd
        size_t used
        size_t size
        uint64_t taken


cdef extern from "llt_pipeline_records.h" nogil:
    ctypedef struct llt_tick:
        pass

    ctypedef struct llt_pipeline_order:
        pass


cdef extern from "llt_pipeline_spans.h" nogil:
    enum:
        LLT_SPANS

    ctypedef struct llt_spans:
        llt_histogram **of
        llt_histogram *sets[2][LLT_SPANS]
        llt_atomic_u64 wanted
        const uint64_t *intended
        uint64_t intended_count


cdef extern from "llt_pipeline.h" nogil:
    ctypedef struct llt_strategy_function:
        pass

    ctypedef struct llt_wish:
        pass

    ctypedef struct llt_instrument:
        llt_l2_book book
        llt_order_manager orders
        llt_seqlock *published
        llt_seqlock *status
        uint64_t quotes
        uint64_t trades
        uint64_t crossed

    ctypedef struct llt_tending:
        int64_t every_ns
        int64_t due_ns
        int64_t stale_ns
        int64_t kill_stale_ns
        int64_t supervisor_ns
        int64_t answer_ns
        int64_t life_ns

    ctypedef struct llt_pipeline:
        llt_instrument *instruments
        uint32_t count
        llt_strategy_function *decide
        void *strategy
        llt_feed_socket *feed
        llt_order_socket *out
        llt_report_socket *reports
        llt_tending tending
        int64_t maker_rate
        int64_t taker_rate
        llt_order_wire *wire
        llt_spans spans
        bint unanswered
        uint64_t received
        uint64_t traded
        llt_atomic_u64 foreign
        uint64_t orders
        uint64_t denied
        uint64_t no_memory
        llt_atomic_u64 orders_failed
        llt_atomic_u64 unsent

    void llt_pipeline_forget_books(llt_pipeline *pipeline)


cdef extern from "llt_pipeline_answers.h" nogil:
    ctypedef struct llt_outbox:
        llt_spsc_producer *ring

    int llt_pipeline_cancel_all(
        llt_pipeline *pipeline, int64_t now_ns, int64_t repeat_ns, const llt_outbox *outbox, uint64_t *sent)
    void llt_pipeline_lose_orders(llt_pipeline *pipeline, int64_t now_ns)


cdef extern from "llt_pipeline_alone.h" nogil:
    int llt_pipeline_look_around(llt_pipeline *pipeline, int64_t now_ns)
    int llt_pipeline_run(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token, bint yields)
    size_t llt_pipeline_take(llt_pipeline *pipeline, const unsigned char *text, size_t size)


cdef extern from "llt_pipeline_split.h" nogil:
    int llt_pipeline_receive(
        llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token, llt_spsc_producer *ticks,
        bint yields)
    void llt_pipeline_trade_all(
        llt_pipeline *pipeline, llt_spsc_consumer *ticks, llt_spsc_producer *orders, bint yields)
    int llt_pipeline_transmit(llt_pipeline *pipeline, llt_spsc_consumer *orders, bint yields, int code)
    int llt_pipeline_gateway(
        llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token, llt_spsc_producer *ticks,
        llt_spsc_consumer *orders, bint yields)


cdef class Pipeline:
    cdef llt_pipeline *raw  # aligned, which an object's own memory is not
    cdef llt_feed_socket *feed
    cdef llt_order_socket *out
    cdef llt_report_socket *reports
    cdef double ticks_per_ns
    cdef readonly Strategy strategy
    cdef readonly OrderWire wire
    cdef tuple routers
    cdef CircuitBreaker breaker
    cdef LogRing log
    cdef tuple quotes
    cdef dict histograms
    cdef object schedule
    cdef _add_instruments(self, size_t levels)
    cdef _add_ends(self)
    cdef llt_instrument *_instrument(self, int number) except NULL
    cdef _add_histograms(self)

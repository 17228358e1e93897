"""A pipeline that trades: what comes back of its orders, what is looked after beside the ticks, what others may read.

Reports and requests: ``include/llt_pipeline_answers.h``; the rest: ``include/llt_pipeline_tend.h``. Chapter 5.8, 5.9.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from lltool.kernels.atomic cimport llt_load_relaxed, llt_store_relaxed
from lltool.kernels.histogram cimport LatencyHistogram
from lltool.kernels.pipeline cimport (
    LLT_SPANS,
    Pipeline,
    llt_instrument,
    llt_order_socket,
    llt_pipeline_forget_books,
    llt_pipeline_look_around,
    llt_pipeline_lose_orders,
    llt_spans,
)
from lltool.kernels.router cimport account_of, denials_of, llt_account
from lltool.kernels.seqlock cimport llt_seqlock_create, llt_seqlock_destroy, llt_seqlock_read

from lltool.kernels.pipeline import SPANS
from lltool.kernels.sync import State

cdef extern from "llt_pipeline_spans.h" nogil:
    void llt_spans_turn(llt_spans *spans)
    void llt_spans_follow(llt_spans *spans, int part)
    bint llt_spans_are_turned(const llt_spans *spans)
    enum:
        LLT_PARTS

cdef extern from "llt_order_socket.h" nogil:
    int llt_order_socket_send(llt_order_socket *out, const unsigned char *text, size_t size)
    void llt_order_socket_expect(llt_order_socket *out, size_t size, uint64_t called, uint64_t received)

cdef extern from "llt_pipeline_tend.h" nogil:
    ctypedef struct llt_instrument_status:
        llt_account account
        uint64_t state
        int64_t updated_ns
        uint64_t quotes, trades, crossed, stale
        uint64_t accepted, cancels, overfills, duplicates, late, illegal, live, unknown, missing, held_by_breaker
        uint64_t denied[32]
    void llt_pipeline_publish(const llt_instrument *instrument)

# A writer that is descheduled within a write lets readers try for so long.
cdef uint64_t STATUS_TRIES = 1_000_000


@cython.final
cdef class TradingPipeline(Pipeline):
    """A :class:`Pipeline` whose orders are answered on the socket that they leave by.

    While :meth:`run` or the parts of it are on other threads only :meth:`status`, :meth:`turn_spans`, :attr:`unsent`,
    :attr:`foreign` and :attr:`orders_failed` are for this one; the rest is for the time between.

    ``every_ns``: how often is looked after what follows. ``stale_ns``: silence of the market that stops trading until
    its next quote; ``kill_stale_ns`` and ``supervisor_ns``: silence of the market and of the supervisor that trips the
    kill switch. ``answer_ns``: an order without an answer for so long is asked about; ``life_ns``: one that rests for
    so long is cancelled. Rates of fees are fractions of the notional x 10^8. Raises as :class:`Pipeline`.
    """

    def __init__(self, *_, int64_t every_ns, int64_t stale_ns, int64_t kill_stale_ns, int64_t supervisor_ns,
                 int64_t answer_ns, int64_t life_ns, int64_t maker_rate, int64_t taker_rate, **__):
        self.raw.tending.every_ns = every_ns
        self.raw.tending.due_ns = 0
        self.raw.tending.stale_ns = stale_ns
        self.raw.tending.kill_stale_ns = kill_stale_ns
        self.raw.tending.supervisor_ns = supervisor_ns
        self.raw.tending.answer_ns = answer_ns
        self.raw.tending.life_ns = life_ns
        self.raw.maker_rate = maker_rate
        self.raw.taker_rate = taker_rate

    def __cinit__(self, *_, **__):
        cdef uint32_t at
        cdef int span
        cdef LatencyHistogram histogram
        self.sets = (self.histograms, {name: LatencyHistogram() for name in SPANS})
        for span in range(LLT_SPANS):
            histogram = self.sets[1][SPANS[span]]
            self.raw.spans.sets[1][span] = &histogram.raw
        for at in range(self.raw.count):
            self.raw.instruments[at].status = llt_seqlock_create(sizeof(llt_instrument_status))
            if self.raw.instruments[at].status is NULL:
                raise MemoryError("no memory for the counts of an instrument")

    def __dealloc__(self):
        cdef uint32_t at
        if self.raw is not NULL:
            for at in range(self.raw.count):
                llt_seqlock_destroy(self.raw.instruments[at].status)

    def open_reports(self, int fd):
        """Reports come from the socket ``fd`` from now on, the one that orders leave by; -1: from none."""
        self.reports.fd = fd
        self.reports.used = self.reports.size = 0
        llt_store_relaxed(&self.raw.orders_failed, 0)

    def log_on(self, bytes message not None):
        """Send what comes before all orders on a new connection. OSError."""
        cdef int code = llt_order_socket_send(self.out, message, <size_t>len(message))
        if code != 0:
            raise OSError(code, "the logon was not sent")
        if self.out.stamped:
            llt_order_socket_expect(self.out, <size_t>len(message), 0, 0)

    def look_around(self, int64_t now_ns):
        """What the thread that trades does beside the ticks: reports, and what is looked after. OSError."""
        cdef int code = llt_pipeline_look_around(self.raw, now_ns)
        if code != 0:
            raise OSError(code, "reports of the exchange are not heard any more")

    def lose_orders(self, int64_t now_ns):
        """The way to the exchange is gone: orders that wait for an answer are unknown."""
        llt_pipeline_lose_orders(self.raw, now_ns)

    def forget_books(self):
        """The market will tell of its books anew: they are empty until then, and no order leaves."""
        llt_pipeline_forget_books(self.raw)

    def publish(self):
        """Have :meth:`status` say what is so now."""
        cdef uint32_t at
        for at in range(self.raw.count):
            llt_pipeline_publish(&self.raw.instruments[at])

    def status(self, int number):
        """What the thread that trades counted of instrument ``number`` (from 1), all of one instant.

        A dictionary: ``state`` (a :class:`State`), ``updated_ns`` (its last quote, CLOCK_MONOTONIC; 0 before),
        ``quotes``, ``trades``, ``crossed``, ``stale``, ``missing``, ``held_by_breaker``, ``account``, ``orders`` and
        ``denials`` as a :class:`Router` has them. IndexError; BlockingIOError when the writer does not come out.
        """
        cdef llt_instrument_status found
        cdef bint read
        cdef llt_instrument *one = self._instrument(number)
        with nogil:
            read = llt_seqlock_read(one.status, &found, sizeof(llt_instrument_status), STATUS_TRIES)
        if not read:
            raise BlockingIOError("the thread that trades is within a write of its counts")
        return {
            "state": State(<int>found.state), "updated_ns": found.updated_ns, "quotes": found.quotes,
            "trades": found.trades, "crossed": found.crossed, "stale": found.stale, "missing": found.missing,
            "held_by_breaker": found.held_by_breaker, "account": account_of(&found.account),
            "denials": denials_of(found.denied),
            "orders": {
                "orders": found.accepted, "cancels": found.cancels, "duplicate_fills": found.duplicates,
                "late_fills": found.late, "overfills": found.overfills, "illegal_events": found.illegal,
                "live": found.live, "unknown": found.unknown,
            },
        }

    def turn_spans(self):
        """Have the other set of histograms recorded into, which must be reset; when :attr:`are_turned` the one so far
        is the caller's: it is returned."""
        so_far = self.sets[<size_t>llt_load_relaxed(&self.raw.spans.wanted)]
        llt_spans_turn(&self.raw.spans)
        return so_far

    @property
    def are_turned(self):
        """Whether all parts record into the set that was asked for."""
        return llt_spans_are_turned(&self.raw.spans)

    def follow_spans(self):
        """What every part does now and then, on this thread: record into the set that was asked for."""
        cdef int part
        for part in range(LLT_PARTS):
            llt_spans_follow(&self.raw.spans, part)

    @property
    def unsent(self):
        """Orders so far that the kill switch or a failed send kept from being sent."""
        return llt_load_relaxed(&self.raw.unsent)

    @property
    def foreign(self):
        """Messages and reports so far of instruments that there are not."""
        return llt_load_relaxed(&self.raw.foreign)

    @property
    def orders_failed(self):
        """Whether an order could not be sent, or reports not be heard: the connection is of no use any more."""
        return llt_load_relaxed(&self.raw.orders_failed) != 0

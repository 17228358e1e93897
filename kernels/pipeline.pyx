"""The trading pipeline on the packed feed: from the bytes of a tick to those of an order, without Python in between.

Stages and wire form: ``include/llt_pipeline.h``; what is measured: ``include/llt_pipeline_spans.h``; on one core:
``include/llt_pipeline_alone.h``; on two or three: ``include/llt_pipeline_split.h``; kernel stamps:
``include/llt_kernel_stamps.h``. What trading with it takes beside: ``trading_pipeline.pyx``. Chapter 5.1, 5.9.
"""

import os

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.errno cimport EBADMSG
from libc.stddef cimport size_t
from libc.stdint cimport INT64_MAX, UINT64_MAX, int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from lltool.kernels.atomic cimport LLT_LINE, llt_load_relaxed, llt_store_relaxed
from lltool.kernels.breaker cimport CircuitBreaker
from lltool.kernels.histogram cimport LatencyHistogram
from lltool.kernels.l2_book cimport LLT_ASK, LLT_BID, levels_of, llt_l2_destroy, llt_l2_init, llt_quote
from lltool.kernels.log_ring cimport LogRing
from lltool.kernels.order_manager cimport llt_manager_destroy, llt_manager_init
from lltool.kernels.order_wire cimport LLT_ORDER_MESSAGE_SIZE, OrderWire
from lltool.kernels.router cimport Router
from lltool.kernels.seqlock cimport Seqlock
from lltool.kernels.shutdown cimport ShutdownToken, llt_shutdown
from lltool.kernels.spsc cimport SpscRing, llt_spsc_close, llt_spsc_consumer, llt_spsc_producer
from lltool.kernels.strategy cimport Quote, Wish

from lltool.kernels.clock import calibrate

cdef extern from "<stdlib.h>" nogil:
    void *aligned_alloc(size_t alignment, size_t size)

# Strategies are compiled without these headers.
assert sizeof(Quote) == sizeof(llt_quote) and sizeof(Wish) == sizeof(llt_wish)

ASK_BIT = 1 << 31
"""Side of a quote: set in its symbol id, it is an ask."""

ORDER_SIZE = LLT_ORDER_MESSAGE_SIZE
TICK_RECORD_SIZE = sizeof(llt_tick)
ORDER_RECORD_SIZE = sizeof(llt_pipeline_order)

SPANS = (
    "kernel_to_read", "waited", "parse", "hop_in", "book", "strategy", "risk", "hop_out", "serialise", "send",
    "send_to_kernel", "tick_to_update", "tick_to_trade", "kernel_to_kernel", "update_response", "trade_response",
)
"""What the histograms hold, in the order of ``llt_pipeline_spans.h``."""

assert len(SPANS) == LLT_SPANS

RENEW_NS = 1_000_000
"""Age at which the pair of clocks that converts kernel stamps is read anew."""


cdef class Pipeline:
    """Six stages over instruments that messages number from 1, one :class:`Router` each.

    Orders leave as ``wire`` writes them, packed by default. ``levels`` a side are held without taking memory later.
    ``quotes``, one :class:`Seqlock` an instrument (or none at all), publish the best levels to other cores. With
    ``unanswered`` orders are immediate-or-cancel and nobody reports on them, as in a benchmark: each has ended when it
    is sent. ``breaker`` and ``log`` (of ``desk.new_log``) are those of trading. One thread runs it (:meth:`run`), two
    (:meth:`trade` and :meth:`gateway`) or three (:meth:`receive`, :meth:`trade` and :meth:`transmit`). A thread that
    ``yields`` shares its core, and lets others run while it has nothing to do. ``clock_seconds`` is how long the
    counter is calibrated for kernel stamps.

    Raises ValueError without routers, with another number of locks, or for a wire of fewer instruments; MemoryError.
    """

    def __cinit__(self, routers, Strategy strategy not None, *, OrderWire wire=None, size_t levels=4096, quotes=(),
                  bint unanswered=False, CircuitBreaker breaker=None, LogRing log=None, double clock_seconds=0.005,
                  **_of_trading):
        self.routers = tuple(routers)
        self.quotes = tuple(quotes)
        self.strategy = strategy
        self.breaker, self.log = breaker, log
        self.wire = wire if wire is not None else OrderWire()
        if not self.routers:
            raise ValueError("a pipeline has at least one instrument")
        if self.quotes and len(self.quotes) != len(self.routers):
            raise ValueError(f"{len(self.quotes)} locks for {len(self.routers)} instruments: one each, or none")
        if self.wire.instruments is not None and self.wire.instruments < len(self.routers):
            raise ValueError(f"a wire of {self.wire.instruments} symbols for {len(self.routers)} instruments")
        self.raw = <llt_pipeline *>aligned_alloc(LLT_LINE, sizeof(llt_pipeline))
        if self.raw is NULL:
            raise MemoryError("no memory for a pipeline")
        memset(self.raw, 0, sizeof(llt_pipeline))
        self.raw.tending.due_ns = INT64_MAX
        self.ticks_per_ns = calibrate(clock_seconds)[0] / 1e9
        self._add_instruments(levels)
        self._add_ends()
        self._add_histograms()
        self.raw.unanswered = unanswered
        self.raw.decide = <llt_strategy_function *>(strategy.decide if strategy.decide is not NULL else _never)
        self.raw.strategy = strategy.state

    cdef _add_instruments(self, size_t levels):
        cdef Seqlock lock
        cdef size_t at
        self.raw.instruments = <llt_instrument *>calloc(len(self.routers), sizeof(llt_instrument))
        if self.raw.instruments is NULL:
            raise MemoryError(f"no memory for {len(self.routers)} instruments")
        for at in range(<size_t>len(self.routers)):
            if llt_manager_init(
                    &self.raw.instruments[at].orders, &(<Router?>self.routers[at]).raw,
                    NULL if self.breaker is None else self.breaker.raw,
                    NULL if self.log is None else &self.log.sides.log, <int64_t>at) != 0:
                raise MemoryError("no memory for the orders of an instrument")
            self.raw.count = <uint32_t>(at + 1)
            if self.quotes:
                lock = <Seqlock?>self.quotes[at]
                if lock.size != sizeof(llt_quote):
                    raise ValueError(f"a lock of {lock.size} bytes: a quote has {sizeof(llt_quote)}")
                self.raw.instruments[at].published = lock.raw
            if llt_l2_init(&self.raw.instruments[at].book, levels) != 0:
                raise MemoryError(f"no memory for a book of {levels} levels a side")

    cdef _add_ends(self):
        self.feed = <llt_feed_socket *>calloc(1, sizeof(llt_feed_socket))
        self.out = <llt_order_socket *>calloc(1, sizeof(llt_order_socket))
        self.reports = <llt_report_socket *>calloc(1, sizeof(llt_report_socket))
        if self.feed is NULL or self.out is NULL or self.reports is NULL:
            raise MemoryError("no memory for the sockets' buffers")
        self.feed.fd = self.out.fd = self.reports.fd = -1
        self.feed.clock.ticks_per_ns = self.out.clock.ticks_per_ns = self.ticks_per_ns
        self.feed.clock.renew_ticks = self.out.clock.renew_ticks = <uint64_t>(RENEW_NS * self.ticks_per_ns)
        self.raw.feed = self.feed
        self.raw.out = self.out
        self.raw.reports = self.reports
        self.raw.wire = &self.wire.raw

    cdef _add_histograms(self):
        cdef int span
        cdef LatencyHistogram histogram
        self.histograms = {}
        for span in range(LLT_SPANS):
            histogram = LatencyHistogram()
            self.histograms[SPANS[span]] = histogram
            self.raw.spans.of[span] = self.raw.spans.sets[0][span] = &histogram.raw

    def __dealloc__(self):
        cdef size_t at
        if self.raw is NULL:
            return
        for at in range(self.raw.count):
            llt_l2_destroy(&self.raw.instruments[at].book)
            llt_manager_destroy(&self.raw.instruments[at].orders)
        free(self.raw.instruments)
        free(self.raw)
        free(self.feed)
        free(self.out)
        free(self.reports)

    def expect(self, intended):
        """Messages are meant to leave their sender at these ticks (``array('Q')``): responses are measured from there.

        It holds for the messages from the next one on; counts and histograms start over.
        """
        cdef Py_buffer view
        cdef uint32_t at
        cdef llt_instrument *one
        for histogram in self.histograms.values():
            histogram.reset()
        PyObject_GetBuffer(intended, &view, PyBUF_SIMPLE)
        # The array is kept by `schedule`, and nobody may resize it meanwhile.
        self.schedule = memoryview(intended)
        self.raw.spans.intended = <const uint64_t *>view.buf
        self.raw.spans.intended_count = view.len // sizeof(uint64_t)
        PyBuffer_Release(&view)
        self.raw.received = self.raw.traded = self.raw.orders = self.raw.denied = 0
        llt_store_relaxed(&self.raw.foreign, 0)
        llt_store_relaxed(&self.raw.unsent, 0)
        for at in range(self.raw.count):
            one = &self.raw.instruments[at]
            one.quotes = one.trades = one.crossed = 0

    def open_feed(self, int fd, *, bint stream, bint spin=True, bint stamped=False):
        """Read from the socket ``fd`` from now on: a stream, or datagrams of whole messages.

        ``spin`` polls it without waiting in the kernel; ``stamped`` says that SO_TIMESTAMPING is on.
        """
        self.feed.fd = fd
        self.feed.stream = stream
        self.feed.spin = spin
        self.feed.stamped = stamped
        self.feed.used = self.feed.size = 0
        self.feed.received_ticks = 0
        self.feed.reads = self.feed.empty_reads = self.feed.torn_datagrams = self.feed.unstamped_reads = 0
        self.feed.clock.error_ticks = 0
        llt_stamp_clock_read(&self.feed.clock)

    def open_orders(self, int fd, *, bint stream=True, bint stamped=False):
        """Send orders to the connected socket ``fd`` from now on, a stream or one datagram each.

        ``stamped`` says that SO_TIMESTAMPING with OPT_ID is on, since when nothing was sent.
        """
        self.out.fd = fd
        self.out.stream = stream
        self.out.stamped = stamped
        self.out.next_number = 0
        self.out.waiting_in = self.out.waiting_out = self.out.unstamped = 0
        self.out.clock.error_ticks = 0
        llt_stamp_clock_read(&self.out.clock)

    def take(self, messages):
        """Run packed ``messages`` (bytes-like) through all stages but the sockets; returns how many bytes were taken.

        Orders are serialised and not sent. Fewer bytes than given: there starts what is no message.
        """
        cdef Py_buffer view
        cdef size_t taken
        PyObject_GetBuffer(messages, &view, PyBUF_SIMPLE)
        with nogil:
            taken = llt_pipeline_take(self.raw, <const unsigned char *>view.buf, <size_t>view.len)
        PyBuffer_Release(&view)
        return taken

    def run(self, *, limit=None, ShutdownToken token=None, bint yields=False):
        """Run all stages on this thread, without the GIL, until ``limit`` messages, a shutdown or the end of the feed.

        Raises OSError, also for a stream that has lost its frames (EBADMSG) and for an order that was sent in part
        (EMSGSIZE).
        """
        cdef uint64_t until = _until(limit)
        cdef const llt_shutdown *stop = _raw_token(token)
        cdef int code
        with nogil:
            code = llt_pipeline_run(self.raw, until, stop, yields)
        if code != 0:
            raise _failure(code, "the pipeline has stopped")

    def receive(self, SpscRing ticks not None, *, limit=None, ShutdownToken token=None, bint yields=False):
        """The first part on a core of its own: read, parse, push to ``ticks``, which is closed at the end. OSError."""
        cdef uint64_t until = _until(limit)
        cdef const llt_shutdown *stop = _raw_token(token)
        _check_ring(ticks, sizeof(llt_tick))
        cdef llt_spsc_producer *out = ticks.take_producer()
        cdef int code
        with nogil:
            code = llt_pipeline_receive(self.raw, until, stop, out, yields)
            llt_spsc_close(ticks.raw)
        if code != 0:
            raise _failure(code, "the feed has stopped")

    def trade(self, SpscRing ticks not None, SpscRing orders not None, *, bint yields=False):
        """Book, strategy and risk on a core of their own, until ``ticks`` is closed; then ``orders`` is closed."""
        _check_ring(ticks, sizeof(llt_tick))
        _check_ring(orders, sizeof(llt_pipeline_order))
        cdef llt_spsc_consumer *ticks_in = ticks.take_consumer()
        cdef llt_spsc_producer *out = orders.take_producer()
        with nogil:
            llt_pipeline_trade_all(self.raw, ticks_in, out, yields)
            llt_spsc_close(orders.raw)

    def transmit(self, SpscRing orders not None, *, bint yields=False):
        """Serialise and send on a core of their own, until ``orders`` is closed. OSError when a send failed: from then
        on nothing is sent, and orders are counted as unsent."""
        _check_ring(orders, sizeof(llt_pipeline_order))
        cdef llt_spsc_consumer *orders_in = orders.take_consumer()
        cdef int code
        with nogil:
            code = llt_pipeline_transmit(self.raw, orders_in, yields, 0)
        if code != 0:
            raise _failure(code, "orders are not sent")

    def gateway(self, SpscRing ticks not None, SpscRing orders not None, *, limit=None, ShutdownToken token=None,
                bint yields=False):
        """:meth:`receive` and :meth:`transmit` by one thread, on a core of its own. OSError as theirs."""
        cdef uint64_t until = _until(limit)
        cdef const llt_shutdown *stop = _raw_token(token)
        _check_ring(ticks, sizeof(llt_tick))
        _check_ring(orders, sizeof(llt_pipeline_order))
        cdef llt_spsc_producer *out = ticks.take_producer()
        cdef llt_spsc_consumer *orders_in = orders.take_consumer()
        cdef int code
        with nogil:
            code = llt_pipeline_gateway(self.raw, until, stop, out, orders_in, yields)
        if code != 0:
            raise _failure(code, "the gateway has stopped")

    def cancel_all(self, int64_t now_ns, int64_t repeat_ns=INT64_MAX):
        """Send a cancel for every live order, a question about those that are not known; how many. OSError.

        Where a request is on its way already it is sent again when that was ``repeat_ns`` ago. The kill switch keeps
        none of them back. Not while :meth:`run` or a part of it does.
        """
        cdef llt_outbox outbox
        cdef uint64_t sent = 0
        outbox.ring = NULL
        cdef int code = llt_pipeline_cancel_all(self.raw, now_ns, repeat_ns, &outbox, &sent)
        if code != 0:
            raise _failure(code, "a cancel was not sent")
        return sent

    def levels(self, int number):
        """``(bids, asks)`` of instrument ``number`` (from 1): arrays of LEVEL, the best first. IndexError."""
        cdef llt_instrument *one = self._instrument(number)
        return levels_of(&one.book.sides[LLT_BID]), levels_of(&one.book.sides[LLT_ASK])

    cdef llt_instrument *_instrument(self, int number) except NULL:
        if not 1 <= number <= <int>self.raw.count:
            raise IndexError(f"instrument {number} of {self.raw.count}")
        return &self.raw.instruments[number - 1]

    @property
    def spans(self):
        """:class:`LatencyHistogram` in ticks by the names of SPANS."""
        return dict(self.histograms)

    @property
    def counts(self):
        """What came and what became of it, by name. Not while another thread runs it."""
        cdef uint32_t at
        cdef uint64_t quotes = 0, trades = 0, crossed = 0
        for at in range(self.raw.count):
            quotes += self.raw.instruments[at].quotes
            trades += self.raw.instruments[at].trades
            crossed += self.raw.instruments[at].crossed
        return {
            "messages": self.raw.received, "quotes": quotes, "trades": trades, "crossed": crossed,
            "foreign": llt_load_relaxed(&self.raw.foreign), "orders": self.raw.orders,
            "denied": self.raw.denied, "unsent": llt_load_relaxed(&self.raw.unsent),
            "reads": self.feed.reads - self.feed.empty_reads,
            "torn_datagrams": self.feed.torn_datagrams, "unstamped_reads": self.feed.unstamped_reads,
            "unstamped_sends": self.out.unstamped + self.out.waiting_in - self.out.waiting_out,
        }

    @property
    def stamp_error_ns(self):
        """How wrong a kernel stamp may be on the counter that the others are read from: the largest that was seen."""
        return max(self.feed.clock.error_ticks, self.out.clock.error_ticks) / self.ticks_per_ns


cdef int _never(void *state, const Quote *quote, int64_t position, Wish *wish) noexcept nogil:
    return 0


cdef uint64_t _until(limit) except? 0:
    return UINT64_MAX if limit is None else limit


cdef const llt_shutdown *_raw_token(ShutdownToken token) noexcept:
    return NULL if token is None else token.raw


cdef object _check_ring(SpscRing ring, size_t size):
    if ring.size != size or not ring.sequenced:
        raise ValueError(f"a ring of {ring.size}-byte records, {ring.layout}: sequenced ones of {size} are wanted")


cdef object _failure(int code, what):
    if code == EBADMSG:
        return OSError(code, f"{what}: bytes that are no message; the frames of the stream are lost")
    return OSError(code, f"{what}: {os.strerror(code)}")

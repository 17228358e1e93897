"""The trading pipeline on the packed feed: from the bytes of a tick to those of an order, without Python in between.

Stages, stamps and wire form: ``include/llt_pipeline.h``; sockets and kernel stamps: ``include/llt_feed_socket.h``.
Chapter 5.1, 5.9.
"""

import os

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.errno cimport EBADMSG
from libc.stddef cimport size_t
from libc.stdint cimport UINT64_MAX, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec

from lltool.kernels.arch cimport llt_pause, llt_ticks
from lltool.kernels.atomic cimport LLT_LINE
from lltool.kernels.histogram cimport LatencyHistogram
from lltool.kernels.kill_switch cimport llt_kill_may_send, llt_kill_sent, llt_kill_switch
from lltool.kernels.l2_book cimport LLT_ASK, LLT_BID, levels_of, llt_l2_destroy, llt_l2_init, llt_quote
from lltool.kernels.message cimport LLT_MESSAGE_OK, LLT_MESSAGE_SIZE, llt_message_check
from lltool.kernels.router cimport Router, llt_router_hand_over, llt_router_sent, llt_router_submit
from lltool.kernels.seqlock cimport Seqlock
from lltool.kernels.shutdown cimport ShutdownToken, llt_shutdown, llt_shutdown_requested
from lltool.kernels.spsc cimport (
    SpscRing,
    llt_seq_commit,
    llt_seq_peek,
    llt_seq_release,
    llt_seq_reserve,
    llt_spsc_close,
    llt_spsc_consumer,
    llt_spsc_is_closed,
    llt_spsc_producer,
)
from lltool.kernels.strategy cimport Quote, Strategy, Wish

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
    "", "parse", "book", "strategy", "risk", "serialise", "send", "tick_to_update", "tick_to_trade",
    "kernel_to_read", "waited", "send_to_kernel",
)
"""What the histograms hold, in the order of ``llt_pipeline.h``."""

# Messages between two looks at the clock where no read gives one.
cdef enum:
    CLOCK_EVERY = 256


cdef int64_t _monotonic_ns() noexcept nogil:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return <int64_t>now.tv_sec * 1000000000 + now.tv_nsec


cdef inline void _begin(llt_tick *tick, uint64_t read_ticks, uint64_t begun) noexcept nogil:
    tick.at[<int>LLT_AT_READ] = read_ticks
    tick.begun = begun
    tick.at[<int>LLT_AT_BOOK] = 0
    tick.at[<int>LLT_AT_DECIDED] = 0


cdef inline void _kernel_distance(
        llt_pipeline *pipeline, int span, int64_t begin_ns, int64_t end_ns, double ticks_per_ns) noexcept nogil:
    # A clock that was stepped between the two would give a negative length.
    if end_ns >= begin_ns:
        llt_pipeline_record(pipeline, span, 0, <uint64_t>((end_ns - begin_ns) * ticks_per_ns))


cdef inline llt_instrument *_instrument(llt_pipeline *pipeline, const llt_pipeline_order *order) noexcept nogil:
    return &pipeline.instruments[order.symbol_id - 1]


cdef int _send(
        llt_pipeline *pipeline, llt_pipeline_order *order, int out, bint stamped, double ticks_per_ns) noexcept nogil:
    cdef unsigned char[32] text
    cdef int64_t called_ns, kernel_ns
    cdef int code
    llt_pipeline_serialise(order, text)
    if stamped:
        called_ns = llt_realtime_ns()
        # The clock was read for the distance to the kernel's stamp, it is no part of the stage.
        order.at[<int>LLT_AT_SERIALISED] = llt_ticks()
    code = llt_send_whole(out, text, LLT_ORDER_MESSAGE_SIZE)
    order.at[<int>LLT_AT_SENT] = llt_ticks()
    if code == 0 and stamped:
        kernel_ns = llt_transmit_ns(out)
        if kernel_ns != 0:
            _kernel_distance(pipeline, LLT_SPAN_TO_WIRE, called_ns, kernel_ns, ticks_per_ns)
    return code


cdef int _run(
        llt_pipeline *pipeline, llt_feed_socket *feed, int out, uint64_t limit, const llt_shutdown *token,
        bint out_stamped, double ticks_per_ns) noexcept nogil:
    """All stages on this core until ``limit`` messages, a shutdown, the end of the feed (0) or an errno."""
    cdef llt_tick tick
    cdef llt_pipeline_order order
    cdef const unsigned char *message
    cdef int64_t now_ns
    cdef int code, bad = 0
    while pipeline.next < limit and (token is NULL or not llt_shutdown_requested(token)):
        code = llt_feed_read(feed)
        if code != 0:
            return 0 if code == LLT_FEED_CLOSED else code
        message = llt_feed_next(feed, &bad)
        if message is NULL:
            if bad:
                return EBADMSG
            llt_pause()
            continue
        now_ns = _monotonic_ns()
        if feed.kernel_ns != 0:
            _kernel_distance(pipeline, LLT_SPAN_QUEUED, feed.kernel_ns, feed.read_ns, ticks_per_ns)
        while message is not NULL:
            _begin(&tick, feed.read_ticks, llt_ticks())
            llt_pipeline_parse(pipeline, message, &tick)
            if llt_pipeline_trade(pipeline, &tick, &order, now_ns, llt_router_submit):
                code = _send(pipeline, &order, out, out_stamped, ticks_per_ns)
                llt_router_sent(_instrument(pipeline, &order).router)
                if code != 0:
                    return code
                llt_pipeline_account_order(pipeline, &order)
                llt_pipeline_end_unanswered(pipeline, &order, now_ns)
            llt_pipeline_account_tick(pipeline, &tick)
            message = llt_feed_next(feed, &bad)
        if bad:
            return EBADMSG
    return 0


cdef size_t _take(llt_pipeline *pipeline, const unsigned char *text, size_t size) noexcept nogil:
    """All stages but the sockets, as fast as they go; where the first message starts that is none, or ``size``."""
    cdef llt_tick tick
    cdef llt_pipeline_order order
    cdef unsigned char[32] out
    cdef size_t at = 0, until_clock = 0
    cdef uint64_t now
    cdef int64_t now_ns = 0
    while llt_message_check(text, size, at) == LLT_MESSAGE_OK:
        if until_clock == 0:
            now_ns = _monotonic_ns()
            until_clock = CLOCK_EVERY
        until_clock -= 1
        now = llt_ticks()
        _begin(&tick, now, now)
        llt_pipeline_parse(pipeline, text + at, &tick)
        if llt_pipeline_trade(pipeline, &tick, &order, now_ns, llt_router_submit):
            llt_pipeline_serialise(&order, out)
            llt_router_sent(_instrument(pipeline, &order).router)
            order.at[<int>LLT_AT_SENT] = order.at[<int>LLT_AT_SERIALISED]
            llt_pipeline_account_order(pipeline, &order)
            llt_pipeline_end_unanswered(pipeline, &order, now_ns)
        llt_pipeline_account_tick(pipeline, &tick)
        at += LLT_MESSAGE_SIZE
    return at


cdef int _receive(
        llt_pipeline *pipeline, llt_feed_socket *feed, uint64_t limit, const llt_shutdown *token,
        llt_spsc_producer *ticks_out, double ticks_per_ns) noexcept nogil:
    cdef llt_tick *tick
    cdef const unsigned char *message
    cdef int code, bad = 0
    while pipeline.next < limit and (token is NULL or not llt_shutdown_requested(token)):
        code = llt_feed_read(feed)
        if code != 0:
            return 0 if code == LLT_FEED_CLOSED else code
        message = llt_feed_next(feed, &bad)
        if message is NULL and not bad:
            llt_pause()
        elif feed.kernel_ns != 0:
            _kernel_distance(pipeline, LLT_SPAN_QUEUED, feed.kernel_ns, feed.read_ns, ticks_per_ns)
        while message is not NULL:
            tick = <llt_tick *>llt_seq_reserve(ticks_out)
            while tick is NULL:  # no tick may be lost: the book would be wrong. What waits, waits in the socket.
                llt_pause()
                tick = <llt_tick *>llt_seq_reserve(ticks_out)
            _begin(tick, feed.read_ticks, llt_ticks())
            llt_pipeline_parse(pipeline, message, tick)
            llt_seq_commit(ticks_out)
            message = llt_feed_next(feed, &bad)
        if bad:
            return EBADMSG
    return 0


cdef void _trade(
        llt_pipeline *pipeline, llt_spsc_consumer *ticks_in, llt_spsc_producer *orders_out) noexcept nogil:
    cdef llt_tick tick
    cdef const llt_tick *waiting
    cdef llt_pipeline_order order
    cdef llt_pipeline_order *slot
    cdef int64_t now_ns
    cdef bint closed
    while True:
        closed = llt_spsc_is_closed(ticks_in.ring)
        waiting = <const llt_tick *>llt_seq_peek(ticks_in)
        if waiting is NULL:
            if closed:
                return
            llt_pause()
            continue
        tick = waiting[0]
        llt_seq_release(ticks_in)
        now_ns = _monotonic_ns()
        if llt_pipeline_trade(pipeline, &tick, &order, now_ns, llt_router_hand_over):
            slot = <llt_pipeline_order *>llt_seq_reserve(orders_out)
            while slot is NULL:  # accepted and booked: it must get to the sender
                llt_pause()
                slot = <llt_pipeline_order *>llt_seq_reserve(orders_out)
            slot[0] = order
            llt_seq_commit(orders_out)
            llt_pipeline_end_unanswered(pipeline, &order, now_ns)
        llt_pipeline_account_tick(pipeline, &tick)


cdef int _transmit(
        llt_pipeline *pipeline, int out, llt_spsc_consumer *orders_in, bint stamped,
        double ticks_per_ns) noexcept nogil:
    cdef llt_pipeline_order order
    cdef const llt_pipeline_order *waiting
    cdef llt_kill_switch *kill
    cdef bint closed
    cdef int code = 0
    while True:
        closed = llt_spsc_is_closed(orders_in.ring)
        waiting = <const llt_pipeline_order *>llt_seq_peek(orders_in)
        if waiting is NULL:
            if closed:
                return code
            llt_pause()
            continue
        order = waiting[0]
        llt_seq_release(orders_in)
        kill = _instrument(pipeline, &order).router.kill
        if code != 0 or not llt_kill_may_send(kill):
            pipeline.unsent += 1
            continue
        code = _send(pipeline, &order, out, stamped, ticks_per_ns)
        llt_kill_sent(kill)
        if code == 0:
            llt_pipeline_account_order(pipeline, &order)
        else:
            pipeline.unsent += 1


cdef object _failure(int code, what):
    if code == EBADMSG:
        return OSError(code, f"{what}: bytes that are no message; the frames of the stream are lost")
    return OSError(code, f"{what}: {os.strerror(code)}")


@cython.final
cdef class Pipeline:
    """Six stages over instruments that messages number from 1, one :class:`Router` each.

    ``levels`` a side are held without taking memory later. ``quotes``, one :class:`Seqlock` an instrument (or none at
    all), publish the best levels to other cores. With ``unanswered`` orders are immediate-or-cancel and nobody reports
    on them, as in a benchmark: each has ended when it is sent. One thread runs it, or three run :meth:`receive`,
    :meth:`trade` and :meth:`transmit`. ``clock_seconds`` is how long the counter is calibrated for lengths that kernel
    stamps give.

    Raises ValueError without routers, or with another number of locks; MemoryError.
    """

    def __cinit__(self, routers, Strategy strategy, *, size_t levels=4096, quotes=(), bint unanswered=False,
                  double clock_seconds=0.005):
        cdef int span
        cdef LatencyHistogram histogram
        cdef Seqlock lock
        cdef size_t at
        self.routers = tuple(routers)
        self.quotes = tuple(quotes)
        self.strategy = strategy
        if not self.routers:
            raise ValueError("a pipeline has at least one instrument")
        if self.quotes and len(self.quotes) != len(self.routers):
            raise ValueError(f"{len(self.quotes)} locks for {len(self.routers)} instruments: one each, or none")
        self.raw = <llt_pipeline *>aligned_alloc(LLT_LINE, sizeof(llt_pipeline))
        if self.raw is NULL:
            raise MemoryError("no memory for a pipeline")
        memset(self.raw, 0, sizeof(llt_pipeline))
        self.raw.instruments = <llt_instrument *>calloc(len(self.routers), sizeof(llt_instrument))
        self.feed = <llt_feed_socket *>calloc(1, sizeof(llt_feed_socket))
        if self.raw.instruments is NULL or self.feed is NULL:
            raise MemoryError(f"no memory for {len(self.routers)} instruments")
        for at in range(len(self.routers)):
            self.raw.instruments[at].router = &(<Router?>self.routers[at]).raw
            if self.quotes:
                lock = <Seqlock?>self.quotes[at]
                if lock.size != sizeof(llt_quote):
                    raise ValueError(f"a lock of {lock.size} bytes: a quote has {sizeof(llt_quote)}")
                self.raw.instruments[at].published = lock.raw
            if llt_l2_init(&self.raw.instruments[at].book, levels) != 0:
                raise MemoryError(f"no memory for a book of {levels} levels a side")
            self.raw.count = <uint32_t>(at + 1)
        self.raw.unanswered = unanswered
        self.raw.decide = <llt_strategy_function *>(strategy.decide if strategy.decide is not NULL else _never)
        self.raw.strategy = strategy.state
        self.histograms = {}
        for span in range(1, LLT_SPANS):
            histogram = LatencyHistogram()
            self.histograms[SPANS[span]] = histogram
            self.raw.spans[span] = &histogram.raw
        self.ticks_per_ns = calibrate(clock_seconds)[0] / 1e9

    def __dealloc__(self):
        cdef size_t at
        if self.raw is NULL:
            return
        for at in range(self.raw.count):
            llt_l2_destroy(&self.raw.instruments[at].book)
        free(self.raw.instruments)
        free(self.raw)
        free(self.feed)

    def expect(self, intended):
        """Messages are meant to leave their sender at these ticks (``array('Q')``): responses are measured from there.

        It holds for the messages from the next one on; counts and histograms start over.
        """
        cdef LatencyHistogram update = LatencyHistogram(), trade = LatencyHistogram()
        cdef Py_buffer view
        for histogram in self.histograms.values():
            histogram.reset()
        PyObject_GetBuffer(intended, &view, PyBUF_SIMPLE)
        # The array is kept by `schedule`, and nobody may resize it meanwhile.
        self.schedule = memoryview(intended)
        self.histograms["update_response"] = update
        self.histograms["trade_response"] = trade
        self.raw.update_response = &update.raw
        self.raw.trade_response = &trade.raw
        self.raw.intended = <const uint64_t *>view.buf
        self.raw.intended_count = view.len // sizeof(uint64_t)
        PyBuffer_Release(&view)
        self.raw.next = self.raw.quotes = self.raw.trades = self.raw.crossed = self.raw.foreign = 0
        self.raw.orders = self.raw.denied = self.raw.unsent = 0

    def take(self, messages):
        """Run packed ``messages`` (bytes-like) through all stages but the sockets; returns how many bytes were taken.

        Orders are serialised and not sent. Fewer bytes than given: there starts what is no message.
        """
        cdef Py_buffer view
        cdef size_t taken
        PyObject_GetBuffer(messages, &view, PyBUF_SIMPLE)
        with nogil:
            taken = _take(self.raw, <const unsigned char *>view.buf, <size_t>view.len)
        PyBuffer_Release(&view)
        return taken

    def open(self, int fd, *, bint stream, bint spin=True, bint stamped=False):
        """Read from the socket ``fd`` from now on: a stream, or datagrams of whole messages.

        ``spin`` polls it without waiting in the kernel; ``stamped`` says that SO_TIMESTAMPING is on.
        """
        self.feed.fd = fd
        self.feed.stream = stream
        self.feed.spin = spin
        self.feed.stamped = stamped
        self.feed.used = self.feed.size = 0
        self.feed.reads = self.feed.empty_reads = self.feed.torn_datagrams = 0

    def run(self, int orders_fd, *, limit=None, ShutdownToken token=None, bint stamped=False):
        """Run all stages on this thread, without the GIL, until ``limit`` messages, a shutdown or the end of the feed.

        Orders go to the socket ``orders_fd``; with ``stamped`` SO_TIMESTAMPING is on there. Raises OSError, also for a
        stream that has lost its frames (EBADMSG) and for an order that was sent in part (EMSGSIZE).
        """
        cdef uint64_t until = UINT64_MAX if limit is None else limit
        cdef const llt_shutdown *raw_token = NULL if token is None else token.raw
        cdef int code
        with nogil:
            code = _run(self.raw, self.feed, orders_fd, until, raw_token, stamped, self.ticks_per_ns)
        if code != 0:
            raise _failure(code, "the pipeline has stopped")

    def receive(self, SpscRing ticks, *, limit=None, ShutdownToken token=None):
        """The first stage on a core of its own: read, parse, push to ``ticks``, which is closed at the end."""
        cdef uint64_t until = UINT64_MAX if limit is None else limit
        cdef const llt_shutdown *raw_token = NULL if token is None else token.raw
        cdef llt_spsc_producer *out = ticks.take_producer()
        cdef int code
        _check_ring(ticks, sizeof(llt_tick))
        with nogil:
            code = _receive(self.raw, self.feed, until, raw_token, out, self.ticks_per_ns)
            llt_spsc_close(ticks.raw)
        if code != 0:
            raise _failure(code, "the feed has stopped")

    def trade(self, SpscRing ticks, SpscRing orders):
        """Book, strategy and risk on a core of their own, until ``ticks`` is closed; then ``orders`` is closed."""
        cdef llt_spsc_consumer *ticks_in = ticks.take_consumer()
        cdef llt_spsc_producer *out = orders.take_producer()
        _check_ring(ticks, sizeof(llt_tick))
        _check_ring(orders, sizeof(llt_pipeline_order))
        with nogil:
            _trade(self.raw, ticks_in, out)
            llt_spsc_close(orders.raw)

    def transmit(self, SpscRing orders, int orders_fd, *, bint stamped=False):
        """Serialise and send on a core of its own, until ``orders`` is closed. OSError when a send failed: from then on
        nothing is sent, and orders are counted as unsent."""
        cdef llt_spsc_consumer *orders_in = orders.take_consumer()
        cdef int code
        _check_ring(orders, sizeof(llt_pipeline_order))
        with nogil:
            code = _transmit(self.raw, orders_fd, orders_in, stamped, self.ticks_per_ns)
        if code != 0:
            raise _failure(code, "orders are not sent")

    def levels(self, int number):
        """``(bids, asks)`` of instrument ``number`` (from 1): arrays of LEVEL, the best first. IndexError."""
        if not 1 <= number <= <int>self.raw.count:
            raise IndexError(f"instrument {number} of {self.raw.count}")
        cdef llt_instrument *one = &self.raw.instruments[number - 1]
        return levels_of(&one.book.sides[LLT_BID]), levels_of(&one.book.sides[LLT_ASK])

    @property
    def spans(self):
        """:class:`LatencyHistogram` in ticks by the names of SPANS, and of responses once :meth:`expect` was called."""
        return dict(self.histograms)

    @property
    def counts(self):
        """What came and what became of it, by name."""
        return {
            "messages": self.raw.next, "quotes": self.raw.quotes, "trades": self.raw.trades,
            "crossed": self.raw.crossed, "foreign": self.raw.foreign, "orders": self.raw.orders,
            "denied": self.raw.denied, "unsent": self.raw.unsent, "reads": self.feed.reads - self.feed.empty_reads,
            "torn_datagrams": self.feed.torn_datagrams,
        }


cdef int _never(void *state, const Quote *quote, int64_t position, Wish *wish) noexcept nogil:
    return 0


cdef object _check_ring(SpscRing ring, size_t size):
    if ring.size != size or not ring.sequenced:
        raise ValueError(f"a ring of {ring.size}-byte records, {ring.layout}: sequenced ones of {size} are wanted")

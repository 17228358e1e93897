"""A book that follows an exchange's sequence of updates, and knows when it may be traded on.

States, rules and memory: ``include/llt_sync.h``. Chapter 5.4.2 and 5.10 (exercise 5.3).
"""

from enum import IntEnum

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc

from lltool.kernels.binance_json cimport (
    LLT_BINANCE_DEPTH,
    LLT_BINANCE_FUTURES,
    LLT_BINANCE_SNAPSHOT,
    LLT_BINANCE_SPOT,
    Event,
    llt_binance_event,
    llt_binance_level,
)
from lltool.kernels.l2_book cimport LLT_ASK, LLT_BID, levels_of, llt_quote, llt_quote_of

from lltool.kernels import binance_json, l2_book


class State(IntEnum):
    """Where a book stands; to trade on it is right in LIVE only."""

    DISCONNECTED = LLT_SYNC_DISCONNECTED
    BUFFERING = LLT_SYNC_BUFFERING
    SNAPSHOT = LLT_SYNC_SNAPSHOT
    REPLAY = LLT_SYNC_REPLAY
    LIVE = LLT_SYNC_LIVE
    STALE = LLT_SYNC_STALE
    GAP = LLT_SYNC_GAP
    INVALID = LLT_SYNC_INVALID


class Outcome(IntEnum):
    """What became of an event."""

    APPLIED = LLT_SYNC_APPLIED
    OLD = LLT_SYNC_OLD
    KEPT = LLT_SYNC_KEPT
    MISSED = LLT_SYNC_MISSED
    CROSSED = LLT_SYNC_CROSSED
    UNUSED = LLT_SYNC_UNUSED


cdef llt_sync_outcome _take(
        llt_sync *sync, const llt_binance_event *event, const llt_binance_level *levels, int64_t now_ns,
        uint64_t tag) noexcept nogil:
    cdef llt_sync_range at
    if event.kind == LLT_BINANCE_SNAPSHOT:
        return llt_sync_snapshot(sync, event.last_update_id, levels, event.bids, event.asks, now_ns)
    at.first = event.first_update_id
    at.last = event.last_update_id
    at.previous = event.previous_update_id
    at.tag = tag
    return llt_sync_event(sync, &at, levels, event.bids, event.asks, now_ns)


@cython.final
cdef class BookSync:
    """The book of one instrument. ``market`` (SPOT or FUTURES) names the rules; times are of a monotonic clock.

    ``levels`` a side, and ``events`` with ``event_levels`` in all while a snapshot is awaited, are held without taking
    memory later. A LIVE book is STALE after ``stale_ns`` without an event.

    Raises ValueError for another market or no room, MemoryError.
    """

    def __cinit__(self, market, *, int64_t stale_ns=3_000_000_000, size_t levels=8192, size_t events=10_000,
                  size_t event_levels=1 << 20):
        if market not in (LLT_BINANCE_SPOT, LLT_BINANCE_FUTURES):
            raise ValueError(f"market {market!r} is neither SPOT ({LLT_BINANCE_SPOT}) nor FUTURES "
                             f"({LLT_BINANCE_FUTURES})")
        if events < 1 or event_levels < 1:
            raise ValueError(f"room for {events} events with {event_levels} levels: each is at least 1")
        if levels > 1 << 40 or events > 1 << 40 or event_levels > 1 << 40 or llt_sync_init(
                &self.raw, market, levels, events, event_levels, stale_ns) != 0:
            raise MemoryError(f"no memory for {levels} levels a side, {events} events and {event_levels} levels")

    def __dealloc__(self):
        llt_sync_destroy(&self.raw)

    def connect(self, int64_t now_ns):
        """The stream is subscribed: events are kept until a snapshot comes."""
        llt_sync_connect(&self.raw, now_ns)

    def disconnect(self, int64_t now_ns):
        """The stream has ended; the book stays as it was, to look at."""
        llt_sync_disconnect(&self.raw, now_ns)

    def requested(self, int64_t now_ns, bint failed=False):
        """A snapshot was asked for, or with ``failed`` there was no answer."""
        llt_sync_requested(&self.raw, failed, now_ns)

    def invalidate(self, int64_t now_ns):
        """The book is known to be wrong: it waits for a snapshot."""
        llt_sync_invalidate(&self.raw, now_ns)

    def is_stale(self, int64_t now_ns):
        """Whether nothing came for too long; to be asked now and then, it also changes the state."""
        return llt_sync_is_stale(&self.raw, now_ns)

    def take(self, Event event, int64_t now_ns):
        """Take a depth update or a snapshot: its :class:`Outcome`. Raises ValueError for another kind of event."""
        if event.raw.kind != LLT_BINANCE_SNAPSHOT and event.raw.kind != LLT_BINANCE_DEPTH:
            raise ValueError(f"{event!r} is neither a depth update nor a snapshot")
        cdef int outcome = _take(&self.raw, &event.raw, event.levels, now_ns, 0)
        return Outcome(outcome)

    @property
    def state(self):
        """:class:`State` of the book."""
        return State(<int>self.raw.state)

    @property
    def wants_snapshot(self):
        """Whether a snapshot would help and none was asked for."""
        return llt_sync_wants_snapshot(&self.raw)

    @property
    def update_id(self):
        """The last update in the book."""
        return self.raw.id

    @property
    def kept(self):
        """Events that wait for a snapshot."""
        return self.raw.kept_count - self.raw.replayed

    @property
    def counts(self):
        """What happened so far, by name; each state that was entered, as often."""
        return {
            "applied": self.raw.applied, "old": self.raw.old, "gaps": self.raw.gaps, "crossed": self.raw.crossed,
            "overflows": self.raw.overflows, "late_snapshots": self.raw.late_snapshots, "resyncs": self.raw.resyncs,
        } | {state.name.lower(): self.raw.entered[<int>state] for state in State}

    def levels(self):
        """``(bids, asks)``: arrays of :data:`lltool.kernels.l2_book.LEVEL`, the best first."""
        return levels_of(&self.raw.book.sides[LLT_BID]), levels_of(&self.raw.book.sides[LLT_ASK])


cdef void _follow(
        llt_sync **books, const uint8_t *which, const llt_binance_event *events, const llt_binance_level *levels,
        const int64_t *times_ns, size_t begin, size_t end, uint8_t *outcomes, llt_quote *quotes) noexcept nogil:
    cdef size_t at, kept
    cdef llt_sync *sync
    cdef const llt_sync_kept *one
    for at in range(begin, end):
        if events[at].kind != LLT_BINANCE_DEPTH and events[at].kind != LLT_BINANCE_SNAPSHOT:
            continue
        sync = books[which[at]]
        llt_sync_is_stale(sync, times_ns[at])
        outcomes[at] = _take(sync, &events[at], levels + events[at].first_level, times_ns[at], at)
        quotes[at] = llt_quote_of(&sync.book, sync.id)
        if events[at].kind == LLT_BINANCE_SNAPSHOT:
            for kept in range(sync.replayed):
                one = &sync.kept[kept]
                # Kept by a call with other arrays, it has no place in these.
                if one.range.tag < at and events[one.range.tag].last_update_id == one.range.last:
                    outcomes[one.range.tag] = one.outcome
                    quotes[one.range.tag] = one.quote


cdef int check_arrays(arrays, types, size_t books, size_t begin, size_t end) except -1:
    """ValueError unless ``arrays`` (the books' numbers, events, levels, one item an event) are of ``types`` and fit."""
    which, events, levels = arrays[:3]
    for array, wanted in zip(arrays, types):
        if array.dtype != wanted or not array.flags.c_contiguous:
            raise ValueError(f"an array of {array.dtype}: contiguous {wanted} is wanted")
        if array is not levels and len(array) != len(events):
            raise ValueError(f"an array of {len(array)} for {len(events)} events")
    if begin > end or end > len(events):
        raise ValueError(f"events {begin} to {end} of {len(events)}")
    if len(events) and which.max() >= books:
        raise ValueError(f"book {which.max()} of {books}")
    if len(events) and (events["first_level"] + events["bids"] + events["asks"]).max() > len(levels):
        raise ValueError(f"levels beyond the {len(levels)} that there are")
    return 0


def follow(books, which, events, levels, times_ns, outcomes, quotes, size_t begin, size_t end):
    """Take ``events[begin:end]`` (arrays of EVENT and LEVEL, as ``Parser.parse_lines`` gives them), without the GIL.

    Event ``i`` goes to ``books[which[i]]`` (uint8) at ``times_ns[i]`` (int64); what became of it is written to
    ``outcomes[i]`` (uint8), and the best levels after it to ``quotes[i]`` (QUOTE); for an event that was kept, when
    its snapshot came. Events of other kinds are passed over. Raises ValueError for arrays of other types or lengths,
    or a book that is not there.
    """
    cdef Py_buffer[6] views
    cdef llt_sync **raw
    cdef size_t at, held = 0
    arrays = (which, events, levels, times_ns, outcomes, quotes)
    types = ("uint8", binance_json.EVENT, binance_json.LEVEL, "int64", "uint8", l2_book.QUOTE)
    check_arrays(arrays, types, len(books), begin, end)
    raw = <llt_sync **>malloc((len(books) + 1) * sizeof(llt_sync *))
    if raw is NULL:
        raise MemoryError(f"no memory for {len(books)} addresses")
    try:
        for at in range(len(books)):
            raw[at] = &(<BookSync?>books[at]).raw
        for at in range(6):
            PyObject_GetBuffer(arrays[at], &views[at], PyBUF_SIMPLE if at < 4 else PyBUF_WRITABLE)
            held += 1
        with nogil:
            _follow(
                raw, <const uint8_t *>views[0].buf, <const llt_binance_event *>views[1].buf,
                <const llt_binance_level *>views[2].buf, <const int64_t *>views[3].buf, begin, end,
                <uint8_t *>views[4].buf, <llt_quote *>views[5].buf)
    finally:
        for at in range(held):
            PyBuffer_Release(&views[at])
        free(raw)

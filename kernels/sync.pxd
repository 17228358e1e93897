from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from lltool.kernels.binance_json cimport llt_binance_level
from lltool.kernels.l2_book cimport llt_l2_book, llt_quote


cdef extern from "llt_sync.h" nogil:
    ctypedef enum llt_sync_state:
        LLT_SYNC_DISCONNECTED
        LLT_SYNC_BUFFERING
        LLT_SYNC_SNAPSHOT
        LLT_SYNC_REPLAY
        LLT_SYNC_LIVE
        LLT_SYNC_STALE
        LLT_SYNC_GAP
        LLT_SYNC_INVALID
        LLT_SYNC_STATES

    ctypedef enum llt_sync_outcome:
        LLT_SYNC_APPLIED
        LLT_SYNC_OLD
        LLT_SYNC_KEPT
        LLT_SYNC_MISSED
        LLT_SYNC_CROSSED
        LLT_SYNC_UNUSED

    ctypedef struct llt_sync_range:
        uint64_t first
        uint64_t last
        uint64_t previous
        uint64_t tag

    ctypedef struct llt_sync_kept:
        llt_sync_range range
        llt_sync_outcome outcome
        llt_quote quote

    ctypedef struct llt_sync:
        llt_l2_book book
        uint64_t id
        llt_sync_state state
        uint8_t market
        int64_t event_ns
        int64_t state_ns
        llt_sync_kept *kept
        size_t kept_count
        size_t replayed
        uint64_t[8] entered
        uint64_t applied
        uint64_t old
        uint64_t gaps
        uint64_t crossed
        uint64_t overflows
        uint64_t late_snapshots
        uint64_t resyncs

    int llt_sync_init(
        llt_sync *sync, uint8_t market, size_t levels, size_t events, size_t event_levels, int64_t stale_ns)
    void llt_sync_destroy(llt_sync *sync)
    bint llt_sync_wants_snapshot(const llt_sync *sync)
    void llt_sync_connect(llt_sync *sync, int64_t now_ns)
    void llt_sync_disconnect(llt_sync *sync, int64_t now_ns)
    void llt_sync_requested(llt_sync *sync, bint failed, int64_t now_ns)
    void llt_sync_invalidate(llt_sync *sync, int64_t now_ns)
    bint llt_sync_is_stale(llt_sync *sync, int64_t now_ns)
    llt_sync_outcome llt_sync_event(
        llt_sync *sync, const llt_sync_range *range, const llt_binance_level *levels, uint32_t bids, uint32_t asks,
        int64_t now_ns)
    llt_sync_outcome llt_sync_snapshot(
        llt_sync *sync, uint64_t id, const llt_binance_level *levels, uint32_t bids, uint32_t asks, int64_t now_ns)


cdef class BookSync:
    cdef llt_sync raw


cdef int check_arrays(arrays, types, size_t books, size_t begin, size_t end) except -1

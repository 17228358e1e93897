/* A book that follows an exchange's sequence of updates, and knows when it may be traded on. One thread owns it.
 *
 *   DISCONNECTED  no connection: events are not for this book
 *   BUFFERING     events are kept, a snapshot is wanted
 *   SNAPSHOT      the same, and the request for it is on its way
 *   REPLAY        the snapshot and the events kept since are applied; the first event that joins them makes it LIVE
 *   LIVE          every event so far is in the book: the only state to trade in
 *   STALE         as LIVE, but nothing came for too long; the next event in sequence makes it LIVE again
 *   GAP           an event is missing: as BUFFERING
 *   INVALID       the book is crossed, or the caller found it wrong: as BUFFERING
 *
 * Rules (binance-spot-api-docs, "How to manage a local order book correctly"; USD-M and COIN-M futures likewise), `id`
 * being the last update in the book:
 *   spot      u <= id: old, leave it out. U > id + 1: a gap. Else apply, id = u. Covers duplicates and overlaps.
 *   futures   the first event behind a snapshot has U <= id <= u (u < id: old) or follows it exactly, pu == id, as each
 *             later one must. One with u <= id is a duplicate; any other is a gap.
 * A snapshot that is older than the first event kept is refused, and another one wanted. A snapshot for a book that is
 * LIVE is not needed and left out. Removing a level that is not there is normal and no fault.
 *
 * Memory: events are kept in a buffer of fixed size. What does not fit empties it: the kept events are given up, and
 * only a snapshot later than that is of use. The book grows beyond `levels` only when the market does.
 */
#ifndef LLT_SYNC_H
#define LLT_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "llt_binance.h"
#include "llt_l2_book.h"
#include "llt_quote.h"
#include "llt_sync_state.h"

typedef enum {
    LLT_SYNC_APPLIED, /* it is in the book */
    LLT_SYNC_OLD,     /* it, or something later, was already */
    LLT_SYNC_KEPT,    /* it waits for a snapshot */
    LLT_SYNC_MISSED,  /* it shows a gap: the book stops here, and the event waits for a snapshot */
    LLT_SYNC_CROSSED, /* it is in the book, which is wrong */
    LLT_SYNC_UNUSED   /* it is not for the book: not connected, or no memory for another level */
} llt_sync_outcome;

typedef struct {
    uint64_t first;    /* U */
    uint64_t last;     /* u */
    uint64_t previous; /* pu */
    uint64_t tag;      /* the caller's, handed back when a kept event is replayed */
} llt_sync_range;

/* An event that waits for a snapshot; once that has come, what became of it and the best levels behind it. */
typedef struct {
    llt_sync_range range;
    size_t first_level;
    uint32_t bids;
    uint32_t asks;
    llt_sync_outcome outcome;
    llt_quote quote;
} llt_sync_kept;

typedef struct {
    llt_l2_book book;
    uint64_t id; /* of the last update in the book */
    llt_sync_state state;
    uint8_t market;  /* LLT_BINANCE_SPOT or LLT_BINANCE_FUTURES */
    bool joined;     /* an event has followed the snapshot */
    bool was_live;   /* since the connection was made */
    int64_t event_ns; /* when the last event came that is in the book */
    int64_t state_ns; /* since when the state is so */
    int64_t stale_ns; /* silence that makes it STALE */
    llt_sync_kept *kept;
    llt_binance_level *kept_levels;
    size_t kept_room, kept_levels_room; /* of both buffers */
    size_t kept_count, kept_levels_count;
    size_t replayed; /* by the last snapshot: so many entries of `kept` hold their outcome until the next event */
    uint64_t entered[LLT_SYNC_STATES]; /* times that each state was entered */
    uint64_t applied, old, gaps, crossed, overflows, late_snapshots, resyncs;
} llt_sync;

static inline void llt_sync_destroy(llt_sync *sync) {
    llt_l2_destroy(&sync->book);
    free(sync->kept);
    free(sync->kept_levels);
    sync->kept = NULL;
    sync->kept_levels = NULL;
}

/* Room for `levels` a side, and for `events` with `event_levels` in all while a snapshot is awaited. -1: no memory. */
static inline int llt_sync_init(llt_sync *sync, uint8_t market, size_t levels, size_t events, size_t event_levels,
                                int64_t stale_ns) {
    *sync = (llt_sync){.market = market,
                       .stale_ns = stale_ns,
                       .kept_room = events,
                       .kept_levels_room = event_levels,
                       .state = LLT_SYNC_DISCONNECTED};
    if (llt_l2_init(&sync->book, levels) != 0) {
        return -1;
    }
    sync->kept = (llt_sync_kept *)calloc(events, sizeof *sync->kept);
    sync->kept_levels = (llt_binance_level *)calloc(event_levels, sizeof *sync->kept_levels);
    if (sync->kept == NULL || sync->kept_levels == NULL) {
        llt_sync_destroy(sync);
        return -1;
    }
    return 0;
}

static inline void llt_sync_enter(llt_sync *sync, llt_sync_state state, int64_t now_ns) {
    if (sync->state != state) {
        sync->state = state;
        sync->state_ns = now_ns;
        sync->entered[state]++;
    }
}

/* Whether a snapshot would help and nobody has asked for one. */
static inline bool llt_sync_wants_snapshot(const llt_sync *sync) {
    return sync->state == LLT_SYNC_BUFFERING || sync->state == LLT_SYNC_GAP || sync->state == LLT_SYNC_INVALID;
}

static inline bool llt_sync_follows_events(const llt_sync *sync) {
    return sync->state == LLT_SYNC_LIVE || sync->state == LLT_SYNC_REPLAY || sync->state == LLT_SYNC_STALE;
}

static inline void llt_sync_forget_kept(llt_sync *sync) {
    sync->kept_count = sync->kept_levels_count = sync->replayed = 0;
}

/* The stream is subscribed: from now on events are kept. Also for a connection that was made anew. */
static inline void llt_sync_connect(llt_sync *sync, int64_t now_ns) {
    llt_sync_forget_kept(sync);
    llt_sync_enter(sync, LLT_SYNC_BUFFERING, now_ns);
}

static inline void llt_sync_disconnect(llt_sync *sync, int64_t now_ns) {
    llt_sync_forget_kept(sync);
    llt_sync_enter(sync, LLT_SYNC_DISCONNECTED, now_ns);
}

/* A snapshot was asked for; with `failed` the answer was none. */
static inline void llt_sync_requested(llt_sync *sync, bool failed, int64_t now_ns) {
    if (llt_sync_wants_snapshot(sync) || sync->state == LLT_SYNC_SNAPSHOT) {
        llt_sync_enter(sync, failed ? LLT_SYNC_BUFFERING : LLT_SYNC_SNAPSHOT, now_ns);
    }
}

/* The caller knows that the book is wrong: a message for it could not be read, another source contradicts it. */
static inline void llt_sync_invalidate(llt_sync *sync, int64_t now_ns) {
    if (llt_sync_follows_events(sync)) {
        llt_sync_enter(sync, LLT_SYNC_INVALID, now_ns);
    }
}

/* To be called now and then: whether nothing came for too long. */
static inline bool llt_sync_is_stale(llt_sync *sync, int64_t now_ns) {
    if (sync->state == LLT_SYNC_LIVE && now_ns - sync->event_ns > sync->stale_ns) {
        llt_sync_enter(sync, LLT_SYNC_STALE, now_ns);
    }
    return sync->state == LLT_SYNC_STALE;
}

/* APPLIED: it is the next one. OLD or MISSED as described above. */
static inline llt_sync_outcome llt_sync_place(const llt_sync *sync, const llt_sync_range *range) {
    if (sync->market == LLT_BINANCE_SPOT) {
        if (range->last <= sync->id) {
            return LLT_SYNC_OLD;
        }
        return range->first <= sync->id + 1 ? LLT_SYNC_APPLIED : LLT_SYNC_MISSED;
    }
    if (range->previous == sync->id && range->last > sync->id) {
        return LLT_SYNC_APPLIED;
    }
    if (!sync->joined && range->first <= sync->id && range->last >= sync->id) {
        return LLT_SYNC_APPLIED;
    }
    return range->last <= sync->id ? LLT_SYNC_OLD : LLT_SYNC_MISSED;
}

static inline bool llt_sync_is_crossed(const llt_sync *sync) {
    const llt_l2_side *bids = &sync->book.sides[LLT_BID], *asks = &sync->book.sides[LLT_ASK];
    return bids->count != 0 && asks->count != 0 && llt_l2_price(bids, 0) >= llt_l2_price(asks, 0);
}

static inline int llt_sync_set_levels(llt_sync *sync, const llt_binance_level *levels, uint32_t bids, uint32_t asks) {
    int failed = 0;
    for (uint32_t at = 0; at < bids; at++) {
        failed |= llt_l2_update(&sync->book.sides[LLT_BID], levels[at].price, (uint64_t)levels[at].quantity);
    }
    for (uint32_t at = bids; at < bids + asks; at++) {
        failed |= llt_l2_update(&sync->book.sides[LLT_ASK], levels[at].price, (uint64_t)levels[at].quantity);
    }
    return failed;
}

/* Before the next event: gives up the entries that were replayed; what is left waits for a later snapshot. */
static inline void llt_sync_drop_replayed(llt_sync *sync) {
    if (sync->replayed == sync->kept_count) {
        llt_sync_forget_kept(sync);
    } else {
        sync->kept_count -= sync->replayed;
        memmove(sync->kept, sync->kept + sync->replayed, sync->kept_count * sizeof *sync->kept);
        sync->replayed = 0;
    }
}

static inline void llt_sync_keep(llt_sync *sync, const llt_sync_range *range, const llt_binance_level *levels,
                                 uint32_t bids, uint32_t asks, int64_t now_ns) {
    size_t count = (size_t)bids + asks;
    if (sync->kept_count == sync->kept_room || count > sync->kept_levels_room - sync->kept_levels_count) {
        sync->overflows++;
        llt_sync_forget_kept(sync);
        llt_sync_enter(sync, LLT_SYNC_GAP, now_ns); /* a request on its way may be answered with what is too old */
        if (count > sync->kept_levels_room) {
            return;
        }
    }
    sync->kept[sync->kept_count++] = (llt_sync_kept){
        .range = *range, .first_level = sync->kept_levels_count, .bids = bids, .asks = asks, .outcome = LLT_SYNC_KEPT};
    memcpy(sync->kept_levels + sync->kept_levels_count, levels, count * sizeof *levels);
    sync->kept_levels_count += count;
}

/* The event is the next one: into the book. */
static inline llt_sync_outcome llt_sync_apply(llt_sync *sync, const llt_sync_range *range,
                                              const llt_binance_level *levels, uint32_t bids, uint32_t asks,
                                              int64_t now_ns) {
    int failed = llt_sync_set_levels(sync, levels, bids, asks);
    sync->id = range->last;
    sync->event_ns = now_ns;
    sync->applied++;
    if (__builtin_expect(failed != 0 || llt_sync_is_crossed(sync), 0)) {
        sync->crossed += failed == 0;
        llt_sync_invalidate(sync, now_ns);
        return failed ? LLT_SYNC_UNUSED : LLT_SYNC_CROSSED;
    }
    if (__builtin_expect(sync->state != LLT_SYNC_LIVE, 0)) {
        sync->resyncs += sync->state == LLT_SYNC_REPLAY && sync->was_live;
        sync->was_live = true;
        llt_sync_enter(sync, LLT_SYNC_LIVE, now_ns);
    }
    sync->joined = true;
    return LLT_SYNC_APPLIED;
}

/* A depth update of this instrument: `bids` levels, then `asks`. `now_ns` is of a monotonic clock. */
static inline llt_sync_outcome llt_sync_event(llt_sync *sync, const llt_sync_range *range,
                                              const llt_binance_level *levels, uint32_t bids, uint32_t asks,
                                              int64_t now_ns) {
    if (__builtin_expect(sync->replayed != 0, 0)) {
        llt_sync_drop_replayed(sync);
    }
    if (__builtin_expect(!llt_sync_follows_events(sync), 0)) {
        if (sync->state == LLT_SYNC_DISCONNECTED) {
            return LLT_SYNC_UNUSED;
        }
        llt_sync_keep(sync, range, levels, bids, asks, now_ns);
        return LLT_SYNC_KEPT;
    }
    llt_sync_outcome place = llt_sync_place(sync, range);
    if (__builtin_expect(place == LLT_SYNC_APPLIED, 1)) {
        return llt_sync_apply(sync, range, levels, bids, asks, now_ns);
    }
    if (place == LLT_SYNC_OLD) {
        sync->old++;
        return LLT_SYNC_OLD;
    }
    sync->gaps++;
    llt_sync_forget_kept(sync);
    llt_sync_enter(sync, LLT_SYNC_GAP, now_ns);
    llt_sync_keep(sync, range, levels, bids, asks, now_ns);
    return LLT_SYNC_MISSED;
}

/* Applies what was kept behind a snapshot. A gap within leaves the rest kept, and so wants a later snapshot. */
static inline void llt_sync_replay(llt_sync *sync, int64_t now_ns) {
    size_t at = 0;
    while (at < sync->kept_count && llt_sync_follows_events(sync)) {
        llt_sync_kept *one = &sync->kept[at];
        one->outcome = llt_sync_place(sync, &one->range);
        if (one->outcome == LLT_SYNC_MISSED) {
            sync->gaps++;
            llt_sync_enter(sync, LLT_SYNC_GAP, now_ns);
            break;
        }
        if (one->outcome == LLT_SYNC_OLD) {
            sync->old++;
        } else {
            one->outcome = llt_sync_apply(sync, &one->range, sync->kept_levels + one->first_level, one->bids,
                                          one->asks, now_ns);
        }
        one->quote = llt_quote_of(&sync->book, sync->id);
        at++;
    }
    sync->replayed = at;
}

/* A snapshot of this instrument whose last update is `id`. APPLIED, or OLD when it was left out: the book is LIVE, or
 * the snapshot is older than what was kept, and another one is wanted. */
static inline llt_sync_outcome llt_sync_snapshot(llt_sync *sync, uint64_t id, const llt_binance_level *levels,
                                                 uint32_t bids, uint32_t asks, int64_t now_ns) {
    if (sync->state == LLT_SYNC_DISCONNECTED) {
        return LLT_SYNC_UNUSED;
    }
    if (sync->state == LLT_SYNC_LIVE || (llt_sync_follows_events(sync) && id < sync->id)) {
        return LLT_SYNC_OLD;
    }
    if (sync->replayed != 0) {
        llt_sync_drop_replayed(sync);
    }
    llt_sync behind = {.market = sync->market, .id = id};
    size_t at = 0;
    while (at < sync->kept_count && llt_sync_place(&behind, &sync->kept[at].range) == LLT_SYNC_OLD) {
        at++;
    }
    if (at < sync->kept_count && llt_sync_place(&behind, &sync->kept[at].range) == LLT_SYNC_MISSED) {
        sync->late_snapshots++;
        llt_sync_enter(sync, LLT_SYNC_BUFFERING, now_ns);
        return LLT_SYNC_OLD;
    }
    llt_l2_clear(&sync->book.sides[LLT_BID]);
    llt_l2_clear(&sync->book.sides[LLT_ASK]);
    sync->id = id;
    sync->joined = false;
    sync->event_ns = now_ns;
    llt_sync_enter(sync, LLT_SYNC_REPLAY, now_ns);
    if (llt_sync_set_levels(sync, levels, bids, asks) != 0) {
        llt_sync_invalidate(sync, now_ns);
        return LLT_SYNC_UNUSED;
    }
    if (llt_sync_is_crossed(sync)) {
        sync->crossed++;
        llt_sync_invalidate(sync, now_ns);
        return LLT_SYNC_CROSSED;
    }
    llt_sync_replay(sync, now_ns);
    return LLT_SYNC_APPLIED;
}

#endif

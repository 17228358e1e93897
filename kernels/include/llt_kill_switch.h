/* Kill switch: one word that stops every new order, for good. It lies in memory that other processes can map.
 *
 *   word       0, or the source that tripped it; the first stays
 *   sending    1 while the one sender is between its look at the word and the end of its send
 *   beat_ns    when the supervisor was last alive; 0 while there is none
 *
 * "No order leaves after it" needs more than a flag: a sender may have looked just before. The sender announces itself,
 * then looks; who trips sets the word, then looks whether a send is announced. Both stores precede both loads in one
 * order that all see (sequential consistency), so at least one of the two sees the other: once `word` is set and
 * `sending` was seen 0, no order leaves any more. It costs the sender one locked instruction an order, not a tick.
 * Cancels do not ask: they must leave.
 *
 * Times are of CLOCK_MONOTONIC, which all processes of a host share.
 */
#ifndef LLT_KILL_SWITCH_H
#define LLT_KILL_SWITCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_atomic.h"

#define LLT_KILL_MAGIC 0x31304c4c494b544cull /* "LTKILL01", little endian */

enum {
    LLT_KILL_NONE,
    LLT_KILL_OPERATOR,
    LLT_KILL_SIGNAL,
    LLT_KILL_LOSS,
    LLT_KILL_STALE,
    LLT_KILL_BREAKER,
    LLT_KILL_SUPERVISOR,
    LLT_KILL_SOURCES
};

typedef struct {
    uint64_t magic;
    _Alignas(LLT_LINE) llt_atomic_u64 word; /* read at every order; written once */
    llt_atomic_u64 tripped_ns;
    _Alignas(LLT_LINE) llt_atomic_u64 sending; /* written by the sender alone */
    _Alignas(LLT_LINE) llt_atomic_u64 beat_ns; /* written by the supervisor alone */
} llt_kill_switch;

_Static_assert(offsetof(llt_kill_switch, beat_ns) % LLT_LINE == 0, "the supervisor writes a line of its own");

static inline void llt_kill_init(llt_kill_switch *kill) {
    atomic_init(&kill->word, LLT_KILL_NONE);
    atomic_init(&kill->tripped_ns, 0);
    atomic_init(&kill->sending, 0);
    atomic_init(&kill->beat_ns, 0);
    kill->magic = LLT_KILL_MAGIC;
}

/* The source that tripped it, LLT_KILL_NONE while it has not been. */
static inline uint64_t llt_kill_source(const llt_kill_switch *kill) {
    return llt_load_acquire(&kill->word); /* acquire: what was written before the trip is seen */
}

/* True when this call tripped it; an earlier source stays. Safe in a signal handler. */
static inline bool llt_kill_trip(llt_kill_switch *kill, uint64_t source, uint64_t now_ns) {
    if (!llt_compare_exchange_seq_cst(&kill->word, LLT_KILL_NONE, source)) {
        return false;
    }
    llt_store_relaxed(&kill->tripped_ns, now_ns); /* relaxed: a report, nothing follows from it */
    return true;
}

/* Whether it is tripped and no order is between its look and the end of its send: from then on none leaves. */
static inline bool llt_kill_is_quiet(const llt_kill_switch *kill) {
    return llt_load_seq_cst(&kill->word) != LLT_KILL_NONE && llt_load_seq_cst(&kill->sending) == 0;
}

/* Before an order is written: false, and it must not be. True: llt_kill_sent follows when the send has ended. */
static inline bool llt_kill_may_send(llt_kill_switch *kill) {
    llt_store_seq_cst(&kill->sending, 1); /* seq_cst: not after the load that follows */
    if (__builtin_expect(llt_load_seq_cst(&kill->word) == LLT_KILL_NONE, 1)) {
        return true;
    }
    llt_store_release(&kill->sending, 0);
    return false;
}

static inline void llt_kill_sent(llt_kill_switch *kill) {
    llt_store_release(&kill->sending, 0); /* release: the send is over for whoever sees 0 */
}

static inline void llt_kill_beat(llt_kill_switch *kill, uint64_t now_ns) {
    llt_store_relaxed(&kill->beat_ns, now_ns); /* relaxed: a time, nothing follows from it */
}

/* Trips it when a supervisor has been there and not been heard of for longer than `limit_ns`; whether it is tripped. */
static inline bool llt_kill_watch(llt_kill_switch *kill, uint64_t now_ns, uint64_t limit_ns) {
    uint64_t beat = llt_load_relaxed(&kill->beat_ns); /* relaxed: as in llt_kill_beat */
    if (__builtin_expect(beat != 0 && now_ns > beat && now_ns - beat > limit_ns, 0)) {
        llt_kill_trip(kill, LLT_KILL_SUPERVISOR, now_ns);
    }
    return llt_kill_source(kill) != LLT_KILL_NONE;
}

#endif

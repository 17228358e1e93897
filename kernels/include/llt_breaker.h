/* Circuit breaker: stops calls after too many failures in a window, and lets one probe through to find out.
 *
 * The word holds generation << 2 | state. A caller gets the word it was admitted under as its token and reports with
 * it: a report of an earlier generation (a slow call from before the breaker opened) changes nothing.
 *
 *   closed     every call is admitted: one load. `threshold` failures within `window_ns` open it.
 *   open       no call, until `recovery_ns` have passed since it opened
 *   half open  one probe, admitted by the exchange that made the state; its success closes, its failure opens. A probe
 *              that is not heard of within `recovery_ns` is given up, and another admitted.
 *
 * Times are of one monotonic clock, given by the caller: a wall clock that is set back would keep it open or wrap.
 * Ordering: `since` is stored before the releasing exchange that makes the state it belongs to, so whoever acquires the
 * word sees no older time. Failures are counted by time: the ring holds the last `threshold` of them, and the oldest
 * being within the window is what "too many" means. It starts over with each generation that closes.
 */
#ifndef LLT_BREAKER_H
#define LLT_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_atomic.h"

#define LLT_BREAKER_MAX_THRESHOLD 64
#define LLT_BREAKER_REFUSED 0 /* no token: generations start at 1 */

typedef enum { LLT_BREAKER_CLOSED, LLT_BREAKER_OPEN, LLT_BREAKER_HALF_OPEN } llt_breaker_state;

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 word;
    llt_atomic_u64 since; /* when it opened, or when the probe started */
    uint64_t threshold;
    uint64_t window_ns;
    uint64_t recovery_ns;
    llt_atomic_u64 failures; /* written by failures only: those are rare */
    llt_atomic_u64 times[LLT_BREAKER_MAX_THRESHOLD];
} llt_breaker;

static inline uint64_t llt_breaker_next(uint64_t word, llt_breaker_state state) {
    return ((word >> 2) + 1) << 2 | (uint64_t)state;
}

/* `threshold` between 1 and LLT_BREAKER_MAX_THRESHOLD. */
static inline void llt_breaker_init(llt_breaker *breaker, uint64_t threshold, uint64_t window_ns,
                                    uint64_t recovery_ns) {
    atomic_init(&breaker->word, 1 << 2 | LLT_BREAKER_CLOSED);
    atomic_init(&breaker->since, 0);
    atomic_init(&breaker->failures, 0);
    breaker->threshold = threshold;
    breaker->window_ns = window_ns;
    breaker->recovery_ns = recovery_ns;
    for (size_t i = 0; i < LLT_BREAKER_MAX_THRESHOLD; i++) {
        atomic_init(&breaker->times[i], 0);
    }
}

static inline llt_breaker_state llt_breaker_state_of(uint64_t word) { return (llt_breaker_state)(word & 3); }

/* The path of a breaker that is not closed. */
static inline uint64_t llt_breaker_probe(llt_breaker *breaker, uint64_t word, uint64_t now_ns) {
    uint64_t since = llt_load_relaxed(&breaker->since); /* relaxed: ordered by the acquired word */
    if (now_ns < since || now_ns - since < breaker->recovery_ns) {
        return LLT_BREAKER_REFUSED;
    }
    uint64_t probe = llt_breaker_next(word, LLT_BREAKER_HALF_OPEN);
    /* One of the callers that come here makes the exchange; `since` changes from what it read, or somebody was first. */
    if (!llt_compare_exchange_acq_rel(&breaker->since, since, now_ns)) {
        return LLT_BREAKER_REFUSED;
    }
    return llt_compare_exchange_acq_rel(&breaker->word, word, probe) ? probe : LLT_BREAKER_REFUSED;
}

/* A token, or LLT_BREAKER_REFUSED. Closed, it is a load and a test. */
static inline uint64_t llt_breaker_allow(llt_breaker *breaker, uint64_t now_ns) {
    uint64_t word = llt_load_acquire(&breaker->word); /* acquire: `since` belongs to it */
    if (__builtin_expect(llt_breaker_state_of(word) == LLT_BREAKER_CLOSED, 1)) {
        return word;
    }
    return llt_breaker_probe(breaker, word, now_ns);
}

/* For callers whose clock costs more than the test: the token of a closed breaker, else LLT_BREAKER_REFUSED. */
static inline uint64_t llt_breaker_allow_closed(const llt_breaker *breaker) {
    uint64_t word = llt_load_acquire(&breaker->word);
    return llt_breaker_state_of(word) == LLT_BREAKER_CLOSED ? word : LLT_BREAKER_REFUSED;
}

/* False when the token is of an earlier generation: the report came too late to matter. */
static inline bool llt_breaker_success(llt_breaker *breaker, uint64_t token) {
    if (llt_breaker_state_of(token) == LLT_BREAKER_CLOSED) {
        return llt_load_relaxed(&breaker->word) == token; /* relaxed: an answer, nothing follows from it */
    }
    if (llt_load_acquire(&breaker->word) != token) {
        return false;
    }
    for (size_t i = 0; i < breaker->threshold; i++) {
        llt_store_relaxed(&breaker->times[i], 0); /* relaxed: published by the exchange */
    }
    return llt_compare_exchange_acq_rel(&breaker->word, token, llt_breaker_next(token, LLT_BREAKER_CLOSED));
}

/* As llt_breaker_success. `now_ns` is above 0. */
static inline bool llt_breaker_failure(llt_breaker *breaker, uint64_t token, uint64_t now_ns) {
    if (llt_load_acquire(&breaker->word) != token) {
        return false;
    }
    if (llt_breaker_state_of(token) == LLT_BREAKER_CLOSED) {
        uint64_t at = llt_add_relaxed(&breaker->failures, 1); /* relaxed: a place in the ring */
        llt_store_relaxed(&breaker->times[at % breaker->threshold], now_ns);
        uint64_t oldest = llt_load_relaxed(&breaker->times[(at + 1) % breaker->threshold]);
        if (oldest == 0 || (now_ns > oldest && now_ns - oldest > breaker->window_ns)) {
            return true;
        }
    }
    llt_store_relaxed(&breaker->since, now_ns); /* relaxed: released by the exchange */
    llt_compare_exchange_acq_rel(&breaker->word, token, llt_breaker_next(token, LLT_BREAKER_OPEN));
    return true;
}

#endif

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
 * Ordering: `since` and `first` are changed before the releasing exchange that makes the state they belong to, so whoever
 * acquires the word sees no older ones. Who changes them has read them before the word that lets him, and exchanges them
 * from what he read: a thread that was held up in between, while the breaker went on without it, changes neither the
 * time of another's probe nor the failures of another generation. Failures are counted by time: the ring holds the last
 * `threshold` of them, and the oldest being within the window is what "too many" means. `first` is the number of the
 * first failure of the generation that closed last.
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
    llt_atomic_u64 first;
    llt_atomic_u64 openings;
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
    atomic_init(&breaker->first, 0);
    atomic_init(&breaker->openings, 0);
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
    uint64_t first = llt_load_acquire(&breaker->first); /* acquire: read before the word */
    if (llt_load_acquire(&breaker->word) != token) {
        return false;
    }
    /* It opened after a failure at least, so `first` grows: the exchange fails for all but one of a half-open time. */
    uint64_t failures = llt_load_relaxed(&breaker->failures); /* relaxed: ordered by the acquired word */
    return llt_compare_exchange_acq_rel(&breaker->first, first, failures) &&
           llt_compare_exchange_acq_rel(&breaker->word, token, llt_breaker_next(token, LLT_BREAKER_CLOSED));
}

/* Whether failure number `at`, of `now_ns`, is the one too many. */
static inline bool llt_breaker_too_many(const llt_breaker *breaker, uint64_t at, uint64_t now_ns) {
    if (at + 1 - llt_load_relaxed(&breaker->first) < breaker->threshold) { /* relaxed: ordered by the acquired word */
        return false;
    }
    uint64_t oldest = llt_load_relaxed(&breaker->times[(at + 1) % breaker->threshold]); /* relaxed: a time, no more */
    return now_ns <= oldest || now_ns - oldest <= breaker->window_ns;
}

/* As llt_breaker_success. */
static inline bool llt_breaker_failure(llt_breaker *breaker, uint64_t token, uint64_t now_ns) {
    uint64_t since = llt_load_acquire(&breaker->since); /* acquire: read before the word */
    if (llt_load_acquire(&breaker->word) != token) {
        return false;
    }
    if (llt_breaker_state_of(token) == LLT_BREAKER_CLOSED) {
        uint64_t at = llt_add_relaxed(&breaker->failures, 1); /* relaxed: a place in the ring */
        llt_store_relaxed(&breaker->times[at % breaker->threshold], now_ns);
        if (!llt_breaker_too_many(breaker, at, now_ns)) {
            return true;
        }
    }
    if (llt_compare_exchange_acq_rel(&breaker->since, since, now_ns) &&
        llt_compare_exchange_acq_rel(&breaker->word, token, llt_breaker_next(token, LLT_BREAKER_OPEN))) {
        llt_add_relaxed(&breaker->openings, 1); /* relaxed: a count */
    }
    return true;
}

#endif

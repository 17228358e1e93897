/* Structures laid out for cache lines.
 *
 * A line of its own for each record is right for data that different threads write. Levels of one book have one writer:
 * there it wastes room, so a level takes half a line (chapter 5.2.2 gives each a line with 40 bytes of nothing).
 */
#ifndef LLT_LAYOUTS_H
#define LLT_LAYOUTS_H

#include "llt_atomic.h"
#include "llt_seqlock.h"

/* A price level: two to a line, never across one. */
typedef struct {
    int64_t price;
    uint64_t quantity;
    uint32_t order_count;
    uint32_t sequence; /* wraps */
    uint64_t reserved;
} llt_level;

_Static_assert(sizeof(llt_level) == 32, "two levels fill a 64-byte line");

/* The chapter's level: one to a line, for levels that different threads write. */
typedef struct {
    _Alignas(64) int64_t price;
    uint64_t quantity;
    uint32_t order_count;
    uint32_t sequence;
} llt_padded_level;

_Static_assert(sizeof(llt_padded_level) == 64, "one level fills a 64-byte line");

/* The hot best quote: both best levels and the sequence they belong to, what a strategy reads of a book.
 *
 * With the sequence word of the seqlock that publishes it, it fills one 64-byte line: a reader on another core gets a
 * bid and an ask of the same instant with one transfer. `sides` says which of them there are, so that no price has to
 * mean "none". Mid and spread follow from it and are not stored: copies could disagree.
 */
typedef struct {
    int64_t bid_price;
    uint64_t bid_quantity;
    int64_t ask_price;
    uint64_t ask_quantity;
    uint64_t sequence;
    uint64_t sides; /* 1: a bid, 2: an ask, 3: both */
} llt_quote;

_Static_assert(sizeof(llt_quote) == 48 && sizeof(llt_quote) <= LLT_SEQLOCK_ONE_LINE, "a quote shares the lock's line");

/* The counters of one thread or core, away from those of every other. */
typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 messages;
    llt_atomic_u64 errors;
    llt_atomic_u64 last_ns;
} llt_core_counters;

_Static_assert(sizeof(llt_core_counters) == LLT_LINE, "counters of two cores share no pair of lines");

#endif

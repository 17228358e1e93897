/* The hot line of a book: both best levels and the sequence they belong to, 48 bytes.
 *
 * With the sequence word of the seqlock that publishes it, it fills one 64-byte line: a reader on another core gets a
 * bid and an ask of the same instant with one transfer. `sides` says which of them there are, so that no price has to
 * mean "none".
 */
#ifndef LLT_QUOTE_H
#define LLT_QUOTE_H

#include <stdint.h>

#include "llt_l2_book.h"
#include "llt_seqlock.h"

typedef struct {
    int64_t bid_price;
    uint64_t bid_quantity;
    int64_t ask_price;
    uint64_t ask_quantity;
    uint64_t sequence;
    uint64_t sides; /* 1: a bid, 2: an ask, 3: both */
} llt_quote;

_Static_assert(sizeof(llt_quote) == 48 && sizeof(llt_quote) <= LLT_SEQLOCK_ONE_LINE, "a quote shares the lock's line");

static inline llt_quote llt_quote_of(const llt_l2_book *book, uint64_t sequence) {
    llt_quote quote = {.sequence = sequence};
    if (book->sides[LLT_BID].count != 0) {
        quote.bid_price = llt_l2_price(&book->sides[LLT_BID], 0);
        quote.bid_quantity = llt_l2_quantity(&book->sides[LLT_BID], 0);
        quote.sides |= 1;
    }
    if (book->sides[LLT_ASK].count != 0) {
        quote.ask_price = llt_l2_price(&book->sides[LLT_ASK], 0);
        quote.ask_quantity = llt_l2_quantity(&book->sides[LLT_ASK], 0);
        quote.sides |= 2;
    }
    return quote;
}

#endif

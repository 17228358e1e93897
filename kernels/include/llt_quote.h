/* The best quote of a level book, as llt_layouts.h lays it out. */
#ifndef LLT_QUOTE_H
#define LLT_QUOTE_H

#include "llt_l2_book.h"
#include "llt_layouts.h"

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

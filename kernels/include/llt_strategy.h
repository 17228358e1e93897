/* What the pipeline asks a strategy: the best levels are these, what do you want?
 *
 * A strategy is a function and its own state. It runs on the hot path of the thread that owns the book: no allocation,
 * no lock, no system call. The chapter's (5.9) is below: a spread above a threshold, an order at the mid.
 */
#ifndef LLT_STRATEGY_H
#define LLT_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

#include "llt_quote.h"

typedef struct {
    int64_t price;
    int64_t quantity;
    int64_t side; /* LLT_BID buys, LLT_ASK sells */
} llt_wish;

/* True when `wish` was filled in. `position` is what is held, of this instrument. */
typedef int llt_strategy_function(void *state, const llt_quote *quote, int64_t position, llt_wish *wish);

typedef struct {
    int64_t threshold; /* an order when the spread is above it */
    int64_t quantity;
    int64_t tick; /* at least 1 */
} llt_spread_strategy;

/* Buys while nothing is held, sells what is. The mid is rounded down to the tick. */
static inline int llt_spread_decide(void *state, const llt_quote *quote, int64_t position, llt_wish *wish) {
    const llt_spread_strategy *own = (const llt_spread_strategy *)state;
    int64_t spread;
    if (quote->sides != 3 || __builtin_sub_overflow(quote->ask_price, quote->bid_price, &spread) ||
        spread <= own->threshold) {
        return 0;
    }
    int64_t mid = quote->bid_price + spread / 2;
    wish->price = mid - mid % own->tick;
    wish->quantity = own->quantity;
    wish->side = position > 0 ? LLT_ASK : LLT_BID;
    return 1;
}

#endif

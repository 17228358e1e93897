/* Position and money of one instrument from its fills. Prices and quantities are fixed point x 10^8, money x 10^16.
 *
 * cash + position x price is what the account is worth at that price, which is 0 before the first fill.
 */
#ifndef LLT_ACCOUNT_H
#define LLT_ACCOUNT_H

#include <stdint.h>

#include "llt_int128.h"

typedef struct {
    llt_int128 cash; /* fees are taken off it */
    llt_int128 fees;
    llt_int128 turnover; /* sum of price times quantity */
    llt_int128 peak;     /* highest worth seen by llt_account_mark */
    int64_t position;
    uint64_t fills;
} llt_account;

#define LLT_RATE_SCALE 100000000 /* of fees, as fractions of the notional */

/* Rounded up: a fee is never forgotten. */
static inline llt_int128 llt_fee(int64_t price, int64_t quantity, int64_t rate) {
    llt_int128 product = (llt_int128)price * quantity * rate;
    return product > 0 ? (product + LLT_RATE_SCALE - 1) / LLT_RATE_SCALE : product / LLT_RATE_SCALE;
}

/* `side` 0 buys, 1 sells. */
static inline void llt_account_fill(llt_account *account, uint32_t side, int64_t price, int64_t quantity,
                                    llt_int128 fee) {
    llt_int128 notional = (llt_int128)price * quantity;
    account->cash += (side == 0 ? -notional : notional) - fee;
    account->fees += fee;
    account->turnover += notional;
    account->position += side == 0 ? quantity : -quantity;
    account->fills++;
}

static inline llt_int128 llt_account_worth(const llt_account *account, int64_t price) {
    return account->cash + (llt_int128)account->position * price;
}

/* Remembers the peak. Gives how far below it the account is at `price`. */
static inline llt_int128 llt_account_mark(llt_account *account, int64_t price) {
    llt_int128 worth = llt_account_worth(account, price);
    account->peak = worth > account->peak ? worth : account->peak;
    return account->peak - worth;
}

#endif

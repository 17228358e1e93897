/* Pre-trade risk check of one instrument: sixteen checks, all made, one bit each. One thread owns it.
 *
 * No check ends the work of the next one: the answer names everything that is wrong, takes the same time for a good order
 * as for a bad one, and has no branch to mispredict. Prices are in ticks of fixed point, sums in 128 bits: nothing can
 * overflow on the way to a comparison. Lot and tick are usually powers of ten, so the two remainders are divisions; they
 * do not depend on one another.
 *
 * llt_risk_check asks; llt_risk_accept books an order that was sent; fills and ends of orders are booked as they come.
 * A check between two sends sees both: open quantity counts as if it were filled.
 */
#ifndef LLT_RISK_H
#define LLT_RISK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "llt_int128.h"

enum {
    LLT_RISK_HALTED = 1 << 0,       /* trading is switched off */
    LLT_RISK_SIDE = 1 << 1,         /* neither 0 (buy) nor 1 (sell) */
    LLT_RISK_QUANTITY = 1 << 2,     /* below 1 */
    LLT_RISK_MAX_QUANTITY = 1 << 3, /* above the largest order */
    LLT_RISK_LOT = 1 << 4,          /* no multiple of the lot */
    LLT_RISK_PRICE = 1 << 5,        /* below 1 */
    LLT_RISK_TICK = 1 << 6,         /* no multiple of the tick */
    LLT_RISK_BAND = 1 << 7,         /* further from the reference price than allowed */
    LLT_RISK_NOTIONAL = 1 << 8,     /* price times quantity above the largest order */
    LLT_RISK_LONG = 1 << 9,         /* position and open buys would exceed the limit */
    LLT_RISK_SHORT = 1 << 10,       /* position and open sells would exceed the limit */
    LLT_RISK_OPEN_ORDERS = 1 << 11, /* too many orders are open */
    LLT_RISK_GROSS = 1 << 12,       /* notional of all open orders would exceed the limit */
    LLT_RISK_RATE = 1 << 13,        /* too many orders within the window */
    LLT_RISK_ORDER_ID = 1 << 14,    /* the id is not above the last one: sent twice */
    LLT_RISK_STALE = 1 << 15        /* the reference price is too old */
};

typedef struct {
    int64_t max_quantity;
    int64_t lot;
    int64_t tick;
    int64_t band; /* largest distance from the reference price */
    llt_int128 max_notional; /* price times quantity: two fixed-point numbers of 8 decimals do not fit 64 bits */
    int64_t max_long;
    int64_t max_short;
    int64_t max_open_orders;
    llt_int128 max_gross_notional;
    int64_t rate_window_ns;
    int64_t max_age_ns; /* of the reference price */
} llt_risk_limits;

typedef struct {
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint32_t side;
} llt_risk_order;

typedef struct {
    llt_risk_limits limits;
    int64_t reference_price;
    int64_t reference_ns;
    int64_t position;
    int64_t open_quantity[2]; /* by side */
    int64_t open_orders;
    llt_int128 gross_notional;
    uint64_t last_order_id;
    uint64_t sent;
    uint64_t rate; /* orders within the window */
    int64_t *sent_ns; /* of the last `rate` orders */
    int64_t halted;
} llt_risk;

/* `rate` above 0. -1 when memory is not to be had. */
static inline int llt_risk_init(llt_risk *risk, const llt_risk_limits *limits, size_t rate) {
    *risk = (llt_risk){.limits = *limits, .rate = rate};
    risk->sent_ns = (int64_t *)malloc(rate * sizeof *risk->sent_ns);
    if (risk->sent_ns == NULL) {
        return -1;
    }
    for (size_t i = 0; i < rate; i++) {
        risk->sent_ns[i] = INT64_MIN / 2; /* long ago */
    }
    return 0;
}

static inline void llt_risk_destroy(llt_risk *risk) { free(risk->sent_ns); }

/* The place in `sent_ns` of the next order, and so of the one `rate` orders ago. */
static inline size_t llt_risk_slot(const llt_risk *risk) { return (size_t)(risk->sent % risk->rate); }

#define LLT_RISK_BIT(failed, bit) ((uint32_t)(failed) * (uint32_t)(bit))

/* 0, or the bits of every check that failed. `now_ns` is of a monotonic clock. */
static inline uint32_t llt_risk_check(const llt_risk *risk, const llt_risk_order *order, int64_t now_ns) {
    const llt_risk_limits *limits = &risk->limits;
    int64_t price = order->price, quantity = order->quantity;
    int buys = order->side == 0, sells = order->side == 1;
    llt_int128 notional = (llt_int128)price * quantity;
    llt_int128 distance = (llt_int128)price - risk->reference_price;
    llt_int128 bought = (llt_int128)risk->position + risk->open_quantity[0] + quantity;
    llt_int128 sold = (llt_int128)risk->open_quantity[1] + quantity - risk->position;
    llt_int128 since_sent = (llt_int128)now_ns - risk->sent_ns[llt_risk_slot(risk)];
    llt_int128 age = (llt_int128)now_ns - risk->reference_ns;
    return LLT_RISK_BIT(risk->halted != 0, LLT_RISK_HALTED) | LLT_RISK_BIT(!(buys | sells), LLT_RISK_SIDE) |
           LLT_RISK_BIT(quantity < 1, LLT_RISK_QUANTITY) |
           LLT_RISK_BIT(quantity > limits->max_quantity, LLT_RISK_MAX_QUANTITY) |
           LLT_RISK_BIT(quantity % limits->lot != 0, LLT_RISK_LOT) | LLT_RISK_BIT(price < 1, LLT_RISK_PRICE) |
           LLT_RISK_BIT(price % limits->tick != 0, LLT_RISK_TICK) |
           LLT_RISK_BIT((distance > limits->band) | (-distance > limits->band), LLT_RISK_BAND) |
           LLT_RISK_BIT(notional > limits->max_notional, LLT_RISK_NOTIONAL) |
           LLT_RISK_BIT(buys & (bought > limits->max_long), LLT_RISK_LONG) |
           LLT_RISK_BIT(sells & (sold > limits->max_short), LLT_RISK_SHORT) |
           LLT_RISK_BIT(risk->open_orders >= limits->max_open_orders, LLT_RISK_OPEN_ORDERS) |
           LLT_RISK_BIT(risk->gross_notional + notional > limits->max_gross_notional, LLT_RISK_GROSS) |
           LLT_RISK_BIT(since_sent < limits->rate_window_ns, LLT_RISK_RATE) |
           LLT_RISK_BIT(order->order_id <= risk->last_order_id, LLT_RISK_ORDER_ID) |
           LLT_RISK_BIT(age > limits->max_age_ns, LLT_RISK_STALE);
}

/* Books an order that passed and was sent. */
static inline void llt_risk_accept(llt_risk *risk, const llt_risk_order *order, int64_t now_ns) {
    risk->sent_ns[llt_risk_slot(risk)] = now_ns;
    risk->sent++;
    risk->last_order_id = order->order_id;
    risk->open_orders++;
    risk->open_quantity[order->side] += order->quantity;
    risk->gross_notional += (llt_int128)order->price * order->quantity;
}

/* Books that `quantity` of an open order is no longer open: filled, or given back by a cancel. */
static inline void llt_risk_reduce(llt_risk *risk, uint32_t side, int64_t price, int64_t quantity, int filled) {
    risk->open_quantity[side] -= quantity;
    risk->gross_notional -= (llt_int128)price * quantity;
    risk->position += filled ? (side == 0 ? quantity : -quantity) : 0;
}

/* Books that an order is no longer open; its open quantity has been taken off before. */
static inline void llt_risk_close(llt_risk *risk) { risk->open_orders--; }

static inline void llt_risk_set_reference(llt_risk *risk, int64_t price, int64_t now_ns) {
    risk->reference_price = price;
    risk->reference_ns = now_ns;
}

#endif

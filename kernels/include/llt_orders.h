/* Own orders and the state of each: what was sent, what the exchange has said, and what is not known. One thread.
 *
 *   PENDING_NEW ─accepted─> OPEN ─fill─> PARTIAL ─fill─> FILLED        an order that is sent is in one of the live
 *        │                   └─cancel sent─> PENDING_CANCEL ─> CANCELED   states until the exchange says how it ended
 *        └──────────────── answer lost ──> UNKNOWN ─query─> any of them, or REJECTED: the exchange never had it
 *
 * An order whose answer is lost (time-out, disconnect, "status unknown") is UNKNOWN: it may have been filled. It counts
 * as open, is asked about, and is never sent again. An event that a state does not allow changes nothing.
 *
 * Ids are epoch << 32 | counter: a restart with a later epoch never repeats one. The place of an order is its counter
 * modulo the capacity, so finding it is one compare; a counter whose place holds a live order is skipped. An order that
 * ended stays findable until its place is needed: a late fill still finds it.
 *
 * Fills are idempotent, in whatever order they are told. The cumulative quantity that comes with each says which part
 * of the order it fills, and the parts of an order's fills lie side by side: once as much is booked as the largest one
 * says, everything below it is, and what lies there is a duplicate for good. Above that, execution ids tell. A part
 * that is missing makes the order UNKNOWN until a query has told.
 */
#ifndef LLT_ORDERS_H
#define LLT_ORDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define LLT_ORDERS_EXECUTIONS 4096 /* execution ids remembered; a power of two */

typedef enum {
    LLT_ORDER_NONE,
    LLT_ORDER_PENDING_NEW,
    LLT_ORDER_OPEN,
    LLT_ORDER_PARTIAL,
    LLT_ORDER_PENDING_CANCEL,
    LLT_ORDER_UNKNOWN,
    LLT_ORDER_FILLED, /* from here on it has ended */
    LLT_ORDER_CANCELED,
    LLT_ORDER_REJECTED,
    LLT_ORDER_EXPIRED,
    LLT_ORDER_STATES
} llt_order_state;

typedef enum {
    LLT_ORDER_ON_ACCEPTED,        /* the exchange has it on its book */
    LLT_ORDER_ON_REJECTED,        /* the exchange refused it */
    LLT_ORDER_ON_CANCEL_SENT,     /* a cancel was sent */
    LLT_ORDER_ON_CANCELED,        /* the exchange took it off */
    LLT_ORDER_ON_CANCEL_REJECTED, /* it stays */
    LLT_ORDER_ON_EXPIRED,         /* the exchange ended it by its time in force */
    LLT_ORDER_ON_LOST,            /* no answer came, or one that says nothing */
    LLT_ORDER_ON_NOT_FOUND,       /* asked, the exchange does not know it */
    LLT_ORDER_EVENTS
} llt_order_event;

typedef enum {
    LLT_FILL_BOOKED,
    LLT_FILL_DUPLICATE, /* booked before */
    LLT_FILL_OVER,      /* booked, and beyond the order's quantity: somebody is wrong */
    LLT_FILL_LATE       /* booked, and the order had ended */
} llt_fill_status;

typedef struct {
    uint64_t id;
    int64_t price;
    int64_t quantity;
    int64_t filled;
    int64_t settled;  /* every fill up to here is booked */
    int64_t told;     /* the largest cumulative quantity that came with a fill */
    int64_t since_ns; /* of the last request that has no answer yet */
    uint32_t side;
    uint32_t state;
} llt_order;

_Static_assert(sizeof(llt_order) == 64, "a line, and no padding to copy by accident");

typedef struct {
    llt_order *slots;
    uint64_t *executions; /* by the low bits of a mix of the id: a newer one takes the place of an older one */
    uint64_t mask;
    uint64_t epoch;
    uint64_t counter;
    uint64_t live;
    uint64_t unknown;
    uint64_t illegal;    /* events that their state did not allow */
    uint64_t duplicates; /* fills that had been booked */
    uint64_t late;       /* fills of orders that had ended */
} llt_orders;

/* `capacity` is a power of two. -1 when memory is not to be had; nothing to destroy then. */
static inline int llt_orders_init(llt_orders *orders, size_t capacity, uint32_t epoch) {
    *orders = (llt_orders){.mask = capacity - 1, .epoch = (uint64_t)epoch << 32};
    orders->slots = (llt_order *)calloc(capacity, sizeof *orders->slots);
    orders->executions = (uint64_t *)calloc(LLT_ORDERS_EXECUTIONS, sizeof *orders->executions);
    if (orders->slots == NULL || orders->executions == NULL) {
        free(orders->slots);
        free(orders->executions);
        return -1;
    }
    return 0;
}

static inline void llt_orders_destroy(llt_orders *orders) {
    free(orders->slots);
    free(orders->executions);
}

static inline bool llt_order_is_live(const llt_order *order) {
    return order->state != LLT_ORDER_NONE && order->state < LLT_ORDER_FILLED;
}

static inline int64_t llt_order_left(const llt_order *order) { return order->quantity - order->filled; }

/* The id of the next order, 0 when every place holds a live one (or the counter of this epoch is used up). */
static inline uint64_t llt_orders_next_id(const llt_orders *orders) {
    for (uint64_t counter = orders->counter + 1; counter <= orders->counter + orders->mask + 1; counter++) {
        if (!llt_order_is_live(&orders->slots[counter & orders->mask])) {
            return counter <= UINT32_MAX ? orders->epoch | counter : 0;
        }
    }
    return 0;
}

/* Writes down an order that is about to be sent under `id`, which llt_orders_next_id gave. */
static inline llt_order *llt_orders_add(llt_orders *orders, uint64_t id, uint32_t side, int64_t price,
                                        int64_t quantity, int64_t now_ns) {
    orders->counter = id & UINT32_MAX;
    llt_order *order = &orders->slots[orders->counter & orders->mask];
    *order = (llt_order){.id = id, .price = price, .quantity = quantity, .since_ns = now_ns, .side = side,
                         .state = LLT_ORDER_PENDING_NEW};
    orders->live++;
    return order;
}

/* The order of this id, live or ended; NULL when it is not here (any more). */
static inline llt_order *llt_orders_find(const llt_orders *orders, uint64_t id) {
    llt_order *order = &orders->slots[id & orders->mask];
    return order->id == id && order->state != LLT_ORDER_NONE ? order : NULL;
}

/* What a state becomes; LLT_ORDER_NONE where the event is not allowed. OPEN stands for "as far as it is filled". */
static const uint8_t llt_order_becomes[LLT_ORDER_STATES][LLT_ORDER_EVENTS] = {
    [LLT_ORDER_PENDING_NEW] = {[LLT_ORDER_ON_ACCEPTED] = LLT_ORDER_OPEN,
                               [LLT_ORDER_ON_REJECTED] = LLT_ORDER_REJECTED,
                               [LLT_ORDER_ON_CANCEL_SENT] = LLT_ORDER_PENDING_CANCEL,
                               [LLT_ORDER_ON_CANCELED] = LLT_ORDER_CANCELED,
                               [LLT_ORDER_ON_EXPIRED] = LLT_ORDER_EXPIRED,
                               [LLT_ORDER_ON_LOST] = LLT_ORDER_UNKNOWN},
    [LLT_ORDER_OPEN] = {[LLT_ORDER_ON_ACCEPTED] = LLT_ORDER_OPEN,
                        [LLT_ORDER_ON_CANCEL_SENT] = LLT_ORDER_PENDING_CANCEL,
                        [LLT_ORDER_ON_CANCELED] = LLT_ORDER_CANCELED,
                        [LLT_ORDER_ON_EXPIRED] = LLT_ORDER_EXPIRED,
                        [LLT_ORDER_ON_LOST] = LLT_ORDER_UNKNOWN},
    [LLT_ORDER_PARTIAL] = {[LLT_ORDER_ON_ACCEPTED] = LLT_ORDER_OPEN,
                           [LLT_ORDER_ON_CANCEL_SENT] = LLT_ORDER_PENDING_CANCEL,
                           [LLT_ORDER_ON_CANCELED] = LLT_ORDER_CANCELED,
                           [LLT_ORDER_ON_EXPIRED] = LLT_ORDER_EXPIRED,
                           [LLT_ORDER_ON_LOST] = LLT_ORDER_UNKNOWN},
    /* An order may be refused, or accepted, after its cancel was sent: the requests crossed the answers. */
    [LLT_ORDER_PENDING_CANCEL] = {[LLT_ORDER_ON_ACCEPTED] = LLT_ORDER_PENDING_CANCEL,
                                  [LLT_ORDER_ON_REJECTED] = LLT_ORDER_REJECTED,
                                  [LLT_ORDER_ON_CANCEL_SENT] = LLT_ORDER_PENDING_CANCEL,
                                  [LLT_ORDER_ON_CANCELED] = LLT_ORDER_CANCELED,
                                  [LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_OPEN,
                                  [LLT_ORDER_ON_EXPIRED] = LLT_ORDER_EXPIRED,
                                  [LLT_ORDER_ON_LOST] = LLT_ORDER_UNKNOWN,
                                  [LLT_ORDER_ON_NOT_FOUND] = LLT_ORDER_UNKNOWN},
    /* A cancel may be sent for what may be there; only the exchange's word ends it. */
    [LLT_ORDER_UNKNOWN] = {[LLT_ORDER_ON_ACCEPTED] = LLT_ORDER_OPEN,
                           [LLT_ORDER_ON_REJECTED] = LLT_ORDER_REJECTED,
                           [LLT_ORDER_ON_CANCEL_SENT] = LLT_ORDER_UNKNOWN,
                           [LLT_ORDER_ON_CANCELED] = LLT_ORDER_CANCELED,
                           [LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_UNKNOWN,
                           [LLT_ORDER_ON_EXPIRED] = LLT_ORDER_EXPIRED,
                           [LLT_ORDER_ON_LOST] = LLT_ORDER_UNKNOWN,
                           [LLT_ORDER_ON_NOT_FOUND] = LLT_ORDER_REJECTED},
    /* A cancel that came too late is refused. */
    [LLT_ORDER_FILLED] = {[LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_FILLED},
    [LLT_ORDER_CANCELED] = {[LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_CANCELED},
    [LLT_ORDER_REJECTED] = {[LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_REJECTED},
    [LLT_ORDER_EXPIRED] = {[LLT_ORDER_ON_CANCEL_REJECTED] = LLT_ORDER_EXPIRED},
};

static inline void llt_orders_enter(llt_orders *orders, llt_order *order, uint32_t state) {
    orders->unknown -= order->state == LLT_ORDER_UNKNOWN;
    orders->unknown += state == LLT_ORDER_UNKNOWN;
    orders->live -= llt_order_is_live(order) && state >= LLT_ORDER_FILLED;
    order->state = state;
}

/* False, and counted, when the state does not allow it: nothing changes then. */
static inline bool llt_orders_on(llt_orders *orders, llt_order *order, llt_order_event event, int64_t now_ns) {
    uint32_t next = llt_order_becomes[order->state][event];
    if (next == LLT_ORDER_NONE) {
        orders->illegal++;
        return false;
    }
    if (event == LLT_ORDER_ON_CANCEL_SENT || event == LLT_ORDER_ON_LOST) {
        order->since_ns = now_ns;
    }
    llt_orders_enter(orders, order, next == LLT_ORDER_OPEN && order->filled != 0 ? LLT_ORDER_PARTIAL : next);
    return true;
}

/* Whether this execution was seen before; remembers it. Id 0 is not one. */
static inline bool llt_orders_seen(llt_orders *orders, uint64_t execution_id) {
    uint64_t mixed = execution_id * 0x9e3779b97f4a7c15ull; /* golden ratio: neighbours go to places far apart */
    uint64_t *place = &orders->executions[(mixed >> 32) & (LLT_ORDERS_EXECUTIONS - 1)];
    if (execution_id != 0 && *place == execution_id) {
        return true;
    }
    *place = execution_id;
    return false;
}

/* Books a fill of `quantity` above 0; `cumulative` is what the exchange says is filled with it. */
static inline llt_fill_status llt_orders_fill(llt_orders *orders, llt_order *order, uint64_t execution_id,
                                              int64_t quantity, int64_t cumulative, int64_t now_ns) {
    if (llt_orders_seen(orders, execution_id) || cumulative <= order->settled) {
        orders->duplicates++;
        return LLT_FILL_DUPLICATE;
    }
    bool was_live = llt_order_is_live(order);
    if (__builtin_add_overflow(order->filled, quantity, &order->filled)) {
        order->filled = INT64_MAX; /* beyond any order's quantity, which is what matters */
    }
    order->told = cumulative > order->told ? cumulative : order->told;
    if (order->filled == order->told) {
        order->settled = order->filled;
    }
    if (!was_live) {
        orders->late++;
    } else if (order->filled >= order->quantity) {
        llt_orders_enter(orders, order, LLT_ORDER_FILLED);
    } else if (order->filled != order->told) {
        llt_orders_on(orders, order, LLT_ORDER_ON_LOST, now_ns);
    } else if (order->state == LLT_ORDER_PENDING_NEW || order->state == LLT_ORDER_OPEN) {
        llt_orders_enter(orders, order, LLT_ORDER_PARTIAL);
    }
    return order->filled > order->quantity ? LLT_FILL_OVER : was_live ? LLT_FILL_BOOKED : LLT_FILL_LATE;
}

/* Whether the exchange owes an answer. */
static inline bool llt_order_waits(const llt_order *order) {
    return order->state == LLT_ORDER_PENDING_NEW || order->state == LLT_ORDER_PENDING_CANCEL ||
           order->state == LLT_ORDER_UNKNOWN;
}

/* The next live order at or after place `*at` whose request has had no answer for `limit_ns`, or that is unknown and
 * was last asked about as long ago; NULL when there is none. `*at` starts at 0 and is moved on. */
static inline llt_order *llt_orders_overdue(const llt_orders *orders, uint64_t *at, int64_t now_ns, int64_t limit_ns) {
    while (*at <= orders->mask) {
        llt_order *order = &orders->slots[(*at)++];
        if (llt_order_waits(order) && now_ns - order->since_ns >= limit_ns) {
            return order;
        }
    }
    return NULL;
}

#endif

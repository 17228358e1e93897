/* Order router of one instrument: the one way by which an order leaves. One thread owns it.
 *
 * An order passes the sixteen checks of llt_risk.h, those below that need what only the router knows (own orders, money,
 * the state of the book), and the kill switch, in this order, the switch last: nothing stands between its word and the
 * send. All checks are made, each failed one is a bit and a counter of its own.
 *
 *   llt_router_submit ─> order: serialise, send, llt_router_sent        or NULL and the bits that say why not
 *   llt_router_on, llt_router_fill                                      what the exchange says, booked everywhere
 *
 * Open quantity counts as filled in the risk check until the exchange says that it ended, so an order whose state is
 * unknown keeps its room: limits hold in the worst case.
 */
#ifndef LLT_ROUTER_H
#define LLT_ROUTER_H

#include "llt_account.h"
#include "llt_kill_switch.h"
#include "llt_orders.h"
#include "llt_risk.h"

#define LLT_ROUTER_RECENT 8        /* orders that a duplicate is compared with; a power of two */
#define LLT_ROUTER_FEW_ORDERS 32   /* below it neither an average size nor a ratio of cancels means anything */
#define LLT_ROUTER_DENIALS 32

enum {
    LLT_DENIED_KILLED = 1 << 16,       /* the kill switch is tripped */
    LLT_DENIED_BOOK = 1 << 17,         /* the book is not live */
    LLT_DENIED_RESTRICTED = 1 << 18,   /* the symbol is not to be traded */
    LLT_DENIED_MIN_QUANTITY = 1 << 19, /* below the smallest order */
    LLT_DENIED_MIN_NOTIONAL = 1 << 20, /* price times quantity below the smallest order */
    LLT_DENIED_BURST = 1 << 21,        /* too many orders within the long window */
    LLT_DENIED_CANCELS = 1 << 22,      /* too many cancels for so many orders */
    LLT_DENIED_DUPLICATE = 1 << 23,    /* the same order was sent a moment ago */
    LLT_DENIED_SELF_CROSS = 1 << 24,   /* it would trade with an own order */
    LLT_DENIED_LOSS = 1 << 25,         /* too much was lost, or given back of what was won */
    LLT_DENIED_FAT_FINGER = 1 << 26,   /* far above the average size */
    LLT_DENIED_UNKNOWN = 1 << 27,      /* the state of an own order is not known */
    LLT_DENIED_TABLE = 1 << 28         /* no room to write it down */
};

typedef struct {
    int64_t min_quantity;
    llt_int128 min_notional;
    llt_int128 max_loss;     /* below 0 worth */
    llt_int128 max_drawdown; /* below the peak */
    int64_t duplicate_window_ns;
    int64_t burst_window_ns;
    int64_t max_size_multiple;   /* of the average of accepted orders */
    int64_t max_cancels_percent; /* of orders */
} llt_router_limits;

typedef struct {
    int64_t sent_ns;
    int64_t price;
    int64_t quantity;
    int64_t side;
} llt_router_recent;

typedef struct {
    llt_kill_switch *kill;
    llt_risk *risk;
    llt_router_limits limits;
    llt_orders orders;
    llt_account account;
    int64_t best_open[2]; /* highest own bid, lowest own ask: INT64_MIN and INT64_MAX without */
    int64_t live;         /* the book is */
    int64_t restricted;
    int64_t average_quantity; /* exponential, of 1/16 */
    uint64_t accepted;
    uint64_t cancels;
    uint64_t overfills;
    uint64_t burst; /* orders within the long window */
    int64_t *burst_ns;
    llt_router_recent recent[LLT_ROUTER_RECENT];
    uint64_t denied[LLT_ROUTER_DENIALS];
} llt_router;

static inline void llt_router_forget_best(llt_router *router, uint32_t side) {
    router->best_open[side] = side == 0 ? INT64_MIN : INT64_MAX;
}

/* `capacity` (a power of two) orders are known, `burst` above 0 leave within the long window. -1 without memory. */
static inline int llt_router_init(llt_router *router, llt_risk *risk, llt_kill_switch *kill,
                                  const llt_router_limits *limits, size_t capacity, size_t burst, uint32_t epoch) {
    *router = (llt_router){.kill = kill, .risk = risk, .limits = *limits, .burst = burst};
    router->burst_ns = (int64_t *)malloc(burst * sizeof *router->burst_ns);
    if (router->burst_ns == NULL) {
        return -1;
    }
    if (llt_orders_init(&router->orders, capacity, epoch) != 0) {
        free(router->burst_ns);
        router->burst_ns = NULL;
        return -1;
    }
    for (size_t i = 0; i < burst; i++) {
        router->burst_ns[i] = INT64_MIN / 2; /* long ago */
    }
    for (size_t i = 0; i < LLT_ROUTER_RECENT; i++) {
        router->recent[i].sent_ns = INT64_MIN / 2;
        router->recent[i].side = -1;
    }
    llt_router_forget_best(router, 0);
    llt_router_forget_best(router, 1);
    return 0;
}

static inline void llt_router_destroy(llt_router *router) {
    free(router->burst_ns);
    llt_orders_destroy(&router->orders);
}

static inline bool llt_router_is_duplicate(const llt_router *router, uint32_t side, int64_t price, int64_t quantity,
                                           int64_t now_ns) {
    int found = 0;
    for (size_t i = 0; i < LLT_ROUTER_RECENT; i++) {
        const llt_router_recent *recent = &router->recent[i];
        found |= (recent->side == (int64_t)side) & (recent->price == price) & (recent->quantity == quantity) &
                 (now_ns - recent->sent_ns < router->limits.duplicate_window_ns);
    }
    return found != 0;
}

/* Whether the account lost more than it may at the reference price. */
static inline bool llt_router_has_lost(llt_router *router) {
    int64_t price = router->risk->reference_price;
    llt_int128 drawdown = llt_account_mark(&router->account, price);
    return (drawdown > router->limits.max_drawdown) |
           (-llt_account_worth(&router->account, price) > router->limits.max_loss);
}

/* The bits of every check that fails but the kill switch. */
static inline uint32_t llt_router_check(llt_router *router, const llt_risk_order *order, int64_t now_ns) {
    const llt_router_limits *limits = &router->limits;
    int64_t quantity = order->quantity, price = order->price;
    int settled = router->accepted >= LLT_ROUTER_FEW_ORDERS;
    int crosses = order->side == 0 ? price >= router->best_open[1] : price <= router->best_open[0];
    return llt_risk_check(router->risk, order, now_ns) | LLT_RISK_BIT(router->live == 0, LLT_DENIED_BOOK) |
           LLT_RISK_BIT(router->restricted != 0, LLT_DENIED_RESTRICTED) |
           LLT_RISK_BIT(quantity < limits->min_quantity, LLT_DENIED_MIN_QUANTITY) |
           LLT_RISK_BIT((llt_int128)price * quantity < limits->min_notional, LLT_DENIED_MIN_NOTIONAL) |
           LLT_RISK_BIT(now_ns - router->burst_ns[router->accepted % router->burst] < limits->burst_window_ns,
                        LLT_DENIED_BURST) |
           LLT_RISK_BIT(settled & ((llt_int128)router->cancels * 100 >
                                   (llt_int128)router->accepted * limits->max_cancels_percent),
                        LLT_DENIED_CANCELS) |
           LLT_RISK_BIT(llt_router_is_duplicate(router, order->side, price, quantity, now_ns), LLT_DENIED_DUPLICATE) |
           LLT_RISK_BIT(crosses, LLT_DENIED_SELF_CROSS) | LLT_RISK_BIT(llt_router_has_lost(router), LLT_DENIED_LOSS) |
           LLT_RISK_BIT(settled & (quantity > (llt_int128)router->average_quantity * limits->max_size_multiple),
                        LLT_DENIED_FAT_FINGER) |
           LLT_RISK_BIT(router->orders.unknown != 0, LLT_DENIED_UNKNOWN) |
           LLT_RISK_BIT(order->order_id == 0, LLT_DENIED_TABLE);
}

static inline void llt_router_count(llt_router *router, uint32_t denied) {
    while (denied != 0) {
        router->denied[__builtin_ctz(denied)]++;
        denied &= denied - 1;
    }
}

/* Books an order that passed every check. */
static inline llt_order *llt_router_accept(llt_router *router, const llt_risk_order *wanted, int64_t now_ns) {
    uint32_t side = wanted->side;
    int64_t price = wanted->price, quantity = wanted->quantity;
    llt_risk_accept(router->risk, wanted, now_ns);
    router->burst_ns[router->accepted % router->burst] = now_ns;
    router->recent[router->accepted & (LLT_ROUTER_RECENT - 1)] = (llt_router_recent){now_ns, price, quantity, side};
    router->average_quantity += router->accepted == 0 ? quantity : (quantity - router->average_quantity) / 16;
    router->accepted++;
    if (side == 0 ? price > router->best_open[0] : price < router->best_open[1]) {
        router->best_open[side] = price;
    }
    return llt_orders_add(&router->orders, wanted->order_id, side, price, quantity, now_ns);
}

/* An order that must be sent now, llt_router_sent after it; or NULL, and in `*denied` why. */
static inline llt_order *llt_router_submit(llt_router *router, uint32_t side, int64_t price, int64_t quantity,
                                           int64_t now_ns, uint32_t *denied) {
    llt_risk_order wanted = {llt_orders_next_id(&router->orders), price, quantity, side};
    *denied = llt_router_check(router, &wanted, now_ns);
    if (__builtin_expect(*denied != 0, 0) || !llt_kill_may_send(router->kill)) {
        *denied |= LLT_RISK_BIT(llt_kill_source(router->kill) != LLT_KILL_NONE, LLT_DENIED_KILLED);
        llt_router_count(router, *denied);
        return NULL;
    }
    return llt_router_accept(router, &wanted, now_ns);
}

/* The same for an order that another thread sends, the one sender then: it asks llt_kill_may_send, and must not send
 * when that says no. */
static inline llt_order *llt_router_hand_over(llt_router *router, uint32_t side, int64_t price, int64_t quantity,
                                              int64_t now_ns, uint32_t *denied) {
    llt_risk_order wanted = {llt_orders_next_id(&router->orders), price, quantity, side};
    *denied = llt_router_check(router, &wanted, now_ns) |
              LLT_RISK_BIT(llt_kill_source(router->kill) != LLT_KILL_NONE, LLT_DENIED_KILLED);
    if (__builtin_expect(*denied != 0, 0)) {
        llt_router_count(router, *denied);
        return NULL;
    }
    return llt_router_accept(router, &wanted, now_ns);
}

/* The order that llt_router_submit gave has left, or failed to (then LLT_ORDER_ON_LOST follows). */
static inline void llt_router_sent(llt_router *router) { llt_kill_sent(router->kill); }

/* An order has ended: its room in the limits is free, and another own order may be the best one now. */
static inline void llt_router_ended(llt_router *router, const llt_order *order) {
    int64_t left = llt_order_left(order);
    if (left > 0) {
        llt_risk_reduce(router->risk, order->side, order->price, left, 0);
    }
    llt_risk_close(router->risk);
    if (order->price != router->best_open[order->side]) {
        return;
    }
    llt_router_forget_best(router, order->side);
    for (uint64_t at = 0; at <= router->orders.mask; at++) {
        const llt_order *other = &router->orders.slots[at];
        if (llt_order_is_live(other) && other->side == order->side &&
            (order->side == 0 ? other->price > router->best_open[0] : other->price < router->best_open[1])) {
            router->best_open[order->side] = other->price;
        }
    }
}

/* What happened to an order, but for fills. False when there is no such order, or its state does not allow it. */
static inline bool llt_router_on(llt_router *router, uint64_t id, llt_order_event event, int64_t now_ns) {
    llt_order *order = llt_orders_find(&router->orders, id);
    if (order == NULL) {
        router->orders.illegal++;
        return false;
    }
    bool was_live = llt_order_is_live(order);
    if (!llt_orders_on(&router->orders, order, event, now_ns)) {
        return false;
    }
    router->cancels += event == LLT_ORDER_ON_CANCEL_SENT;
    if (was_live && !llt_order_is_live(order)) {
        llt_router_ended(router, order);
    }
    return true;
}

/* A fill of `quantity` above 0 at `price`. Booked once, whatever the order's state; false when it is no own order. */
static inline bool llt_router_fill(llt_router *router, uint64_t id, uint64_t execution_id, int64_t price,
                                   int64_t quantity, int64_t cumulative, llt_int128 fee, int64_t now_ns) {
    llt_order *order = llt_orders_find(&router->orders, id);
    if (order == NULL) {
        router->orders.illegal++;
        return false;
    }
    bool was_live = llt_order_is_live(order);
    int64_t open = was_live ? llt_order_left(order) : 0;
    llt_fill_status status =
        llt_orders_fill(&router->orders, order, execution_id, quantity, cumulative, now_ns);
    if (status == LLT_FILL_DUPLICATE) {
        return true;
    }
    int64_t expected = quantity < open ? quantity : open;
    llt_risk_reduce(router->risk, order->side, order->price, expected, 1);
    router->risk->position += order->side == 0 ? quantity - expected : expected - quantity;
    llt_account_fill(&router->account, order->side, price, quantity, fee);
    router->overfills += status == LLT_FILL_OVER;
    if (was_live && !llt_order_is_live(order)) {
        llt_router_ended(router, order);
    }
    return true;
}

/* Trips the switch for a loss, for data older than `stale_ns`, for a supervisor silent for `silence_ns`; called
 * regularly, also when nothing arrives. Whether the switch is tripped. */
static inline bool llt_router_watch(llt_router *router, int64_t now_ns, int64_t stale_ns, int64_t silence_ns) {
    if (router->account.fills != 0 && llt_router_has_lost(router)) {
        llt_kill_trip(router->kill, LLT_KILL_LOSS, (uint64_t)now_ns);
    }
    if (router->risk->reference_price != 0 && now_ns - router->risk->reference_ns > stale_ns) {
        llt_kill_trip(router->kill, LLT_KILL_STALE, (uint64_t)now_ns);
    }
    return llt_kill_watch(router->kill, (uint64_t)now_ns, (uint64_t)silence_ns);
}

#endif

/* Order management of one instrument: what is wanted passes the circuit breaker and the router, what the exchange says
 * of it is booked and judged by the breaker, and both are logged. One thread owns it.
 *
 * Breaker and log are left out where they are NULL, as in a benchmark of the stages alone.
 */
#ifndef LLT_ORDER_MANAGER_H
#define LLT_ORDER_MANAGER_H

#include "llt_breaker.h"
#include "llt_log.h"
#include "llt_router.h"
#include "llt_strategy.h"

/* Texts of the log, in this order. The first argument of each is the instrument's number. */
enum {
    LLT_LOG_ORDER,
    LLT_LOG_DENIED,
    LLT_LOG_FILL,
    LLT_LOG_REPORT,
    LLT_LOG_STATE,
    LLT_LOG_CONTRADICTION
};

typedef struct {
    llt_router *router;
    llt_breaker *breaker;
    llt_log *log;
    uint64_t *tokens; /* of the breaker, by the place of the order */
    int64_t number;   /* of the instrument, from 0 */
    uint32_t last_denied;
    uint64_t held_by_breaker;
} llt_order_manager;

/* llt_router_submit where the same thread sends, llt_router_hand_over where another one does. */
typedef llt_order *llt_submit(llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns,
                              uint32_t *denied);

/* `breaker` and `log` may be NULL. -1 without memory. */
static inline int llt_manager_init(llt_order_manager *manager, llt_router *router, llt_breaker *breaker, llt_log *log,
                                   int64_t number) {
    *manager = (llt_order_manager){.router = router, .breaker = breaker, .log = log, .number = number};
    manager->tokens = (uint64_t *)calloc(router->orders.mask + 1, sizeof *manager->tokens);
    return manager->tokens == NULL ? -1 : 0;
}

static inline void llt_manager_destroy(llt_order_manager *manager) { free(manager->tokens); }

static inline void llt_manager_log(llt_order_manager *manager, uint32_t event, int64_t a, int64_t b, int64_t c,
                                   int64_t d) {
    if (manager->log == NULL) {
        return;
    }
    const int64_t arguments[LLT_LOG_ARGUMENTS] = {manager->number, a, b, c, d};
    llt_log_write(manager->log, event, 0, arguments, LLT_LOG_ARGUMENTS);
}

/* An answer of the exchange, or its absence, is what the breaker judges by. */
static inline void llt_manager_judge(llt_order_manager *manager, uint64_t id, bool good, int64_t now_ns) {
    if (manager->breaker == NULL) {
        return;
    }
    uint64_t *token = &manager->tokens[id & manager->router->orders.mask];
    if (*token != LLT_BREAKER_REFUSED) {
        if (good) {
            llt_breaker_success(manager->breaker, *token);
        } else {
            llt_breaker_failure(manager->breaker, *token, (uint64_t)now_ns);
        }
        *token = LLT_BREAKER_REFUSED;
    }
}

/* What the exchange says of an order, but for fills. */
static inline bool llt_manager_on(llt_order_manager *manager, uint64_t id, llt_order_event event, int64_t now_ns) {
    llt_manager_log(manager, LLT_LOG_REPORT, (int64_t)id, (int64_t)event, 0, 0);
    if (event == LLT_ORDER_ON_REJECTED || event == LLT_ORDER_ON_LOST || event == LLT_ORDER_ON_NOT_FOUND) {
        llt_manager_judge(manager, id, false, now_ns);
    } else if (event != LLT_ORDER_ON_CANCEL_SENT) {
        llt_manager_judge(manager, id, true, now_ns);
    }
    return llt_router_on(manager->router, id, event, now_ns);
}

static inline bool llt_manager_fill(llt_order_manager *manager, uint64_t id, uint64_t execution_id, int64_t price,
                                    int64_t quantity, int64_t cumulative, llt_int128 fee, int64_t now_ns) {
    llt_manager_log(manager, LLT_LOG_FILL, (int64_t)id, price, quantity, (int64_t)execution_id);
    llt_manager_judge(manager, id, true, now_ns);
    return llt_router_fill(manager->router, id, execution_id, price, quantity, cumulative, fee, now_ns);
}

/* The order that must be sent, by `submit`, a constant where this is called; NULL when it was held back. */
static inline __attribute__((always_inline)) llt_order *llt_manager_submit(llt_order_manager *manager,
                                                                           const llt_wish *wanted, int64_t now_ns,
                                                                           llt_submit *submit) {
    uint32_t denied;
    uint64_t token = LLT_BREAKER_REFUSED;
    if (manager->breaker != NULL) {
        token = llt_breaker_allow(manager->breaker, (uint64_t)now_ns);
        if (token == LLT_BREAKER_REFUSED) {
            manager->held_by_breaker++;
            return NULL;
        }
    }
    llt_order *order =
        submit(manager->router, (uint32_t)wanted->side, wanted->price, wanted->quantity, now_ns, &denied);
    if (order == NULL) {
        if (denied != manager->last_denied) {
            llt_manager_log(manager, LLT_LOG_DENIED, (int64_t)denied, wanted->side, wanted->price, wanted->quantity);
            manager->last_denied = denied;
        }
        return NULL;
    }
    manager->last_denied = 0;
    if (manager->breaker != NULL) {
        manager->tokens[order->id & manager->router->orders.mask] = token;
    }
    return order;
}

#endif

/* First in, first out: the queue of one level, linked through the orders' own records. */
#ifndef LLT_L3_QUEUE_H
#define LLT_L3_QUEUE_H

#include <stdint.h>

#include "llt_l3_levels.h"
#include "llt_l3_order.h"

/* What says which order comes first, or after `previous`; and before which one, or last. */
static inline uint32_t *llt_l3_queue_next(const llt_l3_orders *orders, llt_l3_level *level, uint32_t previous) {
    return previous != 0 ? &llt_l3_orders_at(orders, previous)->next : &level->head;
}

static inline uint32_t *llt_l3_queue_previous(const llt_l3_orders *orders, llt_l3_level *level, uint32_t next) {
    return next != 0 ? &llt_l3_orders_full(orders, next)->previous : &level->tail;
}

/* At the back. */
static inline void llt_l3_queue_push(const llt_l3_orders *orders, llt_l3_level *level, uint32_t number) {
    llt_l3_full_order *order = llt_l3_orders_full(orders, number);
    order->order.next = 0;
    order->previous = level->tail;
    *llt_l3_queue_next(orders, level, level->tail) = number;
    level->tail = number;
}

static inline void llt_l3_queue_remove(const llt_l3_orders *orders, llt_l3_level *level, uint32_t number) {
    const llt_l3_full_order *order = llt_l3_orders_full(orders, number);
    *llt_l3_queue_next(orders, level, order->previous) = order->order.next;
    *llt_l3_queue_previous(orders, level, order->order.next) = order->previous;
}

/* An order's record has another number: its neighbours learn it. */
static inline void llt_l3_queue_renumber(const llt_l3_orders *orders, llt_l3_level *level, uint32_t number) {
    const llt_l3_full_order *order = llt_l3_orders_full(orders, number);
    *llt_l3_queue_next(orders, level, order->previous) = number;
    *llt_l3_queue_previous(orders, level, order->order.next) = number;
}

#endif

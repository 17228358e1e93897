/* First in, first out: the queue of one level, linked through the orders' own records. */
#ifndef LLT_L3_QUEUE_H
#define LLT_L3_QUEUE_H

#include <stdint.h>

#include "llt_l3_levels.h"
#include "llt_l3_order.h"

/* What says which order comes first, or after `previous`; and before which one, or last. */
static inline uint32_t *llt_l3_queue_next(const llt_l3_orders *orders, llt_l3_ends *ends, uint32_t previous) {
    return previous != 0 ? &llt_l3_orders_links(orders, previous)->next : &ends->front;
}

static inline uint32_t *llt_l3_queue_previous(const llt_l3_orders *orders, llt_l3_ends *ends, uint32_t next) {
    return next != 0 ? &llt_l3_orders_links(orders, next)->previous : &ends->back;
}

/* At the back. */
static inline void llt_l3_queue_push(const llt_l3_orders *orders, llt_l3_ends *ends, uint32_t number) {
    *llt_l3_orders_links(orders, number) = (llt_l3_links){.next = 0, .previous = ends->back};
    *llt_l3_queue_next(orders, ends, ends->back) = number;
    ends->back = number;
}

static inline void llt_l3_queue_remove(const llt_l3_orders *orders, llt_l3_ends *ends, uint32_t number) {
    const llt_l3_links *links = llt_l3_orders_links(orders, number);
    *llt_l3_queue_next(orders, ends, links->previous) = links->next;
    *llt_l3_queue_previous(orders, ends, links->next) = links->previous;
}

/* An order's record has another number: its neighbours learn it. */
static inline void llt_l3_queue_renumber(const llt_l3_orders *orders, llt_l3_ends *ends, uint32_t number) {
    const llt_l3_links *links = llt_l3_orders_links(orders, number);
    *llt_l3_queue_next(orders, ends, links->previous) = number;
    *llt_l3_queue_previous(orders, ends, links->next) = number;
}

#endif

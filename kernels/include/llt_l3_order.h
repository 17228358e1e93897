/* One order of an L3 book, and the array of them: records that are known by their number.
 *
 * A record has 16 bytes, four a line: quantity, number of its level, a link. Where queues or ids are kept it has 32, two
 * a line: the link back and the id. Numbers are of 32 bits, so that the array may move as it grows; 0 is nobody.
 */
#ifndef LLT_L3_ORDER_H
#define LLT_L3_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_large.h"
#include "llt_price_index.h"

typedef struct {
    uint64_t quantity;
    uint32_t level; /* LLT_NO_LEVEL: not live */
    uint32_t next;  /* towards the back of the queue */
} llt_l3_order;

typedef struct {
    llt_l3_order order;
    uint64_t id;
    uint32_t previous;
    uint32_t reserved;
} llt_l3_full_order;

_Static_assert(sizeof(llt_l3_order) == 16 && sizeof(llt_l3_full_order) == 32, "four and two a line");
_Static_assert(offsetof(llt_l3_full_order, order) == 0, "a full record starts as a short one");

typedef struct {
    void *memory;
    size_t capacity;
    size_t touched; /* dense ids: numbers from here on have not been used */
    unsigned shift; /* log2 of a record's size */
} llt_l3_orders;

#define LLT_ORDERS_STEP ((size_t)8 << 20)

static inline llt_l3_order *llt_l3_orders_at(const llt_l3_orders *orders, uint32_t number) {
    return (llt_l3_order *)(void *)((char *)orders->memory + ((size_t)number << orders->shift));
}

/* Where queues or ids are kept. */
static inline llt_l3_full_order *llt_l3_orders_full(const llt_l3_orders *orders, uint32_t number) {
    return (llt_l3_full_order *)orders->memory + number;
}

/* Records for numbers below `capacity`; the new ones are not live. False: no memory, nothing has changed. */
static inline bool llt_l3_orders_grow(llt_l3_orders *orders, size_t capacity) {
    void *memory = capacity > UINT32_MAX
                       ? NULL
                       : llt_large_grown(orders->memory, orders->capacity, capacity, (size_t)1 << orders->shift);
    if (memory == NULL) {
        return false;
    }
    orders->memory = memory;
    orders->capacity = capacity;
    return true;
}

static inline void llt_l3_orders_touch(const llt_l3_orders *orders, size_t first, size_t count) {
    llt_large_touch((char *)orders->memory + (first << orders->shift), count << orders->shift);
}

/* A record for a number that is not below `touched`: those that follow are touched with it, a quarter more or 8 MB, so
   that orders whose ids rise meet page faults seldom. False: no memory. */
static inline bool llt_l3_orders_reach(llt_l3_orders *orders, size_t number) {
    const size_t larger = orders->capacity + orders->capacity / 2;
    if (number >= orders->capacity &&
        !llt_l3_orders_grow(orders, larger > number && larger <= UINT32_MAX ? larger : number + 1)) {
        return false;
    }
    const size_t most = LLT_ORDERS_STEP >> orders->shift, quarter = orders->capacity / 4;
    const size_t step = quarter < most ? quarter : most, left = orders->capacity - number;
    /* What a far id skips is left alone. */
    const size_t from = number - orders->touched > step ? number : orders->touched;
    const size_t end = number + (step < left ? step + 1 : left);
    llt_l3_orders_touch(orders, from, end - from);
    orders->touched = end;
    return true;
}

/* Records of numbers from `first` to below `end` are not needed again. */
static inline void llt_l3_orders_drop(const llt_l3_orders *orders, uint32_t first, uint32_t end) {
    llt_large_drop(llt_l3_orders_at(orders, first), (size_t)(end - first) << orders->shift);
}

static inline void llt_l3_orders_destroy(llt_l3_orders *orders) {
    llt_large_free(orders->memory, orders->capacity, (size_t)1 << orders->shift);
}

#endif

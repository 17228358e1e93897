/* One order of an L3 book, and the array of them: records that are known by their number.
 *
 * Where the number says the id a record is as short as what is kept allows, since most operations wait for one, and the
 * more of them lie in a line, a page and a cache the less they wait: 12 bytes, quantity and number of the level, and 8
 * more for the links of a queue. Fields are aligned to four bytes; one record in eight, or four, lies in two lines. With
 * ids of their own records have 32 bytes, two a line. Numbers are of 32 bits, so that the array may move as it grows; 0
 * is nobody.
 */
#ifndef LLT_L3_ORDER_H
#define LLT_L3_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_large.h"
#include "llt_price_index.h"

typedef struct __attribute__((packed, aligned(4))) {
    uint64_t quantity;
    uint32_t level; /* LLT_NO_LEVEL: not live */
} llt_l3_order;

/* Behind the order, where queues are kept. */
typedef struct {
    uint32_t next; /* towards the back of the queue */
    uint32_t previous;
} llt_l3_links;

/* Where ids are kept. */
typedef struct {
    llt_l3_order order;
    llt_l3_links links;
    uint32_t reserved;
    uint64_t id;
} llt_l3_named_order;

_Static_assert(sizeof(llt_l3_order) == 12 && offsetof(llt_l3_named_order, links) == 12, "links follow the order");
_Static_assert(sizeof(llt_l3_named_order) == 32, "two a line");

typedef struct {
    char *memory;
    size_t size; /* of a record */
    size_t capacity;
    size_t touched; /* dense ids: numbers from here on have not been used */
} llt_l3_orders;

#define LLT_ORDERS_STEP ((size_t)8 << 20)

static inline size_t llt_l3_orders_size(bool queues, bool ids) {
    return ids ? sizeof(llt_l3_named_order) : sizeof(llt_l3_order) + (queues ? sizeof(llt_l3_links) : 0);
}

static inline llt_l3_order *llt_l3_orders_at(const llt_l3_orders *orders, uint32_t number) {
    return (llt_l3_order *)(void *)(orders->memory + number * orders->size);
}

static inline llt_l3_links *llt_l3_orders_links(const llt_l3_orders *orders, uint32_t number) {
    return (llt_l3_links *)(void *)(llt_l3_orders_at(orders, number) + 1);
}

static inline llt_l3_named_order *llt_l3_orders_named(const llt_l3_orders *orders, uint32_t number) {
    return (llt_l3_named_order *)(void *)orders->memory + number;
}

/* Records for numbers below `capacity`; the new ones are not live. False: no memory, nothing has changed. */
static inline bool llt_l3_orders_grow(llt_l3_orders *orders, size_t capacity) {
    char *memory = capacity > UINT32_MAX
                       ? NULL
                       : (char *)llt_large_grown(orders->memory, orders->capacity, capacity, orders->size);
    if (memory == NULL) {
        return false;
    }
    orders->memory = memory;
    orders->capacity = capacity;
    return true;
}

static inline void llt_l3_orders_touch(const llt_l3_orders *orders, size_t first, size_t count) {
    llt_large_touch(orders->memory + first * orders->size, count * orders->size);
}

/* A record for a number that is not below `touched`: those that follow are touched with it, a quarter more or 8 MB, so
   that orders whose ids rise meet page faults seldom. False: no memory. */
static inline bool llt_l3_orders_reach(llt_l3_orders *orders, size_t number) {
    const size_t larger = orders->capacity + orders->capacity / 2;
    if (number >= orders->capacity &&
        !llt_l3_orders_grow(orders, larger > number && larger <= UINT32_MAX ? larger : number + 1)) {
        return false;
    }
    const size_t most = LLT_ORDERS_STEP / orders->size, quarter = orders->capacity / 4;
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
    llt_large_drop(llt_l3_orders_at(orders, first), (size_t)(end - first) * orders->size);
}

static inline void llt_l3_orders_destroy(llt_l3_orders *orders) {
    llt_large_free(orders->memory, orders->capacity, orders->size);
}

#endif

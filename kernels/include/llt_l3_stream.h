/* A stream of operations on L3 books: with several in hand, the memory of those to come is under way. */
#ifndef LLT_L3_STREAM_H
#define LLT_L3_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "llt_arch.h"
#include "llt_l3_book.h"

enum { LLT_L3_ADD = 1, LLT_L3_REDUCE = 2, LLT_L3_CANCEL = 3, LLT_L3_REPLACE = 4, LLT_L3_EXECUTE = 5 };

/* One operation, 40 bytes. */
typedef struct {
    uint64_t id;
    uint64_t new_id;
    int64_t price;
    uint64_t quantity;
    uint8_t kind;
    uint8_t side; /* of an order that is added, as its book */
    uint8_t reserved[2];
    uint32_t book;
} llt_l3_operation;

_Static_assert(sizeof(llt_l3_operation) == 40, "no padding: the operation is also a NumPy dtype");

static inline llt_l3_status llt_l3_apply(llt_l3_book *book, const llt_l3_operation *operation) {
    switch (operation->kind) {
    case LLT_L3_ADD:
        if (operation->book >= book->books) {
            return LLT_L3_RANGE;
        }
        return llt_l3_add(book, operation->id, 2 * operation->book + (operation->side & 1), operation->price,
                          operation->quantity);
    case LLT_L3_CANCEL:
        return llt_l3_cancel(book, operation->id);
    case LLT_L3_REPLACE:
        return llt_l3_replace(book, operation->id, operation->new_id, operation->price, operation->quantity);
    default:
        return llt_l3_reduce(book, operation->id, operation->quantity);
    }
}

/* How many operations ahead memory is asked for: the chunk of any id, the order, then its level or a new one's. */
#define LLT_L3_AHEAD_ID 24
#define LLT_L3_AHEAD_ORDER 14
#define LLT_L3_AHEAD_LEVEL 5

/* Number of the record that the id will most likely be; 0 when it is none. No branch: what comes is hard to guess. */
static inline uint32_t llt_l3_guess(const llt_l3_book *book, uint64_t id) {
    if (book->hashed) {
        return llt_l3_table_guess(&book->table, id);
    }
    const uint64_t number = id - book->first_id + 1;
    return number < book->orders.capacity ? (uint32_t)number : 0;
}

static inline unsigned llt_l3_side_of(const llt_l3_book *book, const llt_l3_operation *operation) {
    return operation->book < book->books ? 2 * operation->book + (operation->side & 1) : 0;
}

static inline void llt_l3_prefetch(const llt_l3_book *book, const llt_l3_operation *operations, size_t left) {
    if (left > LLT_L3_AHEAD_ID) {
        const llt_l3_operation *next = &operations[LLT_L3_AHEAD_ID];
        llt_prefetch(&book->levels.sides[llt_l3_side_of(book, next)]);
        if (book->hashed) {
            llt_l3_table_prefetch(&book->table, &book->orders, next->id);
        }
    }
    if (left > LLT_L3_AHEAD_ORDER) {
        llt_prefetch(llt_l3_order_of(book, llt_l3_guess(book, operations[LLT_L3_AHEAD_ORDER].id)));
    }
    if (left > LLT_L3_AHEAD_LEVEL) {
        const llt_l3_operation *next = &operations[LLT_L3_AHEAD_LEVEL];
        const unsigned side = llt_l3_side_of(book, next);
        llt_price_index_prefetch(&book->levels.sides[side], next->price ^ llt_l3_mirror(side));
        llt_prefetch(llt_l3_levels_get(&book->levels, llt_l3_order_of(book, llt_l3_guess(book, next->id))->level));
    }
}

/* Applies `count` operations; gives how many before the first refused. */
static inline size_t llt_l3_apply_many(llt_l3_book *book, const llt_l3_operation *operations, size_t count,
                                       llt_l3_status *status) {
    *status = LLT_L3_OK;
    for (size_t at = 0; at < count; at++) {
        llt_l3_prefetch(book, operations + at, count - at);
        *status = llt_l3_apply(book, &operations[at]);
        if (*status != LLT_L3_OK) {
            return at;
        }
    }
    return count;
}

#endif

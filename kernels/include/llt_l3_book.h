/* Order-by-order (L3) books of one venue: add, reduce, cancel, replace by order id; first in, first out queues.
 *
 * One store serves any number of books, since a venue's ids are its own, not the instrument's. A side is numbered
 * 2 * book, asks one more; a single book has the sides 0 (bids) and 1 (asks).
 *
 * Layout. An order is a record of 16 bytes, four a line: quantity, number of its level, a link. Where queues or ids
 * are kept it is one of 32: the link back and the id. Levels are records of 32 bytes with total, count, head and tail,
 * found by price through llt_price_index.h. All references are 32-bit numbers, so that arrays may move as they grow.
 *
 * Ids. Dense: the record of id i is number i - first, and memory follows the highest id in use: one cache miss an
 * operation. Hashed: any 64-bit ids; llt_order_ids.h gives the number of a record from a free list: two misses.
 * Without queues only totals and counts are kept, and an order's neighbours are not touched.
 *
 * Orders that cross are held as they come: matching is the venue's business. One thread owns a store.
 */
#ifndef LLT_L3_BOOK_H
#define LLT_L3_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_arch.h"
#include "llt_large.h"
#include "llt_order_ids.h"
#include "llt_price_index.h"

enum { LLT_L3_BID = 0, LLT_L3_ASK = 1 };

typedef enum {
    LLT_L3_OK,
    LLT_L3_UNKNOWN,   /* no live order of this id */
    LLT_L3_DUPLICATE, /* a live order has this id */
    LLT_L3_QUANTITY,  /* zero, or more than the order has left, or a level's total beyond 64 bits */
    LLT_L3_RANGE,     /* an id outside the span of a dense store, a book that there is not */
    LLT_L3_MEMORY
} llt_l3_status;

typedef struct {
    uint64_t quantity;
    uint32_t level; /* LLT_NO_LEVEL: not live */
    uint32_t next;  /* towards the back of the queue; of a free record: the next free one */
} llt_l3_order;

typedef struct {
    llt_l3_order order;
    uint64_t id;
    uint32_t previous;
    uint32_t reserved;
} llt_l3_full_order;

typedef struct {
    int64_t key;
    uint64_t quantity;
    uint32_t head; /* of a free level: the next free one */
    uint32_t tail;
    uint32_t count;
    uint32_t side;
} llt_l3_level;

_Static_assert(sizeof(llt_l3_order) == 16 && sizeof(llt_l3_full_order) == 32, "four and two a line");
_Static_assert(sizeof(llt_l3_level) == 32, "two a line");
_Static_assert(offsetof(llt_l3_full_order, order) == 0, "a full record starts as a short one");

typedef struct {
    void *orders; /* number 0 is nobody */
    unsigned order_shift; /* log2 of a record's size */
    bool queues;
    bool hashed;
    llt_l3_level *levels; /* number 0 is none */
    llt_price_index *sides;
    size_t books;
    uint64_t first_id;
    uint64_t span; /* dense: ids first_id .. first_id + span - 1 */
    size_t order_capacity;
    size_t orders_used; /* hashed: records ever taken */
    size_t live;
    size_t level_capacity;
    size_t levels_used;
    uint32_t free_order;
    uint32_t free_level;
    llt_order_ids ids; /* hashed */
} llt_l3_book;

static inline llt_l3_order *llt_l3_order_of(const llt_l3_book *book, uint32_t number) {
    return (llt_l3_order *)(void *)((char *)book->orders + ((size_t)number << book->order_shift));
}

/* Where queues or ids are kept. */
static inline llt_l3_full_order *llt_l3_full_order_of(const llt_l3_book *book, uint32_t number) {
    return (llt_l3_full_order *)book->orders + number;
}

/* Prices of asks are mirrored (llt_price_index.h). */
static inline int64_t llt_l3_mirror(unsigned side) { return (side & 1) == LLT_L3_ASK ? -1 : 0; }

static inline void llt_l3_destroy(llt_l3_book *book) {
    free(book->orders);
    free(book->levels);
    free(book->ids.buckets);
    for (size_t side = 0; book->sides != NULL && side < 2 * book->books; side++) {
        llt_price_index_destroy(&book->sides[side]);
    }
    free(book->sides);
    memset(book, 0, sizeof *book);
}

/* Records for numbers below `wanted`. */
static inline bool llt_l3_grow_orders(llt_l3_book *book, size_t wanted) {
    const size_t most = UINT32_MAX;
    if (wanted > most) {
        return false;
    }
    size_t capacity = book->order_capacity + book->order_capacity / 2;
    capacity = capacity < wanted ? wanted : capacity > most ? most : capacity;
    void *orders =
        llt_large_grown(book->orders, book->order_capacity, capacity, (size_t)1 << book->order_shift);
    if (orders == NULL) {
        return false;
    }
    book->orders = orders;
    book->order_capacity = capacity;
    return true;
}

/* `orders` can be live without taking memory later. `span` 0: hashed ids, else dense ones. -1: no memory. */
static inline int llt_l3_init(llt_l3_book *book, size_t orders, uint64_t first_id, uint64_t span, bool queues,
                              size_t books) {
    memset(book, 0, sizeof *book);
    book->queues = queues;
    book->hashed = span == 0;
    book->order_shift = queues || book->hashed ? 5 : 4;
    book->first_id = first_id;
    book->span = span;
    book->orders_used = book->levels_used = 1;
    if (span > UINT32_MAX - 2 || orders > UINT32_MAX - 2 || books == 0 || books > UINT32_MAX / 2) {
        return -1;
    }
    if (span != 0 && orders > span) {
        orders = (size_t)span;
    }
    book->books = books;
    book->level_capacity = 256;
    book->levels = (llt_l3_level *)llt_large_zeroed(book->level_capacity, sizeof *book->levels);
    book->sides = (llt_price_index *)llt_large_zeroed(2 * books, sizeof *book->sides);
    if (book->levels == NULL || book->sides == NULL || (book->hashed && !llt_order_ids_init(&book->ids, orders)) ||
        !llt_l3_grow_orders(book, orders + 2)) {
        llt_l3_destroy(book);
        return -1;
    }
    return 0;
}

/* Number of the live order of this id; 0 when there is none. */
static inline uint32_t llt_l3_find(const llt_l3_book *book, uint64_t id) {
    if (book->hashed) {
        const uint32_t hash = llt_order_hash(id);
        for (size_t at = llt_order_home(&book->ids, hash);; at = (at + 1) & book->ids.mask) {
            const llt_order_bucket *bucket = &book->ids.buckets[at];
            for (unsigned left = llt_bucket_equal(bucket->hashes, hash); left != 0; left &= left - 1) {
                /* A hash stays behind its order: then the number is 0, whose record has no level. */
                const uint32_t number = bucket->numbers[__builtin_ctz(left)];
                const llt_l3_full_order *order = llt_l3_full_order_of(book, number);
                if (order->id == id && order->order.level != LLT_NO_LEVEL) {
                    return number;
                }
            }
            if (bucket->passed == 0) {
                return 0;
            }
        }
    }
    const uint64_t number = id - book->first_id + 1;
    if (id < book->first_id || number >= book->order_capacity ||
        llt_l3_order_of(book, (uint32_t)number)->level == LLT_NO_LEVEL) {
        return 0;
    }
    return (uint32_t)number;
}

/* Id of a live order. */
static inline uint64_t llt_l3_id(const llt_l3_book *book, uint32_t number) {
    return book->hashed ? llt_l3_full_order_of(book, number)->id : book->first_id + number - 1;
}

/* Number of a record for a new id, 0 with `*status` set. Nothing is linked yet. */
static inline uint32_t llt_l3_take(llt_l3_book *book, uint64_t id, llt_l3_status *status) {
    if (!book->hashed) {
        const uint64_t number = id - book->first_id + 1;
        if (id < book->first_id || number > book->span) {
            *status = LLT_L3_RANGE;
            return 0;
        }
        if (number >= book->order_capacity && !llt_l3_grow_orders(book, (size_t)number + 1)) {
            *status = LLT_L3_MEMORY;
            return 0;
        }
        if (llt_l3_order_of(book, (uint32_t)number)->level != LLT_NO_LEVEL) {
            *status = LLT_L3_DUPLICATE;
            return 0;
        }
        return (uint32_t)number;
    }
    if (llt_l3_find(book, id) != 0) {
        *status = LLT_L3_DUPLICATE;
        return 0;
    }
    if (!llt_order_ids_room(&book->ids)) {
        *status = LLT_L3_MEMORY;
        return 0;
    }
    uint32_t number = book->free_order;
    if (number != 0) {
        book->free_order = llt_l3_order_of(book, number)->next;
    } else {
        if (book->orders_used == book->order_capacity && !llt_l3_grow_orders(book, book->orders_used + 1)) {
            *status = LLT_L3_MEMORY;
            return 0;
        }
        number = (uint32_t)book->orders_used++;
    }
    llt_order_ids_prefetch(&book->ids, id + LLT_ORDER_GROUP); /* the next ids, if they follow one another */
    llt_l3_full_order_of(book, number)->id = id;
    llt_order_ids_put(&book->ids, llt_order_hash(id), number);
    book->ids.used++;
    return number;
}

static inline void llt_l3_give_back(llt_l3_book *book, uint32_t number) {
    llt_l3_order *order = llt_l3_order_of(book, number);
    order->level = LLT_NO_LEVEL;
    if (book->hashed) {
        llt_order_ids_remove(&book->ids, llt_order_hash(llt_l3_full_order_of(book, number)->id), number);
        order->next = book->free_order;
        book->free_order = number;
    }
}

/* Number of the level at `key` of a side, made when there is none; LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_level_at(llt_l3_book *book, unsigned side, int64_t key) {
    llt_price_index *index = &book->sides[side];
    uint32_t number = llt_price_index_get(index, key);
    if (number != LLT_NO_LEVEL) {
        return number;
    }
    number = book->free_level;
    if (number == LLT_NO_LEVEL) {
        if (book->levels_used == book->level_capacity) {
            llt_l3_level *levels = (llt_l3_level *)llt_large_grown(book->levels, book->levels_used,
                                                                   2 * book->level_capacity, sizeof *book->levels);
            if (levels == NULL) {
                return LLT_NO_LEVEL;
            }
            book->levels = levels;
            book->level_capacity *= 2;
        }
        number = (uint32_t)book->levels_used;
    }
    if (llt_price_index_put(index, key, number) != 0) {
        return LLT_NO_LEVEL;
    }
    if (number == book->free_level) {
        book->free_level = book->levels[number].head;
    } else {
        book->levels_used++;
    }
    book->levels[number] = (llt_l3_level){.key = key, .side = side};
    return number;
}

/* Puts an order whose quantity is set at the back of a level. The level's total is the caller's. */
static inline void llt_l3_link(llt_l3_book *book, uint32_t number, uint32_t at) {
    llt_l3_level *level = &book->levels[at];
    llt_l3_order *order = llt_l3_order_of(book, number);
    order->level = at;
    if (book->queues) {
        order->next = 0;
        ((llt_l3_full_order *)(void *)order)->previous = level->tail;
        *(level->tail != 0 ? &llt_l3_order_of(book, level->tail)->next : &level->head) = number;
        level->tail = number;
    }
    book->live++;
}

static inline llt_l3_status llt_l3_add(llt_l3_book *book, uint64_t id, unsigned side, int64_t price,
                                       uint64_t quantity) {
    if (quantity == 0) {
        return LLT_L3_QUANTITY;
    }
    llt_l3_status status = LLT_L3_OK;
    const uint32_t number = llt_l3_take(book, id, &status);
    if (number == 0) {
        return status;
    }
    const uint32_t at = llt_l3_level_at(book, side, price ^ llt_l3_mirror(side));
    if (at == LLT_NO_LEVEL) {
        llt_l3_give_back(book, number);
        return LLT_L3_MEMORY;
    }
    llt_l3_level *level = &book->levels[at];
    if (__builtin_add_overflow(level->quantity, quantity, &level->quantity)) {
        level->quantity -= quantity; /* it was not empty, so the level stays */
        llt_l3_give_back(book, number);
        return LLT_L3_QUANTITY;
    }
    level->count++;
    llt_l3_order_of(book, number)->quantity = quantity;
    llt_l3_link(book, number, at);
    return LLT_L3_OK;
}

/* Takes a live order out of its level; its record is still the caller's. */
static inline void llt_l3_unlink(llt_l3_book *book, uint32_t number) {
    const llt_l3_order order = *llt_l3_order_of(book, number);
    llt_l3_level *level = &book->levels[order.level];
    level->quantity -= order.quantity;
    if (book->queues) {
        const uint32_t previous = llt_l3_full_order_of(book, number)->previous;
        *(previous != 0 ? &llt_l3_order_of(book, previous)->next : &level->head) = order.next;
        *(order.next != 0 ? &llt_l3_full_order_of(book, order.next)->previous : &level->tail) = previous;
    }
    if (--level->count == 0) {
        llt_price_index_remove(&book->sides[level->side], level->key);
        level->head = book->free_level;
        book->free_level = order.level;
    }
    book->live--;
}

static inline llt_l3_status llt_l3_cancel(llt_l3_book *book, uint64_t id) {
    const uint32_t number = llt_l3_find(book, id);
    if (number == 0) {
        return LLT_L3_UNKNOWN;
    }
    llt_l3_unlink(book, number);
    llt_l3_give_back(book, number);
    return LLT_L3_OK;
}

/* Takes `quantity` off an order that keeps its place; an order with nothing left is gone. Also an execution. */
static inline llt_l3_status llt_l3_reduce(llt_l3_book *book, uint64_t id, uint64_t quantity) {
    const uint32_t number = llt_l3_find(book, id);
    if (number == 0) {
        return LLT_L3_UNKNOWN;
    }
    llt_l3_order *order = llt_l3_order_of(book, number);
    if (quantity == 0 || quantity > order->quantity) {
        return LLT_L3_QUANTITY;
    }
    if (quantity == order->quantity) {
        llt_l3_unlink(book, number);
        llt_l3_give_back(book, number);
        return LLT_L3_OK;
    }
    order->quantity -= quantity;
    book->levels[order->level].quantity -= quantity;
    return LLT_L3_OK;
}

/* The order goes, another of the same side comes to the back of its queue. Refused as a whole or done as a whole. */
static inline llt_l3_status llt_l3_replace(llt_l3_book *book, uint64_t id, uint64_t new_id, int64_t price,
                                           uint64_t quantity) {
    const uint32_t number = llt_l3_find(book, id);
    if (number == 0) {
        return LLT_L3_UNKNOWN;
    }
    if (quantity == 0) {
        return LLT_L3_QUANTITY;
    }
    const llt_l3_order old = *llt_l3_order_of(book, number);
    const unsigned side = book->levels[old.level].side;
    if (new_id != id) {
        /* The new one first: what can fail fails before anything is gone. */
        const llt_l3_status status = llt_l3_add(book, new_id, side, price, quantity);
        if (status == LLT_L3_OK) {
            llt_l3_unlink(book, number);
            llt_l3_give_back(book, number);
        }
        return status;
    }
    const uint32_t at = llt_l3_level_at(book, side, price ^ llt_l3_mirror(side));
    if (at == LLT_NO_LEVEL) {
        return LLT_L3_MEMORY;
    }
    uint64_t total = book->levels[at].quantity - (at == old.level ? old.quantity : 0);
    if (__builtin_add_overflow(total, quantity, &total)) {
        return LLT_L3_QUANTITY;
    }
    book->levels[at].count++; /* keeps the level while the order leaves it */
    llt_l3_unlink(book, number);
    book->levels[at].quantity += quantity;
    llt_l3_order_of(book, number)->quantity = quantity;
    llt_l3_link(book, number, at);
    return LLT_L3_OK;
}

/* Best price of a side; false when it is empty. */
static inline bool llt_l3_best(const llt_l3_book *book, unsigned side, int64_t *price) {
    const llt_price_index *index = &book->sides[side];
    if (llt_price_index_empty(index)) {
        return false;
    }
    *price = index->best ^ llt_l3_mirror(side);
    return true;
}

/* One operation of a stream, 40 bytes. */
enum { LLT_L3_ADD = 1, LLT_L3_REDUCE = 2, LLT_L3_CANCEL = 3, LLT_L3_REPLACE = 4, LLT_L3_EXECUTE = 5 };

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

/* How many operations ahead memory is asked for: the bucket of a hashed id, the order, its level or a new one's. */
#define LLT_L3_AHEAD_ID 24
#define LLT_L3_AHEAD_ORDER 14
#define LLT_L3_AHEAD_LEVEL 5

/* Number of the record that the id will most likely be; 0 when it is none. No branch: what comes is hard to guess. */
static inline uint32_t llt_l3_guess(const llt_l3_book *book, uint64_t id) {
    if (book->hashed) {
        return llt_order_ids_guess(&book->ids, id);
    }
    const uint64_t number = id - book->first_id + 1;
    return number < book->order_capacity ? (uint32_t)number : 0;
}

static inline void llt_l3_prefetch(const llt_l3_book *book, const llt_l3_operation *operations, size_t left) {
    if (left > LLT_L3_AHEAD_ID) {
        const llt_l3_operation *next = &operations[LLT_L3_AHEAD_ID];
        llt_prefetch(&book->sides[next->book < book->books ? 2 * next->book + (next->side & 1) : 0]);
        if (book->hashed) {
            llt_order_ids_prefetch(&book->ids, next->id);
        }
    }
    if (left > LLT_L3_AHEAD_ORDER) {
        llt_prefetch(llt_l3_order_of(book, llt_l3_guess(book, operations[LLT_L3_AHEAD_ORDER].id)));
    }
    if (left > LLT_L3_AHEAD_LEVEL) {
        const llt_l3_operation *next = &operations[LLT_L3_AHEAD_LEVEL];
        const unsigned side = next->book < book->books ? 2 * next->book + (next->side & 1) : 0;
        llt_price_index_prefetch(&book->sides[side], next->price ^ llt_l3_mirror(side));
        llt_prefetch(&book->levels[llt_l3_order_of(book, llt_l3_guess(book, next->id))->level]);
    }
}

/* Applies `count` operations, the memory of those to come already under way; gives how many before the first refused. */
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

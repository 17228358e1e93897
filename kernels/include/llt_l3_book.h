/* Order-by-order (L3) book of one instrument: add, reduce, cancel, replace by order id; first in, first out queues.
 *
 * Layout: orders are 32-byte records, two a cache line, that hold the number of their level and links to their
 * neighbours in its queue; levels are 32-byte records with total, count, head and tail, found by price through
 * llt_price_index.h. All references are 32-bit numbers, so that arrays may move as they grow.
 *
 * Ids. Dense: the record of id i is number i - first, and memory follows the span of the ids in use: one cache miss an
 * operation. Hashed: any 64-bit ids; an open-addressing table (half full at most, linear probing, deletion by shifting
 * back, so that it never fills with graves) gives the number of a record from a free list: two misses.
 * Without queues only totals and counts are kept, and an order's neighbours are not touched.
 *
 * Orders that cross are held as they come: matching is the venue's business. One thread owns a book.
 */
#ifndef LLT_L3_BOOK_H
#define LLT_L3_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_arch.h"
#include "llt_price_index.h"

enum { LLT_L3_BID = 0, LLT_L3_ASK = 1 };

typedef enum {
    LLT_L3_OK,
    LLT_L3_UNKNOWN,   /* no live order of this id */
    LLT_L3_DUPLICATE, /* a live order has this id */
    LLT_L3_QUANTITY,  /* zero, or more than the order has left, or a level's total beyond 64 bits */
    LLT_L3_RANGE,     /* an id outside the span of a dense book */
    LLT_L3_MEMORY
} llt_l3_status;

typedef struct {
    uint64_t id;
    uint64_t quantity;
    uint32_t next; /* towards the back of the queue; of a free record: the next free one */
    uint32_t previous;
    uint32_t level; /* LLT_NO_LEVEL: not live */
    uint32_t side;
} llt_l3_order;

typedef struct {
    int64_t key;
    uint64_t quantity;
    uint32_t head;
    uint32_t tail;
    uint32_t count;
    uint32_t next_free;
} llt_l3_level;

_Static_assert(sizeof(llt_l3_order) == 32 && sizeof(llt_l3_level) == 32, "two a line");

typedef struct {
    uint64_t id;
    uint64_t order; /* number of the record, 0: empty */
} llt_l3_entry;

typedef struct {
    llt_l3_order *orders; /* number 0 is nobody */
    size_t order_capacity;
    size_t orders_used; /* hashed: records ever taken */
    uint32_t free_order;
    llt_l3_level *levels; /* number 0 is none */
    size_t level_capacity;
    size_t levels_used;
    uint32_t free_level;
    llt_l3_entry *table; /* NULL: dense */
    unsigned table_shift; /* 64 - log2 of its size */
    uint64_t first_id;
    uint64_t span; /* dense: ids first_id .. first_id + span - 1 */
    size_t live;
    bool queues;
    llt_price_index sides[2];
} llt_l3_book;

static inline int64_t llt_l3_mirror(unsigned side) { return side == LLT_L3_ASK ? -1 : 0; }

static inline void llt_l3_destroy(llt_l3_book *book) {
    free(book->orders);
    free(book->levels);
    free(book->table);
    llt_price_index_destroy(&book->sides[0]);
    llt_price_index_destroy(&book->sides[1]);
    memset(book, 0, sizeof *book);
}

static inline int llt_l3_grow_orders(llt_l3_book *book, size_t wanted) {
    if (wanted > UINT32_MAX - 1) {
        return -1;
    }
    size_t capacity = book->order_capacity + book->order_capacity / 2;
    capacity = capacity < wanted ? wanted : capacity > UINT32_MAX - 1 ? UINT32_MAX - 1 : capacity;
    llt_l3_order *orders = (llt_l3_order *)realloc(book->orders, capacity * sizeof *orders);
    if (orders == NULL) {
        return -1;
    }
    memset(orders + book->order_capacity, 0, (capacity - book->order_capacity) * sizeof *orders);
    book->orders = orders;
    book->order_capacity = capacity;
    return 0;
}

/* `orders` can be live without taking memory later. `span` 0: hashed ids, else dense ones. -1: no memory. */
static inline int llt_l3_init(llt_l3_book *book, size_t orders, uint64_t first_id, uint64_t span, bool queues) {
    memset(book, 0, sizeof *book);
    book->queues = queues;
    book->first_id = first_id;
    book->span = span;
    book->orders_used = book->levels_used = 1;
    if (span > UINT32_MAX - 2 || orders > UINT32_MAX - 2) {
        return -1;
    }
    if (span != 0 && orders > span) {
        orders = (size_t)span;
    }
    book->level_capacity = 256;
    book->levels = (llt_l3_level *)calloc(book->level_capacity, sizeof *book->levels);
    size_t size = 64;
    while (size < 2 * orders + 2) {
        size *= 2;
    }
    if (span == 0) {
        book->table_shift = 64 - (unsigned)__builtin_ctzll(size);
        book->table = (llt_l3_entry *)calloc(size, sizeof *book->table);
    }
    if (book->levels == NULL || (span == 0 && book->table == NULL) || llt_l3_grow_orders(book, orders + 2) != 0) {
        llt_l3_destroy(book);
        return -1;
    }
    return 0;
}

/* Fibonacci hashing: neighbours are spread, and so are multiples of powers of two. */
static inline size_t llt_l3_home(const llt_l3_book *book, uint64_t id) {
    return (size_t)((id ^ id >> 32) * UINT64_C(0x9E3779B97F4A7C15) >> book->table_shift);
}

static inline size_t llt_l3_table_size(const llt_l3_book *book) { return (size_t)1 << (64 - book->table_shift); }

/* Where `id` is in the table, or the empty place that it would take. */
static inline size_t llt_l3_probe(const llt_l3_book *book, uint64_t id) {
    const size_t mask = llt_l3_table_size(book) - 1;
    size_t at = llt_l3_home(book, id);
    while (book->table[at].order != 0 && book->table[at].id != id) {
        at = (at + 1) & mask;
    }
    return at;
}

static inline int llt_l3_grow_table(llt_l3_book *book) {
    const size_t size = llt_l3_table_size(book);
    llt_l3_entry *old = book->table;
    llt_l3_entry *table = (llt_l3_entry *)calloc(2 * size, sizeof *table);
    if (table == NULL) {
        return -1;
    }
    book->table = table;
    book->table_shift--;
    for (size_t at = 0; at < size; at++) {
        if (old[at].order != 0) {
            book->table[llt_l3_probe(book, old[at].id)] = old[at];
        }
    }
    free(old);
    return 0;
}

/* Number of the live order of this id; 0 when there is none. */
static inline uint32_t llt_l3_find(const llt_l3_book *book, uint64_t id) {
    if (book->table != NULL) {
        return (uint32_t)book->table[llt_l3_probe(book, id)].order;
    }
    const uint64_t number = id - book->first_id + 1;
    if (id < book->first_id || number >= book->order_capacity || book->orders[number].level == LLT_NO_LEVEL) {
        return 0;
    }
    return (uint32_t)number;
}

/* Loads what llt_l3_find will want, for a caller that knows what comes. */
static inline void llt_l3_prefetch(const llt_l3_book *book, uint64_t id) {
    if (book->table != NULL) {
        llt_prefetch(&book->table[llt_l3_home(book, id)]);
    } else if (id - book->first_id + 1 < book->order_capacity) {
        llt_prefetch(&book->orders[id - book->first_id + 1]);
    }
}

static inline void llt_l3_forget(llt_l3_book *book, uint64_t id) {
    const size_t mask = llt_l3_table_size(book) - 1;
    size_t hole = llt_l3_probe(book, id);
    for (size_t at = (hole + 1) & mask; book->table[at].order != 0; at = (at + 1) & mask) {
        /* An entry may move back to the hole unless its home lies behind it. */
        const size_t home = llt_l3_home(book, book->table[at].id);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            book->table[hole] = book->table[at];
            hole = at;
        }
    }
    book->table[hole].order = 0;
}

/* Number of a record for a new id, 0 with `*status` set. Nothing is linked yet. */
static inline uint32_t llt_l3_take(llt_l3_book *book, uint64_t id, llt_l3_status *status) {
    if (book->table == NULL) {
        const uint64_t number = id - book->first_id + 1;
        if (id < book->first_id || number > book->span) {
            *status = LLT_L3_RANGE;
            return 0;
        }
        if (number >= book->order_capacity && llt_l3_grow_orders(book, (size_t)number + 1) != 0) {
            *status = LLT_L3_MEMORY;
            return 0;
        }
        if (book->orders[number].level != LLT_NO_LEVEL) {
            *status = LLT_L3_DUPLICATE;
            return 0;
        }
        return (uint32_t)number;
    }
    if (2 * (book->live + 1) > llt_l3_table_size(book) && llt_l3_grow_table(book) != 0) {
        *status = LLT_L3_MEMORY;
        return 0;
    }
    const size_t at = llt_l3_probe(book, id);
    if (book->table[at].order != 0) {
        *status = LLT_L3_DUPLICATE;
        return 0;
    }
    uint32_t number = book->free_order;
    if (number != 0) {
        book->free_order = book->orders[number].next;
    } else {
        if (book->orders_used == book->order_capacity && llt_l3_grow_orders(book, book->orders_used + 1) != 0) {
            *status = LLT_L3_MEMORY;
            return 0;
        }
        number = (uint32_t)book->orders_used++;
    }
    book->table[at] = (llt_l3_entry){id, number};
    return number;
}

static inline void llt_l3_give_back(llt_l3_book *book, uint32_t number) {
    llt_l3_order *order = &book->orders[number];
    order->level = LLT_NO_LEVEL;
    if (book->table != NULL) {
        llt_l3_forget(book, order->id);
        order->next = book->free_order;
        book->free_order = number;
    }
}

/* Number of the level at `key`, made when there is none; LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_level_at(llt_l3_book *book, llt_price_index *index, int64_t key) {
    uint32_t number = llt_price_index_get(index, key);
    if (number != LLT_NO_LEVEL) {
        return number;
    }
    number = book->free_level;
    if (number == LLT_NO_LEVEL) {
        if (book->levels_used == book->level_capacity) {
            llt_l3_level *levels =
                (llt_l3_level *)realloc(book->levels, 2 * book->level_capacity * sizeof *book->levels);
            if (levels == NULL) {
                return LLT_NO_LEVEL;
            }
            book->levels = levels;
            book->level_capacity *= 2;
        }
        number = (uint32_t)book->levels_used;
        book->levels[number].next_free = LLT_NO_LEVEL;
    }
    if (llt_price_index_put(index, key, number) != 0) {
        return LLT_NO_LEVEL;
    }
    if (number == book->free_level) {
        book->free_level = book->levels[number].next_free;
    } else {
        book->levels_used++;
    }
    book->levels[number] = (llt_l3_level){.key = key};
    return number;
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
    llt_l3_order *order = &book->orders[number];
    order->id = id;
    const uint32_t at = llt_l3_level_at(book, &book->sides[side], price ^ llt_l3_mirror(side));
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
    order->quantity = quantity;
    order->level = at;
    order->side = side;
    if (book->queues) {
        order->next = 0;
        order->previous = level->tail;
        *(level->tail != 0 ? &book->orders[level->tail].next : &level->head) = number;
        level->tail = number;
    }
    book->live++;
    return LLT_L3_OK;
}

/* Takes a live order out of its level; its record is still the caller's. */
static inline void llt_l3_unlink(llt_l3_book *book, uint32_t number) {
    llt_l3_order *order = &book->orders[number];
    llt_l3_level *level = &book->levels[order->level];
    level->quantity -= order->quantity;
    if (book->queues) {
        *(order->previous != 0 ? &book->orders[order->previous].next : &level->head) = order->next;
        *(order->next != 0 ? &book->orders[order->next].previous : &level->tail) = order->previous;
    }
    if (--level->count == 0) {
        llt_price_index_remove(&book->sides[order->side], level->key);
        level->next_free = book->free_level;
        book->free_level = order->level;
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
    llt_l3_order *order = &book->orders[number];
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
    if (new_id != id && llt_l3_find(book, new_id) != 0) {
        return LLT_L3_DUPLICATE;
    }
    if (book->table == NULL && (new_id < book->first_id || new_id - book->first_id >= book->span)) {
        return LLT_L3_RANGE;
    }
    const llt_l3_order old = book->orders[number];
    if (new_id != id) {
        /* The new one first: what can fail fails before anything is gone. */
        const llt_l3_status status = llt_l3_add(book, new_id, old.side, price, quantity);
        return status != LLT_L3_OK ? status : llt_l3_cancel(book, id);
    }
    const uint32_t at = llt_l3_level_at(book, &book->sides[old.side], price ^ llt_l3_mirror(old.side));
    if (at == LLT_NO_LEVEL) {
        return LLT_L3_MEMORY;
    }
    uint64_t total = book->levels[at].quantity - (at == old.level ? old.quantity : 0);
    if (__builtin_add_overflow(total, quantity, &total)) {
        return LLT_L3_QUANTITY;
    }
    book->levels[at].count++; /* keeps the level while the order leaves it */
    llt_l3_unlink(book, number);
    llt_l3_level *level = &book->levels[at];
    llt_l3_order *order = &book->orders[number];
    level->quantity += quantity;
    order->quantity = quantity;
    order->level = at;
    if (book->queues) {
        order->next = 0;
        order->previous = level->tail;
        *(level->tail != 0 ? &book->orders[level->tail].next : &level->head) = number;
        level->tail = number;
    }
    book->live++;
    return LLT_L3_OK;
}

/* Best price of a side; false when it is empty. */
static inline bool llt_l3_best(const llt_l3_book *book, unsigned side, int64_t *price) {
    const llt_price_index *index = &book->sides[side];
    if (llt_price_index_empty(index)) {
        return false;
    }
    *price = llt_price_index_best_key(index) ^ llt_l3_mirror(side);
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
    uint8_t side;
    uint8_t reserved[6];
} llt_l3_operation;

static inline llt_l3_status llt_l3_apply(llt_l3_book *book, const llt_l3_operation *operation) {
    switch (operation->kind) {
    case LLT_L3_ADD:
        return llt_l3_add(book, operation->id, operation->side & 1, operation->price, operation->quantity);
    case LLT_L3_CANCEL:
        return llt_l3_cancel(book, operation->id);
    case LLT_L3_REPLACE:
        return llt_l3_replace(book, operation->id, operation->new_id, operation->price, operation->quantity);
    default:
        return llt_l3_reduce(book, operation->id, operation->quantity);
    }
}

#define LLT_L3_AHEAD 12 /* operations: their records are on the way when they are needed */

/* Applies `count` operations, the memory of those to come already under way; gives how many before the first refused. */
static inline size_t llt_l3_apply_many(llt_l3_book *book, const llt_l3_operation *operations, size_t count,
                                       llt_l3_status *status) {
    *status = LLT_L3_OK;
    for (size_t at = 0; at < count; at++) {
        if (at + LLT_L3_AHEAD < count) {
            llt_l3_prefetch(book, operations[at + LLT_L3_AHEAD].id);
        }
        *status = llt_l3_apply(book, &operations[at]);
        if (*status != LLT_L3_OK) {
            return at;
        }
    }
    return count;
}

#endif

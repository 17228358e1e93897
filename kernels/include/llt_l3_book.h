/* Order-by-order (L3) books of one venue: add, reduce, cancel, replace by order id; first in, first out queues.
 *
 * One store serves any number of books, since a venue's ids are its own, not the instrument's. A side is numbered
 * 2 * book, asks one more; a single book has the sides 0 (bids) and 1 (asks).
 *
 * Ids. Dense: the record of id i is number i - first + 1, and memory follows the highest id in use. Any 64-bit ids:
 * llt_l3_table.h. Either way one cache miss finds an order. Without queues only totals and counts are kept, and an
 * order's neighbours are not touched.
 *
 * Orders that cross are held as they come: matching is the venue's business. One thread owns a store.
 */
#ifndef LLT_L3_BOOK_H
#define LLT_L3_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "llt_arch.h"
#include "llt_l3_levels.h"
#include "llt_l3_order.h"
#include "llt_l3_queue.h"
#include "llt_l3_table.h"

typedef enum {
    LLT_L3_OK,
    LLT_L3_UNKNOWN,   /* no live order of this id */
    LLT_L3_DUPLICATE, /* a live order has this id */
    LLT_L3_QUANTITY,  /* zero, or more than the order has left, or a level's total beyond 64 bits */
    LLT_L3_RANGE,     /* an id outside the span of a dense store, a book that there is not */
    LLT_L3_MEMORY
} llt_l3_status;

typedef struct {
    llt_l3_orders orders;
    llt_l3_levels levels;
    size_t books;
    size_t live;
    bool queues;
    bool hashed;
    uint64_t first_id;
    uint64_t span; /* dense: ids first_id .. first_id + span - 1 */
    llt_l3_table table; /* hashed */
    llt_l3_table old;   /* count 0: none, else the table that orders still leave */
    llt_l3_table next;  /* count 0: none, else the one that follows when this is full */
    size_t moved;       /* chunks of the old table that orders have left */
    size_t touched;     /* chunks of the next table whose memory is there */
} llt_l3_book;

static inline llt_l3_order *llt_l3_order_of(const llt_l3_book *book, uint32_t number) {
    return llt_l3_orders_at(&book->orders, number);
}

static inline void llt_l3_destroy(llt_l3_book *book) {
    llt_l3_orders_destroy(&book->orders);
    llt_l3_table_destroy(&book->table);
    llt_l3_table_destroy(&book->old);
    llt_l3_table_destroy(&book->next);
    llt_l3_levels_destroy(&book->levels);
    memset(book, 0, sizeof *book);
}

/* A number that nobody can foresee; where the system has none yet, one that is hard to. */
static inline uint64_t llt_l3_lot(void) {
    uint64_t lot;
    return getrandom(&lot, sizeof lot, GRND_NONBLOCK) == (ssize_t)sizeof lot ? lot : llt_ticks();
}

/* `orders` can be live without taking memory later. `span` 0: any ids, else dense ones. -1: no memory. */
static inline int llt_l3_init(llt_l3_book *book, size_t orders, uint64_t first_id, uint64_t span, bool queues,
                              size_t books) {
    memset(book, 0, sizeof *book);
    book->queues = queues;
    book->hashed = span == 0;
    book->orders.size = llt_l3_orders_size(queues, book->hashed);
    book->first_id = first_id;
    book->span = span;
    book->books = books;
    if (span > UINT32_MAX - 2 || orders > UINT32_MAX - 2 || books == 0 || books > UINT32_MAX / 2) {
        return -1;
    }
    size_t records = 2 + (orders > span ? (size_t)span : orders);
    bool there = true;
    if (book->hashed) {
        there = llt_l3_table_init(&book->table, LLT_CHUNK, llt_l3_table_wanted(orders), llt_l3_lot());
        records = llt_l3_table_end(&book->table);
    }
    if (!there || !llt_l3_levels_init(&book->levels, 2 * books, queues) || !llt_l3_orders_grow(&book->orders, records)) {
        llt_l3_destroy(book);
        return -1;
    }
    if (book->hashed) {
        llt_l3_table_touch(&book->table, &book->orders, 0, book->table.count);
    } else {
        llt_l3_orders_touch(&book->orders, 0, records);
        book->orders.touched = records;
    }
    return 0;
}

/* Number of the live order of this id; 0 when there is none. */
static inline uint32_t llt_l3_find(const llt_l3_book *book, uint64_t id) {
    if (book->hashed) {
        const uint32_t number = llt_l3_table_find(&book->table, &book->orders, id);
        return number == 0 && book->old.count != 0 ? llt_l3_table_find(&book->old, &book->orders, id) : number;
    }
    const uint64_t number = id - book->first_id + 1;
    if (id < book->first_id || number >= book->orders.capacity ||
        llt_l3_order_of(book, (uint32_t)number)->level == LLT_NO_LEVEL) {
        return 0;
    }
    return (uint32_t)number;
}

/* Id of a live order. */
static inline uint64_t llt_l3_id(const llt_l3_book *book, uint32_t number) {
    return book->hashed ? llt_l3_orders_named(&book->orders, number)->id : book->first_id + number - 1;
}

/* Takes a chunk of the old table into the new one. Numbers of orders change. */
static inline void llt_l3_move_chunk(llt_l3_book *book) {
    const uint32_t first = llt_l3_table_number(&book->old, book->moved, 0);
    for (unsigned lane = 0; lane < LLT_CHUNK_ROOM; lane++) {
        if (book->old.chunks[book->moved].tags[lane] != 0) {
            const uint32_t number = llt_l3_table_move(&book->old, &book->table, &book->orders, first + lane);
            if (book->queues) {
                const uint32_t level = llt_l3_order_of(book, number)->level;
                llt_l3_queue_renumber(&book->orders, llt_l3_levels_ends(&book->levels, level), number);
            }
        }
    }
    const bool last = ++book->moved == book->old.count;
    if (last || book->moved % LLT_TABLE_DROP == 0) {
        const size_t left = (book->moved - 1) / LLT_TABLE_DROP * LLT_TABLE_DROP;
        llt_l3_orders_drop(&book->orders, llt_l3_table_number(&book->old, left, 0),
                           llt_l3_table_number(&book->old, book->moved, 0));
    }
    if (last) {
        llt_l3_table_destroy(&book->old);
    }
}

/* Touches some more of the table that will follow: its page faults are met one by one. False: no memory. */
static inline bool llt_l3_prepare(llt_l3_book *book) {
    if (book->next.count == 0) {
        llt_l3_table next;
        if (!llt_l3_table_init(&next, (uint32_t)llt_l3_table_end(&book->table), 2 * book->table.count,
                               book->table.lot)) {
            return false;
        }
        if (!llt_l3_orders_grow(&book->orders, llt_l3_table_end(&next))) {
            llt_l3_table_destroy(&next);
            return false;
        }
        book->next = next;
        book->touched = 0;
    }
    const size_t left = book->next.count - book->touched;
    const size_t touched = left < LLT_TABLE_TOUCHED ? left : LLT_TABLE_TOUCHED;
    llt_l3_table_touch(&book->next, &book->orders, book->touched, touched);
    book->touched += touched;
    return true;
}

/* A record for one more order of any id; false when memory is not to be had. Numbers of orders may change. */
static inline bool llt_l3_make_room(llt_l3_book *book) {
    const size_t room = llt_l3_table_room(&book->table);
    if (book->old.count == 0) {
        if (book->live < llt_l3_table_ample(&book->table)) {
            return true;
        }
        if (!llt_l3_prepare(book) || book->live < room) {
            return book->live < room;
        }
        book->old = book->table;
        book->table = book->next;
        book->next = (llt_l3_table){0};
        book->moved = 0;
    }
    llt_l3_move_chunk(book);
    return true;
}

/* Number of a record for a new id, 0 with `*status` set. Nothing is linked yet. */
static inline uint32_t llt_l3_take(llt_l3_book *book, uint64_t id, llt_l3_status *status) {
    if (book->hashed) {
        if (llt_l3_find(book, id) != 0) {
            *status = LLT_L3_DUPLICATE;
            return 0;
        }
        return llt_l3_table_take(&book->table, &book->orders, id);
    }
    const uint64_t number = id - book->first_id + 1;
    if (id < book->first_id || number > book->span) {
        *status = LLT_L3_RANGE;
        return 0;
    }
    if (number >= book->orders.touched && !llt_l3_orders_reach(&book->orders, (size_t)number)) {
        *status = LLT_L3_MEMORY;
        return 0;
    }
    if (llt_l3_order_of(book, (uint32_t)number)->level != LLT_NO_LEVEL) {
        *status = LLT_L3_DUPLICATE;
        return 0;
    }
    return (uint32_t)number;
}

static inline void llt_l3_give_back(llt_l3_book *book, uint32_t number) {
    if (book->hashed) {
        /* Two tables: the old one lies before the new one. */
        const llt_l3_table *table = number < book->table.first ? &book->old : &book->table;
        llt_l3_table_give_back(table, &book->orders, number);
    } else {
        llt_l3_order_of(book, number)->level = LLT_NO_LEVEL;
    }
}

/* Puts an order at the back of a level. The level's total is the caller's. */
static inline void llt_l3_link(llt_l3_book *book, uint32_t number, uint32_t at, uint64_t quantity) {
    *llt_l3_order_of(book, number) = (llt_l3_order){quantity, at};
    if (book->queues) {
        llt_l3_queue_push(&book->orders, llt_l3_levels_ends(&book->levels, at), number);
    }
    book->live++;
}

/* An order for which there is room, where ids are hashed. */
static inline llt_l3_status llt_l3_put(llt_l3_book *book, uint64_t id, unsigned side, int64_t price,
                                       uint64_t quantity) {
    llt_l3_status status = LLT_L3_OK;
    const uint32_t number = llt_l3_take(book, id, &status);
    if (number == 0) {
        return status;
    }
    const uint32_t at = llt_l3_levels_at(&book->levels, side, price ^ llt_l3_mirror(side));
    if (at == LLT_NO_LEVEL) {
        llt_l3_give_back(book, number);
        return LLT_L3_MEMORY;
    }
    llt_l3_level *level = llt_l3_levels_get(&book->levels, at);
    if (__builtin_add_overflow(level->quantity, quantity, &level->quantity)) {
        level->quantity -= quantity; /* it was not empty, so the level stays */
        llt_l3_give_back(book, number);
        return LLT_L3_QUANTITY;
    }
    level->count++;
    llt_l3_link(book, number, at, quantity);
    return LLT_L3_OK;
}

static inline llt_l3_status llt_l3_add(llt_l3_book *book, uint64_t id, unsigned side, int64_t price,
                                       uint64_t quantity) {
    if (quantity == 0) {
        return LLT_L3_QUANTITY;
    }
    if (book->hashed && !llt_l3_make_room(book)) {
        return LLT_L3_MEMORY;
    }
    return llt_l3_put(book, id, side, price, quantity);
}

/* Takes a live order out of its level; its record is still the caller's. */
static inline void llt_l3_unlink(llt_l3_book *book, uint32_t number) {
    const llt_l3_order order = *llt_l3_order_of(book, number);
    llt_l3_level *level = llt_l3_levels_get(&book->levels, order.level);
    level->quantity -= order.quantity;
    if (book->queues) {
        llt_l3_queue_remove(&book->orders, llt_l3_levels_ends(&book->levels, order.level), number);
    }
    if (--level->count == 0) {
        llt_l3_levels_remove(&book->levels, order.level);
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
    llt_l3_levels_get(&book->levels, order->level)->quantity -= quantity;
    return LLT_L3_OK;
}

/* The order keeps its id and goes to the back of the queue at `price`. */
static inline llt_l3_status llt_l3_requeue(llt_l3_book *book, uint32_t number, int64_t price, uint64_t quantity) {
    const llt_l3_order old = *llt_l3_order_of(book, number);
    const unsigned side = llt_l3_levels_get(&book->levels, old.level)->side;
    const uint32_t at = llt_l3_levels_at(&book->levels, side, price ^ llt_l3_mirror(side));
    if (at == LLT_NO_LEVEL) {
        return LLT_L3_MEMORY;
    }
    uint64_t total = llt_l3_levels_get(&book->levels, at)->quantity - (at == old.level ? old.quantity : 0);
    if (__builtin_add_overflow(total, quantity, &total)) {
        return LLT_L3_QUANTITY;
    }
    llt_l3_levels_get(&book->levels, at)->count++; /* keeps the level while the order leaves it */
    llt_l3_unlink(book, number);
    llt_l3_levels_get(&book->levels, at)->quantity += quantity;
    llt_l3_link(book, number, at, quantity);
    return LLT_L3_OK;
}

/* The order goes, another of the same side comes to the back of its queue. Refused as a whole or done as a whole. */
static inline llt_l3_status llt_l3_replace(llt_l3_book *book, uint64_t id, uint64_t new_id, int64_t price,
                                           uint64_t quantity) {
    if (book->hashed) {
        llt_l3_table_prefetch(&book->table, &book->orders, new_id);
        if (!llt_l3_make_room(book)) {
            return LLT_L3_MEMORY;
        }
    }
    const uint32_t number = llt_l3_find(book, id);
    if (number == 0) {
        return LLT_L3_UNKNOWN;
    }
    if (quantity == 0) {
        return LLT_L3_QUANTITY;
    }
    if (new_id == id) {
        return llt_l3_requeue(book, number, price, quantity);
    }
    /* The new one first: what can fail fails before anything is gone. */
    const unsigned side = llt_l3_levels_get(&book->levels, llt_l3_order_of(book, number)->level)->side;
    const llt_l3_status status = llt_l3_put(book, new_id, side, price, quantity);
    if (status == LLT_L3_OK) {
        llt_l3_unlink(book, number);
        llt_l3_give_back(book, number);
    }
    return status;
}

/* Best price of a side; false when it is empty. */
static inline bool llt_l3_best(const llt_l3_book *book, unsigned side, int64_t *price) {
    const llt_price_index *index = &book->levels.sides[side];
    if (llt_price_index_empty(index)) {
        return false;
    }
    *price = index->best ^ llt_l3_mirror(side);
    return true;
}

#endif

/* Price-level (L2) book of one instrument: total quantity by price and side, in integer ticks.
 *
 * Layout: each side is a sorted contiguous array of keys, and one of quantities, with the best level at the END.
 * Updates cluster at the best: there the search ends after a few keys of one or two lines, and an insertion or a
 * removal moves only the levels that are better. Prices may be any int64: memory follows the number of levels, never
 * their distance.
 *
 * A key is the price xor the side's mirror: 0 for bids, all ones for asks. ~price falls as the price rises and cannot
 * overflow, so both sides are ascending with the best last, and every function is written once.
 *
 * Bids at or above asks (crossed) are held as they come: what that means is for the caller, who alone knows the venue.
 * One thread owns a book; other threads see its best prices through a seqlock.
 */
#ifndef LLT_L2_BOOK_H
#define LLT_L2_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { LLT_BID = 0, LLT_ASK = 1 };

typedef struct {
    int64_t *keys;
    uint64_t *quantities;
    size_t count;
    size_t capacity;
    int64_t mirror;
} llt_l2_side;

typedef struct {
    llt_l2_side sides[2];
} llt_l2_book;

/* Levels that are tried one by one from the best before the rest is halved: one line of keys. */
#define LLT_L2_NEAR 8

/* -1 when memory is not to be had; the side is as before. */
static inline int llt_l2_reserve(llt_l2_side *side, size_t capacity) {
    if (capacity <= side->capacity) {
        return 0;
    }
    if (capacity > (size_t)PTRDIFF_MAX / sizeof(uint64_t)) {
        return -1;
    }
    int64_t *keys = (int64_t *)realloc(side->keys, capacity * sizeof *keys);
    if (keys == NULL) {
        return -1;
    }
    side->keys = keys;
    uint64_t *quantities = (uint64_t *)realloc(side->quantities, capacity * sizeof *quantities);
    if (quantities == NULL) {
        return -1;
    }
    side->quantities = quantities;
    side->capacity = capacity;
    return 0;
}

static inline void llt_l2_destroy(llt_l2_book *book) {
    for (int which = 0; which < 2; which++) {
        free(book->sides[which].keys);
        free(book->sides[which].quantities);
        book->sides[which] = (llt_l2_side){0};
    }
}

/* `levels` a side are there without a later allocation. -1 when memory is not to be had; nothing to destroy then. */
static inline int llt_l2_init(llt_l2_book *book, size_t levels) {
    for (int which = 0; which < 2; which++) {
        book->sides[which] = (llt_l2_side){.mirror = which == LLT_ASK ? -1 : 0};
    }
    if (llt_l2_reserve(&book->sides[LLT_BID], levels) != 0 || llt_l2_reserve(&book->sides[LLT_ASK], levels) != 0) {
        llt_l2_destroy(book);
        return -1;
    }
    return 0;
}

/* Number of keys below `key`, which is where it is or belongs. */
static inline size_t llt_l2_find(const llt_l2_side *side, int64_t key) {
    size_t high = side->count;
    size_t near = high > LLT_L2_NEAR ? high - LLT_L2_NEAR : 0;
    while (high > near && side->keys[high - 1] >= key) {
        high--;
    }
    if (high > near || near == 0) {
        return high;
    }
    size_t low = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (side->keys[middle] < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Takes the level at `price` away; false when there is none. */
static inline bool llt_l2_delete(llt_l2_side *side, int64_t price) {
    int64_t key = price ^ side->mirror;
    size_t at = llt_l2_find(side, key);
    if (at == side->count || side->keys[at] != key) {
        return false;
    }
    size_t better = side->count - at - 1;
    memmove(side->keys + at, side->keys + at + 1, better * sizeof *side->keys);
    memmove(side->quantities + at, side->quantities + at + 1, better * sizeof *side->quantities);
    side->count--;
    return true;
}

/* Sets the quantity at `price`; 0 deletes. -1 when a new level found no memory: the side is as before. */
static inline int llt_l2_update(llt_l2_side *side, int64_t price, uint64_t quantity) {
    if (quantity == 0) {
        llt_l2_delete(side, price);
        return 0;
    }
    int64_t key = price ^ side->mirror;
    size_t at = llt_l2_find(side, key);
    if (at < side->count && side->keys[at] == key) {
        side->quantities[at] = quantity;
        return 0;
    }
    if (side->count == side->capacity && llt_l2_reserve(side, side->capacity < 8 ? 16 : side->capacity * 2) != 0) {
        return -1;
    }
    size_t better = side->count - at;
    memmove(side->keys + at + 1, side->keys + at, better * sizeof *side->keys);
    memmove(side->quantities + at + 1, side->quantities + at, better * sizeof *side->quantities);
    side->keys[at] = key;
    side->quantities[at] = quantity;
    side->count++;
    return 0;
}

/* Price and quantity of the level `rank` behind the best, which is 0. The caller checks rank < count. */
static inline int64_t llt_l2_price(const llt_l2_side *side, size_t rank) {
    return side->keys[side->count - 1 - rank] ^ side->mirror;
}

static inline uint64_t llt_l2_quantity(const llt_l2_side *side, size_t rank) {
    return side->quantities[side->count - 1 - rank];
}

static inline void llt_l2_clear(llt_l2_side *side) { side->count = 0; }

#endif

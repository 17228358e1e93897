/* One side of a price-level (L2) book: quantity by price, the best at hand, any number of levels.
 *
 * A key is the price xor the side's mirror: 0 for bids, all ones for asks. ~price falls as the price rises and cannot
 * overflow, so both sides are ascending with the best last, and every function is written once.
 *
 * Layout: blocks of up to 64 levels in order, each a sorted array of (key, quantity), and a directory of the key that
 * each block starts from. Updates cluster at the best, in the last block: a compare leads there, the last sixteen keys
 * are compared without a branch, and an insertion or a removal moves eight levels at a time, without one for few or
 * many. Elsewhere two binary searches find the place, and no more than a block moves. Prices may be any int64: memory
 * follows the number of levels, never their distance. A full block is split, a quarter full one joins a neighbour, so
 * that blocks are a quarter full at least, on average.
 */
#ifndef LLT_L2_SIDE_H
#define LLT_L2_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LLT_L2_BLOCK 64
#define LLT_L2_NEAR 16
#define LLT_L2_STEP 8

typedef struct {
    int64_t key;
    uint64_t quantity;
} llt_l2_level;

typedef struct llt_l2_block {
    size_t count;
    struct llt_l2_block *next_spare;
    llt_l2_level levels[LLT_L2_BLOCK + LLT_L2_STEP]; /* a step writes behind the last level */
} llt_l2_block;

typedef struct {
    int64_t from; /* keys from here to the next place's are in the block; of the first place all that are lower, too */
    llt_l2_block *block;
} llt_l2_place;

typedef struct {
    llt_l2_block *best; /* of the last place; it has levels when the side has */
    int64_t best_from;  /* keys from here on are in it */
    size_t count;       /* levels of the side */
    int64_t mirror;
    llt_l2_place *places; /* one at least */
    size_t place_count;
    size_t place_capacity;
    llt_l2_block *spare;
    size_t spare_count;
} llt_l2_side;

/* Blocks and places for so many levels are there; -1 when memory is not to be had, the levels are as before. */
static inline int llt_l2_reserve(llt_l2_side *side, size_t levels) {
    const size_t wanted = levels / (LLT_L2_BLOCK / 4) + 2;
    if (wanted > (size_t)PTRDIFF_MAX / sizeof(llt_l2_block)) {
        return -1;
    }
    if (wanted > side->place_capacity) {
        llt_l2_place *places = (llt_l2_place *)realloc(side->places, wanted * sizeof *places);
        if (places == NULL) {
            return -1;
        }
        side->places = places;
        side->place_capacity = wanted;
    }
    while (side->place_count + side->spare_count < wanted) {
        llt_l2_block *block = (llt_l2_block *)malloc(sizeof *block);
        if (block == NULL) {
            return -1;
        }
        block->next_spare = side->spare;
        side->spare = block;
        side->spare_count++;
    }
    return 0;
}

static inline llt_l2_block *llt_l2_take_block(llt_l2_side *side) {
    llt_l2_block *block = side->spare;
    side->spare = block->next_spare;
    side->spare_count--;
    block->count = 0;
    return block;
}

static inline void llt_l2_give_block(llt_l2_side *side, llt_l2_block *block) {
    block->next_spare = side->spare;
    side->spare = block;
    side->spare_count++;
}

/* The places have changed: the last one is the best. */
static inline void llt_l2_place_best(llt_l2_side *side) {
    const llt_l2_place *last = &side->places[side->place_count - 1];
    side->best = last->block;
    side->best_from = side->place_count == 1 ? INT64_MIN : last->from;
}

static inline void llt_l2_side_destroy(llt_l2_side *side) {
    for (size_t at = 0; at < side->place_count; at++) {
        free(side->places[at].block);
    }
    while (side->spare != NULL) {
        free(llt_l2_take_block(side));
    }
    free(side->places);
    *side = (llt_l2_side){0};
}

/* -1 when memory is not to be had; nothing to destroy then. */
static inline int llt_l2_side_init(llt_l2_side *side, int64_t mirror, size_t levels) {
    *side = (llt_l2_side){.mirror = mirror};
    if (llt_l2_reserve(side, levels) != 0) {
        llt_l2_side_destroy(side);
        return -1;
    }
    side->places[side->place_count++] = (llt_l2_place){INT64_MIN, llt_l2_take_block(side)};
    llt_l2_place_best(side);
    return 0;
}

/* Takes every level away; the memory is kept. */
static inline void llt_l2_clear(llt_l2_side *side) {
    while (side->place_count > 1) {
        llt_l2_give_block(side, side->places[--side->place_count].block);
    }
    side->places[0].block->count = side->count = 0;
    llt_l2_place_best(side);
}

/* Number of the place that `key` is in or belongs in. */
static inline size_t llt_l2_place_of(const llt_l2_side *side, int64_t key) {
    size_t low = 0, length = side->place_count;
    if (key >= side->best_from) {
        return length - 1;
    }
    while (length > 1) {
        const size_t half = length / 2;
        low += side->places[low + half].from <= key ? half : 0;
        length -= half;
    }
    return low;
}

/* Number of keys of the block below `key`, which is where it is or belongs. No branch depends on where that is. */
static inline size_t llt_l2_find(const llt_l2_block *block, int64_t key) {
    size_t length = block->count;
    if (length >= LLT_L2_NEAR) {
        const llt_l2_level *near = &block->levels[length - LLT_L2_NEAR];
        size_t below = 0;
        for (unsigned at = 0; at < LLT_L2_NEAR; at++) {
            below += near[at].key < key;
        }
        if (below != 0) {
            return length - LLT_L2_NEAR + below;
        }
        length -= LLT_L2_NEAR;
    }
    size_t low = 0;
    while (length > 0) {
        const size_t half = (length + 1) / 2;
        low += block->levels[low + half - 1].key < key ? half : 0;
        length -= half;
    }
    return low;
}

/* Moves a step of levels by one place: all are read before any is written. */
static inline void llt_l2_step(llt_l2_level *to, const llt_l2_level *from) {
    llt_l2_level step[LLT_L2_STEP];
    memcpy(step, from, sizeof step);
    memcpy(to, step, sizeof step);
}

/* Room for one level at `at` of a block that is not full. */
static inline void llt_l2_open(llt_l2_block *block, size_t at) {
    llt_l2_level *levels = &block->levels[at];
    for (size_t step = (block->count - at) / LLT_L2_STEP + 1; step-- > 0;) {
        llt_l2_step(levels + step * LLT_L2_STEP + 1, levels + step * LLT_L2_STEP);
    }
    block->count++;
}

/* Takes the level at `at` out of a block. */
static inline void llt_l2_close(llt_l2_block *block, size_t at) {
    for (; at < block->count; at += LLT_L2_STEP) {
        llt_l2_step(&block->levels[at], &block->levels[at + 1]);
    }
    block->count--;
}

static inline void llt_l2_remove_place(llt_l2_side *side, size_t place) {
    llt_l2_give_block(side, side->places[place].block);
    side->place_count--;
    memmove(side->places + place, side->places + place + 1, (side->place_count - place) * sizeof *side->places);
    llt_l2_place_best(side);
}

/* The upper half of a full block becomes the next place. -1 when memory is not to be had. */
static inline int llt_l2_split(llt_l2_side *side, size_t place) {
    if (side->spare == NULL || side->place_count == side->place_capacity) {
        const size_t levels = side->place_capacity * (LLT_L2_BLOCK / 4);
        if (llt_l2_reserve(side, levels + levels / 2) != 0) {
            return -1;
        }
    }
    llt_l2_block *lower = side->places[place].block, *upper = llt_l2_take_block(side);
    lower->count = upper->count = LLT_L2_BLOCK / 2;
    memcpy(upper->levels, lower->levels + LLT_L2_BLOCK / 2, LLT_L2_BLOCK / 2 * sizeof *upper->levels);
    llt_l2_place *next = &side->places[place + 1];
    memmove(next + 1, next, (side->place_count - place - 1) * sizeof *next);
    *next = (llt_l2_place){upper->levels[0].key, upper};
    side->place_count++;
    llt_l2_place_best(side);
    return 0;
}

/* The block of the place above joins that of `place`, if there are two and not too many levels in them. */
static inline void llt_l2_join(llt_l2_side *side, size_t place) {
    if (place + 1 >= side->place_count) {
        return;
    }
    llt_l2_block *lower = side->places[place].block;
    const llt_l2_block *upper = side->places[place + 1].block;
    if (lower->count + upper->count <= LLT_L2_BLOCK * 3 / 4 || upper->count == 0) {
        memcpy(lower->levels + lower->count, upper->levels, upper->count * sizeof *upper->levels);
        lower->count += upper->count;
        llt_l2_remove_place(side, place + 1);
    }
}

/* Takes the level at `price` away; false when there is none. */
static inline bool llt_l2_delete(llt_l2_side *side, int64_t price) {
    const int64_t key = price ^ side->mirror;
    const size_t place = llt_l2_place_of(side, key);
    llt_l2_block *block = side->places[place].block;
    const size_t at = llt_l2_find(block, key);
    if (at == block->count || block->levels[at].key != key) {
        return false;
    }
    llt_l2_close(block, at);
    side->count--;
    if (block->count < LLT_L2_BLOCK / 4 && side->place_count > 1) {
        llt_l2_join(side, place);
        llt_l2_join(side, place - (place > 0));
    }
    return true;
}

/* Sets the quantity at `price`; 0 deletes. -1 when a new level found no memory: the side is as before. */
static inline int llt_l2_update(llt_l2_side *side, int64_t price, uint64_t quantity) {
    if (quantity == 0) {
        llt_l2_delete(side, price);
        return 0;
    }
    const int64_t key = price ^ side->mirror;
    size_t place = llt_l2_place_of(side, key);
    llt_l2_block *block = side->places[place].block;
    size_t at = llt_l2_find(block, key);
    if (at < block->count && block->levels[at].key == key) {
        block->levels[at].quantity = quantity;
        return 0;
    }
    if (block->count == LLT_L2_BLOCK) {
        if (llt_l2_split(side, place) != 0) {
            return -1;
        }
        place += at > LLT_L2_BLOCK / 2;
        at -= at > LLT_L2_BLOCK / 2 ? LLT_L2_BLOCK / 2 : 0;
        block = side->places[place].block;
    }
    llt_l2_open(block, at);
    block->levels[at] = (llt_l2_level){key, quantity};
    side->count++;
    return 0;
}

/* Quantity at `price`; 0 when there is no such level. */
static inline uint64_t llt_l2_quantity_at(const llt_l2_side *side, int64_t price) {
    const int64_t key = price ^ side->mirror;
    const llt_l2_block *block = side->places[llt_l2_place_of(side, key)].block;
    const size_t at = llt_l2_find(block, key);
    return at < block->count && block->levels[at].key == key ? block->levels[at].quantity : 0;
}

/* The level `rank` behind the best, which is 0. The caller checks rank < count. */
static inline const llt_l2_level *llt_l2_level_at(const llt_l2_side *side, size_t rank) {
    const llt_l2_block *block = side->best;
    if (block->count == 0) {
        __builtin_unreachable(); /* it has levels, as the side has: the best is read without a compare */
    }
    for (size_t place = side->place_count - 1; rank >= block->count; block = side->places[--place].block) {
        rank -= block->count;
    }
    return &block->levels[block->count - 1 - rank];
}

static inline int64_t llt_l2_price(const llt_l2_side *side, size_t rank) {
    return llt_l2_level_at(side, rank)->key ^ side->mirror;
}

static inline uint64_t llt_l2_quantity(const llt_l2_side *side, size_t rank) {
    return llt_l2_level_at(side, rank)->quantity;
}

/* `count` levels from `rank` on, the better first, their keys as prices. The caller checks that there are so many. */
static inline void llt_l2_copy(const llt_l2_side *side, size_t rank, size_t count, llt_l2_level *to) {
    for (size_t place = side->place_count; count > 0;) {
        const llt_l2_block *block = side->places[--place].block;
        for (; rank < block->count && count > 0; rank++, count--) {
            *to = block->levels[block->count - 1 - rank];
            to++->key ^= side->mirror;
        }
        rank = rank < block->count ? 0 : rank - block->count;
    }
}

#endif

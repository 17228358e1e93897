/* Price levels of all sides of a venue's books: total, count and queue of each, found by price.
 *
 * Levels are records of 32 bytes, two a line, known by a number of 32 bits so that their array may move as it grows;
 * llt_price_index.h gives the number for a price. A side is numbered 2 * book, asks one more.
 */
#ifndef LLT_L3_LEVELS_H
#define LLT_L3_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_large.h"
#include "llt_price_index.h"

enum { LLT_L3_BID = 0, LLT_L3_ASK = 1 };

typedef struct {
    int64_t key;
    uint64_t quantity;
    uint32_t head; /* of a free level: the next free one */
    uint32_t tail;
    uint32_t count;
    uint32_t side;
} llt_l3_level;

_Static_assert(sizeof(llt_l3_level) == 32, "two a line");

typedef struct {
    llt_l3_level *memory; /* number 0 is none */
    size_t capacity;
    size_t used;
    uint32_t free;
    llt_price_index *sides;
    size_t side_count;
} llt_l3_levels;

#define LLT_L3_LEVELS_AT_FIRST 256

/* Prices of asks are mirrored (llt_price_index.h). */
static inline int64_t llt_l3_mirror(unsigned side) { return (side & 1) == LLT_L3_ASK ? -1 : 0; }

static inline void llt_l3_levels_destroy(llt_l3_levels *levels) {
    llt_large_free(levels->memory, levels->capacity, sizeof *levels->memory);
    for (size_t side = 0; levels->sides != NULL && side < levels->side_count; side++) {
        llt_price_index_destroy(&levels->sides[side]);
    }
    llt_large_free(levels->sides, levels->side_count, sizeof *levels->sides);
}

/* False: no memory; destroy takes what there is. */
static inline bool llt_l3_levels_init(llt_l3_levels *levels, size_t sides) {
    *levels = (llt_l3_levels){.capacity = LLT_L3_LEVELS_AT_FIRST, .used = 1, .side_count = sides};
    levels->memory = (llt_l3_level *)llt_large_zeroed(levels->capacity, sizeof *levels->memory);
    levels->sides = (llt_price_index *)llt_large_zeroed(sides, sizeof *levels->sides);
    return levels->memory != NULL && levels->sides != NULL;
}

/* Number of the level at `key` of a side, made when there is none; LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_at(llt_l3_levels *levels, unsigned side, int64_t key) {
    llt_price_index *index = &levels->sides[side];
    uint32_t number = llt_price_index_get(index, key);
    if (number != LLT_NO_LEVEL) {
        return number;
    }
    number = levels->free;
    if (number == LLT_NO_LEVEL) {
        if (levels->used == levels->capacity) {
            llt_l3_level *memory = (llt_l3_level *)llt_large_grown(levels->memory, levels->capacity,
                                                                   2 * levels->capacity, sizeof *levels->memory);
            if (memory == NULL) {
                return LLT_NO_LEVEL;
            }
            levels->memory = memory;
            levels->capacity *= 2;
        }
        number = (uint32_t)levels->used;
    }
    if (llt_price_index_put(index, key, number) != 0) {
        return LLT_NO_LEVEL;
    }
    if (number == levels->free) {
        levels->free = levels->memory[number].head;
    } else {
        levels->used++;
    }
    levels->memory[number] = (llt_l3_level){.key = key, .side = side};
    return number;
}

/* Takes away a level that no order is in. */
static inline void llt_l3_levels_remove(llt_l3_levels *levels, uint32_t number) {
    llt_l3_level *level = &levels->memory[number];
    llt_price_index_remove(&levels->sides[level->side], level->key);
    level->head = levels->free;
    levels->free = number;
}

#endif

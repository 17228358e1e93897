/* Price levels of all sides of a venue's books: total, count and queue of each, found by price.
 *
 * Levels are records of 32 bytes, two a line, known by a number of 32 bits so that their array may move as it grows. They
 * are taken in groups of eight prices in a row; llt_price_index.h gives the number for a price. A side is numbered
 * 2 * book, asks one more.
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
    uint32_t head; /* of the first of a free group: the next free group */
    uint32_t tail;
    uint32_t count; /* 0: not there */
    uint32_t side;
} llt_l3_level;

_Static_assert(sizeof(llt_l3_level) == 32, "two a line");

typedef struct {
    llt_l3_level *memory; /* the first group is nobody's */
    size_t capacity;
    size_t used;
    uint32_t free; /* the first free group's first level */
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
    *levels = (llt_l3_levels){.capacity = LLT_L3_LEVELS_AT_FIRST, .used = LLT_GROUP, .side_count = sides};
    levels->memory = (llt_l3_level *)llt_large_zeroed(levels->capacity, sizeof *levels->memory);
    levels->sides = (llt_price_index *)llt_large_zeroed(sides, sizeof *levels->sides);
    return levels->memory != NULL && levels->sides != NULL;
}

/* Number of the first level of a free group, which stays free; LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_group(llt_l3_levels *levels) {
    if (levels->free != LLT_NO_LEVEL) {
        return levels->free;
    }
    if (levels->used == levels->capacity) {
        const size_t capacity = 2 * levels->capacity;
        llt_l3_level *memory =
            capacity > UINT32_MAX ? NULL
                                  : (llt_l3_level *)llt_large_grown(levels->memory, levels->capacity, capacity,
                                                                    sizeof *levels->memory);
        if (memory == NULL) {
            return LLT_NO_LEVEL;
        }
        levels->memory = memory;
        levels->capacity = capacity;
    }
    return (uint32_t)levels->used;
}

/* A level at `key` of a side that has none; `number` as the index gives it. LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_make(llt_l3_levels *levels, unsigned side, int64_t key, uint32_t number) {
    const uint32_t group = number == LLT_NO_LEVEL ? llt_l3_levels_group(levels) : LLT_NO_LEVEL;
    if (number == LLT_NO_LEVEL) {
        if (group == LLT_NO_LEVEL) {
            return LLT_NO_LEVEL;
        }
        number = group + (uint32_t)((uint64_t)key % LLT_GROUP);
    }
    if (llt_price_index_put(&levels->sides[side], key, number) != 0) {
        return LLT_NO_LEVEL;
    }
    if (group == levels->free && group != LLT_NO_LEVEL) {
        levels->free = levels->memory[group].head;
    } else if (group != LLT_NO_LEVEL) {
        levels->used += LLT_GROUP;
    }
    levels->memory[number] = (llt_l3_level){.key = key, .side = side};
    return number;
}

/* Number of the level at `key` of a side; LLT_NO_LEVEL when there is none. */
static inline uint32_t llt_l3_levels_find(const llt_l3_levels *levels, unsigned side, int64_t key) {
    const uint32_t number = llt_price_index_get(&levels->sides[side], key);
    return levels->memory[number].count != 0 ? number : LLT_NO_LEVEL; /* level 0 has no orders */
}

/* The same, made when there is none: its count is the caller's to raise. LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_at(llt_l3_levels *levels, unsigned side, int64_t key) {
    const uint32_t number = llt_price_index_get(&levels->sides[side], key);
    return levels->memory[number].count != 0 ? number : llt_l3_levels_make(levels, side, key, number);
}

/* Takes away a level that no order is in. */
static inline void llt_l3_levels_remove(llt_l3_levels *levels, uint32_t number) {
    const llt_l3_level *level = &levels->memory[number];
    const uint32_t group = llt_price_index_remove(&levels->sides[level->side], level->key);
    if (group != LLT_NO_LEVEL) {
        levels->memory[group].head = levels->free;
        levels->free = group;
    }
}

#endif

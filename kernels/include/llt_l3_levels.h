/* Price levels of all sides of a venue's books: total, count and queue of each, found by price.
 *
 * Levels are records of 16 bytes, four a line, or of 24 where queues are kept, known by a number of 32 bits so that
 * their array may move as it grows. They are taken in groups of eight prices in a row, whose first key is kept apart: it
 * is looked at when a level goes, not when its orders do. llt_price_index.h gives the number for a price. A side is
 * numbered 2 * book, asks one more.
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
    uint64_t quantity;
    uint32_t count; /* 0: not there */
    uint32_t side;  /* of the first of a free group: the next free group */
} llt_l3_level;

/* Behind the level, where queues are kept: the orders that came first and last. */
typedef struct {
    uint32_t front;
    uint32_t back;
} llt_l3_ends;

_Static_assert(sizeof(llt_l3_level) == 16 && sizeof(llt_l3_ends) == 8, "four a line");

typedef struct {
    char *memory; /* the first group is nobody's */
    size_t size;  /* of a level */
    int64_t *keys;        /* of the first level of each group */
    size_t capacity;
    size_t key_capacity; /* groups */
    size_t used;
    uint32_t free; /* the first free group's first level */
    llt_price_index *sides;
    size_t side_count;
} llt_l3_levels;

#define LLT_L3_LEVELS_AT_FIRST ((size_t)256)

static inline llt_l3_level *llt_l3_levels_get(const llt_l3_levels *levels, uint32_t number) {
    return (llt_l3_level *)(void *)(levels->memory + number * levels->size);
}

static inline llt_l3_ends *llt_l3_levels_ends(const llt_l3_levels *levels, uint32_t number) {
    return (llt_l3_ends *)(void *)(llt_l3_levels_get(levels, number) + 1);
}

/* Prices of asks are mirrored (llt_price_index.h). */
static inline int64_t llt_l3_mirror(unsigned side) { return (side & 1) == LLT_L3_ASK ? -1 : 0; }

static inline void llt_l3_levels_destroy(llt_l3_levels *levels) {
    llt_large_free(levels->memory, levels->capacity, levels->size);
    llt_large_free(levels->keys, levels->key_capacity, sizeof *levels->keys);
    for (size_t side = 0; levels->sides != NULL && side < levels->side_count; side++) {
        llt_price_index_destroy(&levels->sides[side]);
    }
    llt_large_free(levels->sides, levels->side_count, sizeof *levels->sides);
}

/* Levels below `capacity`. False: no memory, all that there was is as before. */
static inline bool llt_l3_levels_grow(llt_l3_levels *levels, size_t capacity) {
    const size_t groups = capacity / LLT_GROUP;
    if (capacity > UINT32_MAX) {
        return false;
    }
    if (levels->key_capacity < groups) { /* it is not where the levels found no memory the time before */
        int64_t *keys = (int64_t *)llt_large_grown(levels->keys, levels->key_capacity, groups, sizeof *keys);
        if (keys == NULL) {
            return false;
        }
        levels->keys = keys;
        levels->key_capacity = groups;
    }
    char *memory = (char *)llt_large_grown(levels->memory, levels->capacity, capacity, levels->size);
    if (memory == NULL) {
        return false;
    }
    levels->memory = memory;
    levels->capacity = capacity;
    return true;
}

/* False: no memory; destroy takes what there is. */
static inline bool llt_l3_levels_init(llt_l3_levels *levels, size_t sides, bool queues) {
    *levels = (llt_l3_levels){.used = LLT_GROUP, .side_count = sides};
    levels->size = sizeof(llt_l3_level) + (queues ? sizeof(llt_l3_ends) : 0);
    levels->sides = (llt_price_index *)llt_large_zeroed(sides, sizeof *levels->sides);
    return levels->sides != NULL && llt_l3_levels_grow(levels, LLT_L3_LEVELS_AT_FIRST);
}

/* Number of the first level of a free group, which stays free; LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_group(llt_l3_levels *levels) {
    if (levels->free != LLT_NO_LEVEL) {
        return levels->free;
    }
    if (levels->used == levels->capacity && !llt_l3_levels_grow(levels, 2 * levels->capacity)) {
        return LLT_NO_LEVEL;
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
    if (group != LLT_NO_LEVEL) {
        if (group == levels->free) {
            levels->free = llt_l3_levels_get(levels, group)->side;
        } else {
            levels->used += LLT_GROUP;
        }
        levels->keys[group / LLT_GROUP] = key & ~(int64_t)(LLT_GROUP - 1);
    }
    llt_l3_levels_get(levels, number)->side = side; /* all else is zero, as the last order left it */
    return number;
}

static inline int64_t llt_l3_levels_key(const llt_l3_levels *levels, uint32_t number) {
    return levels->keys[number / LLT_GROUP] + number % LLT_GROUP;
}

/* Number of the level at `key` of a side; LLT_NO_LEVEL when there is none. */
static inline uint32_t llt_l3_levels_find(const llt_l3_levels *levels, unsigned side, int64_t key) {
    const uint32_t number = llt_price_index_get(&levels->sides[side], key);
    return llt_l3_levels_get(levels, number)->count != 0 ? number : LLT_NO_LEVEL; /* level 0 has no orders */
}

/* The same, made when there is none: its count is the caller's to raise. LLT_NO_LEVEL: no memory. */
static inline uint32_t llt_l3_levels_at(llt_l3_levels *levels, unsigned side, int64_t key) {
    const uint32_t number = llt_price_index_get(&levels->sides[side], key);
    return llt_l3_levels_get(levels, number)->count != 0 ? number : llt_l3_levels_make(levels, side, key, number);
}

/* Takes away a level that no order is in. */
static inline void llt_l3_levels_remove(llt_l3_levels *levels, uint32_t number) {
    llt_price_index *side = &levels->sides[llt_l3_levels_get(levels, number)->side];
    const uint32_t group = llt_price_index_remove(side, llt_l3_levels_key(levels, number));
    if (group != LLT_NO_LEVEL) {
        llt_l3_levels_get(levels, group)->side = levels->free;
        levels->free = group;
    }
}

#endif

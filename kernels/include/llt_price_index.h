/* Prices of one side of a book to numbers of levels: best price and lookup in a few instructions, memory bounded.
 *
 * A key is the price xor the side's mirror (bids 0, asks all ones), so that the best is always the highest key and no
 * key overflows. The 4096 keys round the best are a window: an array of level numbers, and a bitmap of two levels that
 * is exactly 64 x 64 bits, so that the highest key is two bit scans. Keys below the window are a sorted array, best
 * last. Nothing lies above the window: a better key moves it up, and levels that leave it below are appended to the
 * array in order. When the best has fallen to the lowest quarter the window moves down and takes the array's end in.
 * Both need the best to move by 1000 keys or more, so that they are rare; memory follows the number of levels.
 */
#ifndef LLT_PRICE_INDEX_H
#define LLT_PRICE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LLT_WINDOW 4096
#define LLT_NO_LEVEL 0 /* levels are numbered from 1 */

typedef struct {
    int64_t key;
    uint32_t level;
} llt_far_level;

typedef struct {
    int64_t base; /* key of the window's first place */
    uint64_t summary;
    uint64_t words[LLT_WINDOW / 64];
    uint32_t window[LLT_WINDOW];
    llt_far_level *far;
    size_t far_count;
    size_t far_capacity;
} llt_price_index;

_Static_assert(LLT_WINDOW == 64 * 64, "one summary word");

static inline void llt_price_index_init(llt_price_index *index) { memset(index, 0, sizeof *index); }

static inline void llt_price_index_destroy(llt_price_index *index) {
    free(index->far);
    index->far = NULL;
}

static inline bool llt_price_index_empty(const llt_price_index *index) { return index->summary == 0; }

/* Place of `key` in the window; LLT_WINDOW or more when it is not inside. */
static inline uint64_t llt_price_index_place(const llt_price_index *index, int64_t key) {
    return (uint64_t)key - (uint64_t)index->base;
}

static inline unsigned llt_price_index_best_place(const llt_price_index *index) {
    const unsigned word = 63 - (unsigned)__builtin_clzll(index->summary);
    return word * 64 + 63 - (unsigned)__builtin_clzll(index->words[word]);
}

/* The highest key; the caller knows that there is one. */
static inline int64_t llt_price_index_best_key(const llt_price_index *index) {
    return (int64_t)((uint64_t)index->base + llt_price_index_best_place(index));
}

static inline uint32_t llt_price_index_best(const llt_price_index *index) {
    return index->window[llt_price_index_best_place(index)];
}

static inline void llt_price_index_set(llt_price_index *index, uint64_t place, uint32_t level) {
    index->window[place] = level;
    index->words[place / 64] |= UINT64_C(1) << (place % 64);
    index->summary |= UINT64_C(1) << (place / 64);
}

static inline void llt_price_index_unset(llt_price_index *index, uint64_t place) {
    index->window[place] = LLT_NO_LEVEL;
    index->words[place / 64] &= ~(UINT64_C(1) << (place % 64));
    if (index->words[place / 64] == 0) {
        index->summary &= ~(UINT64_C(1) << (place / 64));
    }
}

/* Number of far keys below `key`. */
static inline size_t llt_price_index_far_find(const llt_price_index *index, int64_t key) {
    size_t low = 0, high = index->far_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (index->far[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* -1 when memory is not to be had. */
static inline int llt_price_index_reserve(llt_price_index *index, size_t capacity) {
    if (capacity <= index->far_capacity) {
        return 0;
    }
    capacity = capacity < 64 ? 64 : capacity + capacity / 2;
    llt_far_level *far = (llt_far_level *)realloc(index->far, capacity * sizeof *far);
    if (far == NULL) {
        return -1;
    }
    index->far = far;
    index->far_capacity = capacity;
    return 0;
}

/* Moves the window so that `best` lies at three quarters of it. The far array has room for what leaves it. */
static inline void llt_price_index_move(llt_price_index *index, int64_t best) {
    const int64_t lowest = INT64_MIN + LLT_WINDOW * 3 / 4;
    const int64_t highest = INT64_MAX - (LLT_WINDOW / 4 - 1); /* the last place is then INT64_MAX */
    const int64_t base = (best < lowest ? lowest : best > highest ? highest : best) - LLT_WINDOW * 3 / 4;
    llt_price_index old = *index;
    memset(index->words, 0, sizeof index->words);
    memset(index->window, 0, sizeof index->window);
    index->summary = 0;
    index->base = base;
    for (unsigned word = 0; word < 64; word++) {
        for (uint64_t left = old.words[word]; left != 0; left &= left - 1) {
            const unsigned place = word * 64 + (unsigned)__builtin_ctzll(left);
            const int64_t key = (int64_t)((uint64_t)old.base + place);
            if (key < base) {
                index->far[index->far_count++] = (llt_far_level){key, old.window[place]};
            } else {
                llt_price_index_set(index, llt_price_index_place(index, key), old.window[place]);
            }
        }
    }
    while (index->far_count > 0 && index->far[index->far_count - 1].key >= base) {
        const llt_far_level *last = &index->far[--index->far_count];
        llt_price_index_set(index, llt_price_index_place(index, last->key), last->level);
    }
}

/* Level at `key`; LLT_NO_LEVEL when there is none. */
static inline uint32_t llt_price_index_get(const llt_price_index *index, int64_t key) {
    const uint64_t place = llt_price_index_place(index, key);
    if (key >= index->base && place < LLT_WINDOW) {
        return index->window[place];
    }
    const size_t at = llt_price_index_far_find(index, key);
    return at < index->far_count && index->far[at].key == key ? index->far[at].level : LLT_NO_LEVEL;
}

/* Puts a level at a key that has none. -1 when memory is not to be had: the index is as before. */
static inline int llt_price_index_put(llt_price_index *index, int64_t key, uint32_t level) {
    uint64_t place = llt_price_index_place(index, key);
    if (key >= index->base && place < LLT_WINDOW && index->summary != 0) {
        llt_price_index_set(index, place, level);
        return 0;
    }
    if (llt_price_index_reserve(index, index->far_count + LLT_WINDOW) != 0) {
        return -1;
    }
    if (index->summary == 0 || key >= index->base) {
        llt_price_index_move(index, key);
        llt_price_index_set(index, llt_price_index_place(index, key), level);
        return 0;
    }
    const size_t at = llt_price_index_far_find(index, key);
    memmove(index->far + at + 1, index->far + at, (index->far_count - at) * sizeof *index->far);
    index->far[at] = (llt_far_level){key, level};
    index->far_count++;
    return 0;
}

/* Takes a level away that is there. */
static inline void llt_price_index_remove(llt_price_index *index, int64_t key) {
    const uint64_t place = llt_price_index_place(index, key);
    if (key >= index->base && place < LLT_WINDOW) {
        llt_price_index_unset(index, place);
        if (index->far_count == 0) {
            return;
        }
        if (index->summary == 0) {
            llt_price_index_move(index, index->far[index->far_count - 1].key);
        } else if (place >= LLT_WINDOW / 4 && llt_price_index_best_place(index) < LLT_WINDOW / 4) {
            /* All of the window is above the new base: nothing is appended, no room is needed. */
            llt_price_index_move(index, llt_price_index_best_key(index));
        }
        return;
    }
    const size_t at = llt_price_index_far_find(index, key);
    memmove(index->far + at, index->far + at + 1, (index->far_count - at - 1) * sizeof *index->far);
    index->far_count--;
}

/* The next key below `*key`, worse by one level; false when there is none. */
static inline bool llt_price_index_next(const llt_price_index *index, int64_t *key, uint32_t *level) {
    if (*key > index->base) {
        const uint64_t place = llt_price_index_place(index, *key);
        unsigned word = (unsigned)(place / 64);
        uint64_t below = index->words[word] & ((UINT64_C(1) << (place % 64)) - 1);
        while (below == 0 && word > 0) {
            below = index->words[--word];
        }
        if (below != 0) {
            const unsigned found = word * 64 + 63 - (unsigned)__builtin_clzll(below);
            *key = (int64_t)((uint64_t)index->base + found);
            *level = index->window[found];
            return true;
        }
    }
    const size_t at = llt_price_index_far_find(index, *key);
    if (at == 0) {
        return false;
    }
    *key = index->far[at - 1].key;
    *level = index->far[at - 1].level;
    return true;
}

#endif

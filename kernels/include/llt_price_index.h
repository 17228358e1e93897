/* Prices of one side of a book to numbers of levels: best price and lookup in a few instructions, memory bounded.
 *
 * A key is the price xor the side's mirror (bids 0, asks all ones), so that the best is always the highest key and no
 * key overflows. Eight keys in a row are a group, and their levels lie side by side: the number of a key's level is that
 * of the group's first plus the key's last three bits, and neighbours at the best share their lines.
 *
 * The head is half a line, both sides of a book one line, and holds the best key: with many books that line is all that
 * a best price needs. The 4096 keys round the best are a window: the number of each group's levels, and a bitmap of two
 * steps that is exactly 64 x 64 bits, so that the next best key is two bit scans. Keys below the window are a sorted
 * array, best last. Nothing lies above the window: a better key moves it up, and levels that leave it below are appended
 * to the array in order. When the best has fallen to the lowest quarter the window moves down and takes the array's end
 * in. Both need the best to move by 1000 keys or more, so that they are rare; memory follows the number of levels.
 */
#ifndef LLT_PRICE_INDEX_H
#define LLT_PRICE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_arch.h"

#define LLT_WINDOW 4096
#define LLT_GROUP 8u   /* keys whose levels lie side by side */
#define LLT_NO_LEVEL 0 /* numbers start with the second group's */

typedef struct {
    int64_t key;
    uint32_t level;
} llt_far_level;

typedef struct {
    uint64_t words[LLT_WINDOW / 64];
    uint32_t window[LLT_WINDOW / LLT_GROUP]; /* number of the group's first level; 0: it has none */
    llt_far_level *far;
    size_t far_count;
    size_t far_capacity;
} llt_price_places;

typedef struct {
    int64_t base;     /* key of the window's first place, where a group starts */
    int64_t best;     /* the highest key, if there is one */
    uint64_t summary; /* 0: no key, not even a far one */
    llt_price_places *places;
} llt_price_index;

_Static_assert(LLT_WINDOW == 64 * 64, "one summary word");
_Static_assert(sizeof(llt_price_index) == 32, "both sides of a book in a line");

/* A zeroed head is a side without levels; the places are made for the first one. */
static inline void llt_price_index_destroy(llt_price_index *index) {
    if (index->places != NULL) {
        free(index->places->far);
        free(index->places);
    }
    *index = (llt_price_index){0};
}

static inline bool llt_price_index_empty(const llt_price_index *index) { return index->summary == 0; }

/* Place of `key` in the window; LLT_WINDOW or more when it is not inside. */
static inline uint64_t llt_price_index_place(const llt_price_index *index, int64_t key) {
    return (uint64_t)key - (uint64_t)index->base;
}

static inline void llt_price_index_set(llt_price_index *index, uint64_t place, uint32_t level) {
    const int64_t key = (int64_t)((uint64_t)index->base + place);
    index->best = index->summary == 0 || key > index->best ? key : index->best;
    index->places->window[place / LLT_GROUP] = level - (uint32_t)(place % LLT_GROUP);
    index->places->words[place / 64] |= UINT64_C(1) << (place % 64);
    index->summary |= UINT64_C(1) << (place / 64);
}

/* The first number of the group when it has no level left, else LLT_NO_LEVEL. */
static inline uint32_t llt_price_index_unset(llt_price_index *index, uint64_t place) {
    uint64_t *words = index->places->words;
    uint32_t *group = &index->places->window[place / LLT_GROUP], empty = LLT_NO_LEVEL;
    words[place / 64] &= ~(UINT64_C(1) << (place % 64));
    if ((words[place / 64] >> (place % 64 & ~(uint64_t)(LLT_GROUP - 1)) & ((1u << LLT_GROUP) - 1)) == 0) {
        empty = *group;
        *group = LLT_NO_LEVEL;
    }
    if (words[place / 64] == 0) {
        index->summary &= ~(UINT64_C(1) << (place / 64));
    }
    if (place == llt_price_index_place(index, index->best) && index->summary != 0) {
        const unsigned word = 63 - (unsigned)__builtin_clzll(index->summary);
        index->best = (int64_t)((uint64_t)index->base + word * 64 + 63 - (unsigned)__builtin_clzll(words[word]));
    }
    return empty;
}

/* Number of the level at a place whose group has levels. */
static inline uint32_t llt_price_index_at(const llt_price_places *places, uint64_t place) {
    return places->window[place / LLT_GROUP] + (uint32_t)(place % LLT_GROUP);
}

/* The level at the highest key; the caller knows that there is one. */
static inline uint32_t llt_price_index_best(const llt_price_index *index) {
    return llt_price_index_at(index->places, llt_price_index_place(index, index->best));
}

/* Number of far keys below `key`. */
static inline size_t llt_price_index_far_find(const llt_price_index *index, int64_t key) {
    const llt_far_level *far = index->places->far;
    size_t low = 0, high = index->places->far_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (far[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Room for as many far levels as a move may add. -1 when memory is not to be had. */
static inline int llt_price_index_reserve(llt_price_index *index) {
    if (index->places == NULL) {
        llt_price_places *places = (llt_price_places *)calloc(1, sizeof *places);
        if (places == NULL) {
            return -1;
        }
        index->places = places;
    }
    llt_price_places *places = index->places;
    size_t capacity = places->far_count + LLT_WINDOW;
    if (capacity <= places->far_capacity) {
        return 0;
    }
    capacity += capacity / 2;
    llt_far_level *far = (llt_far_level *)realloc(places->far, capacity * sizeof *far);
    if (far == NULL) {
        return -1;
    }
    places->far = far;
    places->far_capacity = capacity;
    return 0;
}

/* Whether two keys are of one group. */
static inline bool llt_price_index_together(int64_t one, int64_t other) {
    return (((uint64_t)one ^ (uint64_t)other) & ~(uint64_t)(LLT_GROUP - 1)) == 0;
}

/* The first number of the group of `key` if a far level on either side of `at`, where it belongs, is of it. */
static inline uint32_t llt_price_index_far_group(const llt_price_places *places, size_t at, int64_t key) {
    for (size_t near = at - (at > 0); near <= at && near < places->far_count; near++) {
        if (llt_price_index_together(places->far[near].key, key)) {
            return places->far[near].level & ~(LLT_GROUP - 1);
        }
    }
    return LLT_NO_LEVEL;
}

/* Moves the window so that `best` lies at three quarters of it. The far array has room for what leaves it. */
static inline void llt_price_index_move(llt_price_index *index, int64_t best) {
    const int64_t lowest = INT64_MIN + LLT_WINDOW * 3 / 4;
    const int64_t highest = INT64_MAX - (LLT_WINDOW / 4 - 1); /* the last place is then INT64_MAX */
    const llt_price_index old = *index;
    const llt_price_places before = *old.places;
    llt_price_places *places = index->places;
    memset(places->words, 0, sizeof places->words);
    memset(places->window, 0, sizeof places->window);
    index->summary = 0;
    index->base = ((best < lowest ? lowest : best > highest ? highest : best) - LLT_WINDOW * 3 / 4) &
                  ~(int64_t)(LLT_GROUP - 1);
    for (unsigned word = 0; word < 64; word++) {
        for (uint64_t left = before.words[word]; left != 0; left &= left - 1) {
            const unsigned place = word * 64 + (unsigned)__builtin_ctzll(left);
            const int64_t key = (int64_t)((uint64_t)old.base + place);
            if (key < index->base) {
                places->far[places->far_count++] = (llt_far_level){key, llt_price_index_at(&before, place)};
            } else {
                llt_price_index_set(index, llt_price_index_place(index, key), llt_price_index_at(&before, place));
            }
        }
    }
    while (places->far_count > 0 && places->far[places->far_count - 1].key >= index->base) {
        const llt_far_level *last = &places->far[--places->far_count];
        llt_price_index_set(index, llt_price_index_place(index, last->key), last->level);
    }
}

/* Loads the place of a key, for a caller that knows what comes. */
static inline void llt_price_index_prefetch(const llt_price_index *index, int64_t key) {
    if (index->places != NULL) {
        llt_prefetch(&index->places->window[llt_price_index_place(index, key) % LLT_WINDOW / LLT_GROUP]);
    }
}

/* Number for the level at `key`, which may have none; LLT_NO_LEVEL when its group has no levels. */
static inline uint32_t llt_price_index_get(const llt_price_index *index, int64_t key) {
    const uint64_t place = llt_price_index_place(index, key);
    uint32_t group;
    if (index->summary == 0) {
        return LLT_NO_LEVEL;
    }
    if (key >= index->base && place < LLT_WINDOW) {
        group = index->places->window[place / LLT_GROUP];
    } else if (key > index->base) {
        return LLT_NO_LEVEL;
    } else {
        group = llt_price_index_far_group(index->places, llt_price_index_far_find(index, key), key);
    }
    return group == LLT_NO_LEVEL ? LLT_NO_LEVEL : group + (uint32_t)((uint64_t)key % LLT_GROUP);
}

/* Puts a level at a key that has none; its number is that of get, where that gives one. -1 when memory is not to be had: the index is as before. */
static inline int llt_price_index_put(llt_price_index *index, int64_t key, uint32_t level) {
    const uint64_t place = llt_price_index_place(index, key);
    if (key >= index->base && place < LLT_WINDOW && index->summary != 0) {
        llt_price_index_set(index, place, level);
        return 0;
    }
    if (llt_price_index_reserve(index) != 0) {
        return -1;
    }
    if (index->summary == 0 || key >= index->base) {
        llt_price_index_move(index, key);
        llt_price_index_set(index, llt_price_index_place(index, key), level);
        return 0;
    }
    llt_price_places *places = index->places;
    const size_t at = llt_price_index_far_find(index, key);
    memmove(places->far + at + 1, places->far + at, (places->far_count - at) * sizeof *places->far);
    places->far[at] = (llt_far_level){key, level};
    places->far_count++;
    return 0;
}

/* Takes a level away that is there. The first number of its group when that has no level left, else LLT_NO_LEVEL. */
static inline uint32_t llt_price_index_remove(llt_price_index *index, int64_t key) {
    const uint64_t place = llt_price_index_place(index, key);
    llt_price_places *places = index->places;
    if (key >= index->base && place < LLT_WINDOW) {
        const uint32_t empty = llt_price_index_unset(index, place);
        if (places->far_count == 0) {
            return empty;
        }
        if (index->summary == 0) {
            llt_price_index_move(index, places->far[places->far_count - 1].key);
        } else if (place >= LLT_WINDOW / 4 && llt_price_index_place(index, index->best) < LLT_WINDOW / 4) {
            /* All of the window is above the new base: nothing is appended, no room is needed. */
            llt_price_index_move(index, index->best);
        }
        return empty;
    }
    const size_t at = llt_price_index_far_find(index, key);
    const uint32_t group = places->far[at].level & ~(LLT_GROUP - 1);
    memmove(places->far + at, places->far + at + 1, (places->far_count - at - 1) * sizeof *places->far);
    places->far_count--;
    return llt_price_index_far_group(places, at, key) == LLT_NO_LEVEL ? group : LLT_NO_LEVEL;
}

/* The next key below `*key`, worse by one level; false when there is none. */
static inline bool llt_price_index_next(const llt_price_index *index, int64_t *key, uint32_t *level) {
    const llt_price_places *places = index->places;
    if (*key > index->base) {
        const uint64_t place = llt_price_index_place(index, *key);
        unsigned word = (unsigned)(place / 64);
        uint64_t below = places->words[word] & ((UINT64_C(1) << (place % 64)) - 1);
        while (below == 0 && word > 0) {
            below = places->words[--word];
        }
        if (below != 0) {
            const unsigned found = word * 64 + 63 - (unsigned)__builtin_clzll(below);
            *key = (int64_t)((uint64_t)index->base + found);
            *level = llt_price_index_at(places, found);
            return true;
        }
    }
    const size_t at = llt_price_index_far_find(index, *key);
    if (at == 0) {
        return false;
    }
    *key = places->far[at - 1].key;
    *level = places->far[at - 1].level;
    return true;
}

#endif

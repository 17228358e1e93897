/* The chapter's price levels as a baseline: a balanced tree with a node, taken from malloc, for each level.
 *
 * It stands for BTreeMap, std::map and their like: a search from the root, memory taken and given back as levels come
 * and go, and a walk down the edge for the best price after every update. A treap: the key orders, a random priority
 * balances. Not for use.
 */
#ifndef LLT_SKETCH_BOOK_H
#define LLT_SKETCH_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

typedef struct llt_sketch_level {
    int64_t key;
    uint64_t quantity;
    uint64_t priority;
    struct llt_sketch_level *lower;
    struct llt_sketch_level *higher;
} llt_sketch_level;

typedef struct {
    llt_sketch_level *root;
    uint64_t state;
} llt_sketch_side;

static inline llt_sketch_level *llt_sketch_merge(llt_sketch_level *lower, llt_sketch_level *higher) {
    llt_sketch_level *root = NULL, **at = &root;
    while (lower != NULL && higher != NULL) {
        if (lower->priority > higher->priority) {
            *at = lower;
            at = &lower->higher;
            lower = lower->higher;
        } else {
            *at = higher;
            at = &higher->lower;
            higher = higher->lower;
        }
    }
    *at = lower != NULL ? lower : higher;
    return root;
}

/* Sets the quantity at `key`, 0 takes the level away. -1 when memory is not to be had. */
static inline int llt_sketch_update(llt_sketch_side *side, int64_t key, uint64_t quantity) {
    llt_sketch_level **at = &side->root;
    while (*at != NULL && (*at)->key != key) {
        at = key < (*at)->key ? &(*at)->lower : &(*at)->higher;
    }
    if (*at != NULL && quantity != 0) {
        (*at)->quantity = quantity;
        return 0;
    }
    if (*at != NULL) {
        llt_sketch_level *gone = *at;
        *at = llt_sketch_merge(gone->lower, gone->higher);
        free(gone);
        return 0;
    }
    if (quantity == 0) {
        return 0;
    }
    llt_sketch_level *level = (llt_sketch_level *)malloc(sizeof *level);
    if (level == NULL) {
        return -1;
    }
    side->state = side->state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    *level = (llt_sketch_level){.key = key, .quantity = quantity, .priority = side->state >> 1};
    at = &side->root;
    while (*at != NULL && (*at)->priority > level->priority) {
        at = key < (*at)->key ? &(*at)->lower : &(*at)->higher;
    }
    /* What hangs here is split at the key into the new level's two sides. */
    llt_sketch_level *rest = *at, **lower = &level->lower, **higher = &level->higher;
    *at = level;
    while (rest != NULL) {
        if (rest->key < key) {
            *lower = rest;
            lower = &rest->higher;
            rest = rest->higher;
        } else {
            *higher = rest;
            higher = &rest->lower;
            rest = rest->lower;
        }
    }
    *lower = *higher = NULL;
    return 0;
}

/* The highest key, if there is one. */
static inline bool llt_sketch_best(const llt_sketch_side *side, int64_t *key) {
    const llt_sketch_level *level = side->root;
    if (level == NULL) {
        return false;
    }
    while (level->higher != NULL) {
        level = level->higher;
    }
    *key = level->key;
    return true;
}

static inline void llt_sketch_destroy(llt_sketch_side *side) {
    while (side->root != NULL) {
        llt_sketch_level *gone = side->root;
        side->root = llt_sketch_merge(gone->lower, gone->higher);
        free(gone);
    }
}

#endif

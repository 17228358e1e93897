/* Pool of fixed-size records for one thread: acquire and release without malloc, by handles that are checked.
 *
 * Handle: generation (24 bits) | pool (8 bits, never 0) | 0 | index (31 bits). A record's generation grows at each
 * release: a handle that was released, or belongs to another pool, is refused. A stale handle is taken for a live one
 * only when its record was reused exactly a multiple of 2^24 times since. In the pool, the bit above the index tells the
 * handle that a free record will have from that of one in use: a number with that bit is never a handle.
 *
 * `recent` is the handle of the record acquired last or released last, and most work is done on it alone: a record that
 * is released before another is acquired costs an acquire and a release of one word each, and an acquire behind a
 * release one word too. Whatever else is free is on a stack of handles, the next one on top, that ends in a 0; whatever
 * else is in use has its handle as its state. So the record released last is acquired first: it is the one still in the
 * cache.
 *
 * Memory: the pool, a state for each record, and the stack are one block; the records are another, with nothing between
 * them, so that one of 64 bytes has a cache line to itself and a write to a released one breaks nothing. One compare
 * with a state checks all three parts of a handle, and an index is cut to the states by a mask, not by a branch. The
 * states are more than the records by at least one: no number that stands in a state is that of a handle with the
 * state's own index, but the handle of its record in use.
 */
#ifndef LLT_POOL_H
#define LLT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_large.h"

#define LLT_POOL_INDEX_BITS 31
#define LLT_POOL_SERIAL_BITS 8
#define LLT_POOL_GENERATION_BITS 24
#define LLT_POOL_INDEX (((uint64_t)1 << LLT_POOL_INDEX_BITS) - 1) /* that part of a handle */
#define LLT_POOL_FREE ((uint64_t)1 << LLT_POOL_INDEX_BITS)        /* in the handle that a free record will have */
#define LLT_POOL_GENERATION ((uint64_t)1 << (64 - LLT_POOL_GENERATION_BITS)) /* one more of them */
#define LLT_POOL_MAX ((size_t)LLT_POOL_INDEX) /* records: the largest index is none of theirs */
#define LLT_POOL_NONE UINT64_MAX              /* a state, with the largest index */

_Static_assert(LLT_POOL_INDEX_BITS == 31, "an index is the low half of a handle, which is negative in a free one");
_Static_assert(LLT_POOL_INDEX_BITS + 1 + LLT_POOL_SERIAL_BITS + LLT_POOL_GENERATION_BITS == 64,
               "a handle is one word");

typedef struct {
    uint64_t recent;
    uint64_t *top; /* of the stack: the handle that is given out next, or 0 */
    unsigned char *records;
    size_t stride;
    uint64_t mask; /* number of states - 1 */
    size_t capacity;
    uint64_t *end; /* of the stack: its 0 */
    uint64_t states[];
} llt_pool;

static inline size_t llt_pool_stride(size_t record_size) { return (record_size + 7) / 8 * 8; }

/* The smallest power of two above `capacity`. */
static inline size_t llt_pool_states(size_t capacity) { return (size_t)1 << (64 - __builtin_clzll(capacity)); }

/* What tells a pool's handles from those of 254 others. */
static inline uint64_t llt_pool_serial(uint32_t number) {
    return (uint64_t)(1 + number % ((1u << LLT_POOL_SERIAL_BITS) - 1)) << (LLT_POOL_INDEX_BITS + 1);
}

/* The records, touched, so that no acquire pays for it; NULL when their memory is not to be had. */
static inline unsigned char *llt_pool_records(size_t capacity, size_t record_size) {
    if (capacity == 0 || capacity > LLT_POOL_MAX || record_size > (size_t)PTRDIFF_MAX / 2) {
        return NULL;
    }
    unsigned char *records = (unsigned char *)llt_large_zeroed(capacity, llt_pool_stride(record_size));
    if (records != NULL) {
        llt_large_touch(records, capacity * llt_pool_stride(record_size));
    }
    return records;
}

/* The 8-byte words of a pool's block: itself, states, stack. */
static inline size_t llt_pool_words(size_t capacity) {
    return sizeof(llt_pool) / 8 + llt_pool_states(capacity) + capacity + 1;
}

/* NULL when memory is not to be had. `number` is another one for each pool. */
static inline llt_pool *llt_pool_create(size_t capacity, size_t record_size, uint32_t number) {
    unsigned char *records = llt_pool_records(capacity, record_size);
    if (records == NULL) {
        return NULL;
    }
    size_t states = llt_pool_states(capacity);
    llt_pool *pool = (llt_pool *)llt_large_zeroed(llt_pool_words(capacity), 8);
    if (pool == NULL) {
        llt_large_free(records, capacity, llt_pool_stride(record_size));
        return NULL;
    }
    pool->records = records;
    pool->stride = llt_pool_stride(record_size);
    pool->mask = states - 1;
    pool->capacity = capacity;
    pool->top = pool->states + states;
    pool->end = pool->top + capacity;
    for (size_t i = 0; i < capacity; i++) {
        pool->states[i] = LLT_POOL_NONE;
        pool->top[i] = LLT_POOL_FREE | llt_pool_serial(number) | i;
    }
    pool->recent = *pool->top++;
    return pool;
}

static inline void llt_pool_destroy(llt_pool *pool) {
    if (pool != NULL) {
        llt_large_free(pool->records, pool->capacity, pool->stride);
        llt_large_free(pool, llt_pool_words(pool->capacity), 8);
    }
}

static inline bool llt_pool_is_free(uint64_t handle) { return (int32_t)handle < 0; }

static inline size_t llt_pool_available(const llt_pool *pool) {
    return (size_t)(pool->end - pool->top) + llt_pool_is_free(pool->recent);
}

/* A free record and its handle; NULL when every record is in use. */
static inline void *llt_pool_acquire(llt_pool *pool, uint64_t *handle) {
    uint64_t mine = pool->recent;
    if (__builtin_expect(!llt_pool_is_free(mine), 0)) {
        const uint64_t next = *pool->top;
        if (__builtin_expect(next == 0, 0)) {
            return NULL;
        }
        pool->top++;
        pool->states[(uint32_t)mine] = mine;
        mine = next;
    }
    mine ^= LLT_POOL_FREE;
    pool->recent = mine;
    *handle = mine;
    return pool->records + (uint32_t)mine * pool->stride;
}

static inline bool llt_pool_is_recent(const llt_pool *pool, uint64_t handle) {
    return handle == pool->recent && !llt_pool_is_free(handle);
}

/* The record of a handle, NULL when the handle is not one of a record in use here. */
static inline void *llt_pool_record(const llt_pool *pool, uint64_t handle) {
    size_t index = (size_t)(handle & pool->mask);
    bool live = pool->states[index] == handle || llt_pool_is_recent(pool, handle);
    return __builtin_expect(live, 1) ? pool->records + index * pool->stride : NULL;
}

/* False, and nothing happens, when the handle is not one of a record in use here: released before, or foreign. */
static inline bool llt_pool_release(llt_pool *pool, uint64_t handle) {
    const uint64_t recent = pool->recent;
    if (__builtin_expect(!llt_pool_is_recent(pool, handle), 0)) {
        uint64_t *state = &pool->states[handle & pool->mask];
        if (__builtin_expect(*state != handle, 0)) {
            return false;
        }
        *state = LLT_POOL_NONE;
        if (llt_pool_is_free(recent)) {
            *--pool->top = recent;
        } else {
            pool->states[(uint32_t)recent] = recent;
        }
    }
    pool->recent = handle + LLT_POOL_GENERATION + LLT_POOL_FREE; /* the generation wraps and leaves the rest as it is */
    return true;
}

#endif

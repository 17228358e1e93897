/* The pool of llt_pool.h for any number of threads: a Treiber stack with a tag.
 *
 * `top` holds the index of the first free record (low half, LLT_POOL_INDEX at the end) and a tag (high half) that grows
 * with every change. Without the tag, a thread that read `top` and the link behind it, and slept while others took that
 * record, took the next one and gave the first back, would find `top` as it was and link a record in use into the list
 * (ABA). The tag wraps after 2^32 changes: a thread would have to sleep through exactly that many.
 *
 * The state of a record in use is its handle, that of a free one the index of the next. A handle's generation is the tag
 * of the change that took the record, so it costs no word of its own. It is taken for a live one only when its record
 * was taken again exactly a multiple of 2^24 changes later.
 *
 * Ordering: release pushes with a releasing exchange, after its link; acquire reads `top` and takes it with acquiring
 * ones, so it sees that link and all that the last owner wrote. A link may be read while another thread that owns the
 * record writes a handle there: both are atomic, and the exchange fails then. Every operation on `top` is an exchange,
 * so a chain of pushes and pops is one release sequence.
 *
 * A state is changed by its record's owner alone, and by an exchange at its release: of two threads that release one
 * handle, one is refused.
 */
#ifndef LLT_SHARED_POOL_H
#define LLT_SHARED_POOL_H

#include "llt_atomic.h"
#include "llt_pool.h"

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 top;
    _Alignas(LLT_LINE) unsigned char *records; /* what never changes stays out of the contended line */
    size_t stride;
    uint64_t mask; /* number of states - 1 */
    size_t capacity;
    uint64_t serial;
    llt_atomic_u64 states[];
} llt_shared_pool;

static inline uint64_t llt_shared_pool_top(uint64_t before, uint64_t index) {
    return ((before >> 32) + 1) << 32 | index;
}

/* As llt_pool_create. */
static inline llt_shared_pool *llt_shared_pool_create(size_t capacity, size_t record_size, uint32_t number) {
    unsigned char *records = llt_pool_records(capacity, record_size);
    if (records == NULL) {
        return NULL;
    }
    size_t states = llt_pool_states(capacity), bytes = sizeof(llt_shared_pool) + states * sizeof(llt_atomic_u64);
    llt_shared_pool *pool = (llt_shared_pool *)aligned_alloc(LLT_LINE, (bytes + LLT_LINE - 1) / LLT_LINE * LLT_LINE);
    if (pool == NULL) {
        llt_large_free(records, capacity, llt_pool_stride(record_size));
        return NULL;
    }
    pool->records = records;
    pool->stride = llt_pool_stride(record_size);
    pool->mask = states - 1;
    pool->capacity = capacity;
    pool->serial = llt_pool_serial(number);
    atomic_init(&pool->top, 0);
    for (size_t i = 0; i < states; i++) {
        atomic_init(&pool->states[i], i + 1 < capacity ? i + 1 : i < capacity ? LLT_POOL_INDEX : 0);
    }
    return pool;
}

static inline void llt_shared_pool_destroy(llt_shared_pool *pool) {
    if (pool != NULL) {
        llt_large_free(pool->records, pool->capacity, pool->stride);
        free(pool);
    }
}

/* A free record and its handle; NULL when every record is in use. Lock-free: some thread always gets on. */
static inline void *llt_shared_pool_acquire(llt_shared_pool *pool, uint64_t *handle) {
    uint64_t top = llt_load_acquire(&pool->top); /* acquire: the link of the record on top */
    for (;;) {
        size_t index = (size_t)(top & LLT_POOL_INDEX);
        if (index == LLT_POOL_INDEX) {
            return NULL;
        }
        uint64_t next = llt_load_relaxed(&pool->states[index]) & LLT_POOL_INDEX; /* relaxed: checked by the exchange */
        uint64_t taken = llt_shared_pool_top(top, next);
        /* acquire on success: what the last owner wrote; on failure: the link of the new top */
        if (atomic_compare_exchange_weak_explicit(&pool->top, &top, taken, memory_order_acquire,
                                                  memory_order_acquire)) {
            *handle = taken >> 32 << (64 - LLT_POOL_GENERATION_BITS) | pool->serial | index;
            llt_store_relaxed(&pool->states[index], *handle); /* relaxed: the record is this thread's now */
            return pool->records + index * pool->stride;
        }
    }
}

/* The record of a handle, NULL when the handle is not one of a record in use here. */
static inline void *llt_shared_pool_record(const llt_shared_pool *pool, uint64_t handle) {
    size_t index = (size_t)(handle & pool->mask);
    /* relaxed: whoever has the handle has what its acquire ordered */
    return llt_load_relaxed(&pool->states[index]) == handle ? pool->records + index * pool->stride : NULL;
}

/* False, and nothing happens, when the handle is not one of a record in use here: released before, or foreign. */
static inline bool llt_shared_pool_release(llt_shared_pool *pool, uint64_t handle) {
    size_t index = (size_t)(handle & pool->mask);
    uint64_t state = handle, top = llt_load_relaxed(&pool->top);
    /* relaxed: it decides which of two releases is the one; the exchange of `top` publishes */
    if (!atomic_compare_exchange_strong_explicit(&pool->states[index], &state, top & LLT_POOL_INDEX,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        return false;
    }
    while (!atomic_compare_exchange_weak_explicit(&pool->top, &top, llt_shared_pool_top(top, index),
                                                  memory_order_release, memory_order_relaxed)) {
        llt_store_relaxed(&pool->states[index], top & LLT_POOL_INDEX); /* relaxed: before the release */
    }
    return true;
}

#endif

/* The checked pool of llt_pool.h for any number of threads: a Treiber stack with a tag.
 *
 * `top` holds the index of the first free record (low half, LLT_POOL_NONE at the end) and a tag (high half) that grows
 * with every change. Without the tag, a thread that read `top` and its `next`, and slept while others took that record,
 * took the next one and gave the first back, would find `top` as it was and link a record in use into the list (ABA).
 * The tag wraps after 2^32 changes: a thread would have to sleep through exactly that many.
 *
 * Ordering: release pushes with a releasing exchange, after its `next`; acquire reads `top` and takes it with acquiring
 * ones, so it sees that `next` and all that the last owner wrote. `next` may be read while another thread that owns the
 * record writes it: both are atomic, and the exchange fails then. Every operation on `top` is an exchange, so a chain
 * of pushes and pops is one release sequence.
 *
 * A generation is changed by its record's owner alone, and by an exchange: of two threads that release one handle, one
 * is refused.
 */
#ifndef LLT_SHARED_POOL_H
#define LLT_SHARED_POOL_H

#include "llt_pool.h"

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 top;
    _Alignas(LLT_LINE) llt_pool pool; /* `first` and `available` are not used */
} llt_shared_pool;

_Static_assert(offsetof(llt_shared_pool, pool) >= LLT_LINE, "what never changes stays out of the contended line");

static inline uint64_t llt_shared_pool_top(uint64_t before, uint32_t index) {
    return ((before >> 32) + 1) << 32 | index;
}

/* -1 when memory is not to be had. */
static inline int llt_shared_pool_init(llt_shared_pool *shared, size_t capacity, size_t record_size, uint32_t serial) {
    atomic_init(&shared->top, 0);
    return llt_pool_init(&shared->pool, capacity, record_size, serial);
}

static inline void llt_shared_pool_destroy(llt_shared_pool *shared) { llt_pool_destroy(&shared->pool); }

/* LLT_POOL_EMPTY when every record is in use. Lock-free: some thread always gets on. */
static inline uint64_t llt_shared_pool_acquire(llt_shared_pool *shared) {
    uint64_t top = llt_load_acquire(&shared->top); /* acquire: the `next` of the record on top */
    for (;;) {
        uint32_t index = (uint32_t)top;
        if (index == LLT_POOL_NONE) {
            return LLT_POOL_EMPTY;
        }
        llt_pool_header *header = llt_pool_at(&shared->pool, index);
        uint32_t next = atomic_load_explicit(&header->next, memory_order_relaxed); /* relaxed: checked by the exchange */
        /* acquire on success: what the last owner wrote; on failure: the `next` of the new top */
        if (atomic_compare_exchange_weak_explicit(&shared->top, &top, llt_shared_pool_top(top, next),
                                                  memory_order_acquire, memory_order_acquire)) {
            /* relaxed: the record is this thread's now */
            uint32_t generation = llt_pool_after(atomic_load_explicit(&header->generation, memory_order_relaxed));
            atomic_store_explicit(&header->generation, generation, memory_order_relaxed);
            return llt_pool_handle(generation, shared->pool.serial, index);
        }
    }
}

/* False, and nothing happens, when the handle is not one of a record in use here: released before, or foreign. */
static inline bool llt_shared_pool_release(llt_shared_pool *shared, uint64_t handle) {
    void *record = llt_pool_record(&shared->pool, handle);
    if (record == NULL) {
        return false;
    }
    llt_pool_header *header = (llt_pool_header *)record - 1;
    uint32_t generation = llt_pool_generation(handle);
    /* relaxed: it decides which of two releases is the one; the exchange of `top` publishes */
    if (!atomic_compare_exchange_strong_explicit(&header->generation, &generation, llt_pool_after(generation),
                                                 memory_order_relaxed, memory_order_relaxed)) {
        return false;
    }
    uint64_t top = llt_load_relaxed(&shared->top);
    uint32_t index = (uint32_t)llt_pool_index(handle);
    do {
        atomic_store_explicit(&header->next, (uint32_t)top, memory_order_relaxed); /* relaxed: before the release */
    } while (!atomic_compare_exchange_weak_explicit(&shared->top, &top, llt_shared_pool_top(top, index),
                                                    memory_order_release, memory_order_relaxed));
    return true;
}

#endif

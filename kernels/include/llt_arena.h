/* Bump allocation from one block of memory; everything is given back at once by a reset.
 *
 * llt_arena is for one thread, llt_shared_arena for any number. In both an allocation belongs to an epoch; a reset
 * begins the next one, and who kept (offset, epoch) can be told that its memory is somebody else's now.
 *
 * Alignment is that of the address, not of the offset, so any power of two holds whatever the block's own alignment.
 * Sizes are compared with what is left, never added to what is used: nothing can overflow.
 *
 * The shared arena keeps epoch and offset in one word, so an allocation happens in exactly one epoch. It moves by
 * compare-and-exchange: computed, checked, then taken. (Adding first and taking back what was too much makes
 * allocations that fit fail meanwhile, and takes back from a later epoch when a reset comes between.)
 * Ordering: the exchanges hand out disjoint memory; what is written into it is published by whatever hands it on. A
 * reset is only valid once nobody uses the memory, which is for the caller to order; it releases, allocations acquire.
 */
#ifndef LLT_ARENA_H
#define LLT_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_atomic.h"

#define LLT_ARENA_NONE SIZE_MAX /* no offset: the arena has no room */

typedef struct {
    unsigned char *base;
    size_t capacity;
    size_t used;
    uint64_t epoch;
} llt_arena;

/* Where `size` bytes at an `alignment` (a power of two) fit behind `used`; LLT_ARENA_NONE when they do not. */
static inline size_t llt_arena_place(const unsigned char *base, size_t capacity, size_t used, size_t size,
                                     size_t alignment) {
    size_t gap = (size_t)(-((uintptr_t)base + used)) & (alignment - 1);
    size_t left = capacity - used;
    if (__builtin_expect(gap > left || size > left - gap, 0)) {
        return LLT_ARENA_NONE;
    }
    return used + gap;
}

/* -1 when memory is not to be had. Every page is written, so that no allocation pays for a first touch. */
static inline int llt_arena_init(llt_arena *arena, size_t capacity) {
    if (capacity == 0 || capacity > (size_t)PTRDIFF_MAX - LLT_LINE) {
        return -1;
    }
    arena->base = (unsigned char *)aligned_alloc(LLT_LINE, (capacity + LLT_LINE - 1) / LLT_LINE * LLT_LINE);
    if (arena->base == NULL) {
        return -1;
    }
    memset(arena->base, 0, capacity);
    arena->capacity = capacity;
    arena->used = 0;
    arena->epoch = 0;
    return 0;
}

static inline void llt_arena_destroy(llt_arena *arena) { free(arena->base); }

static inline size_t llt_arena_offset(llt_arena *arena, size_t size, size_t alignment) {
    size_t offset = llt_arena_place(arena->base, arena->capacity, arena->used, size, alignment);
    if (offset != LLT_ARENA_NONE) {
        arena->used = offset + size;
    }
    return offset;
}

/* NULL when the arena has no room. */
static inline void *llt_arena_alloc(llt_arena *arena, size_t size, size_t alignment) {
    size_t offset = llt_arena_offset(arena, size, alignment);
    return offset == LLT_ARENA_NONE ? NULL : arena->base + offset;
}

static inline void llt_arena_reset(llt_arena *arena) {
    arena->used = 0;
    arena->epoch++;
}

#define LLT_SHARED_ARENA_OFFSET_BITS 40 /* 1 TiB; 24 bits are left for the epoch, which wraps */
#define LLT_SHARED_ARENA_MAX ((size_t)1 << LLT_SHARED_ARENA_OFFSET_BITS)
#define LLT_SHARED_ARENA_EPOCHS ((uint64_t)1 << (64 - LLT_SHARED_ARENA_OFFSET_BITS))

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 state; /* epoch (24 bits) | used (40 bits) */
    _Alignas(LLT_LINE) unsigned char *base;
    size_t capacity;
} llt_shared_arena;

/* Takes over the memory of `arena`, whose capacity is below LLT_SHARED_ARENA_MAX. */
static inline void llt_shared_arena_init(llt_shared_arena *shared, const llt_arena *arena) {
    atomic_init(&shared->state, 0);
    shared->base = arena->base;
    shared->capacity = arena->capacity;
}

static inline size_t llt_shared_arena_used(uint64_t state) { return (size_t)(state & (LLT_SHARED_ARENA_MAX - 1)); }

static inline uint64_t llt_shared_arena_epoch(uint64_t state) { return state >> LLT_SHARED_ARENA_OFFSET_BITS; }

/* LLT_ARENA_NONE when the arena has no room at this moment; `epoch` receives the one that the memory belongs to. */
static inline size_t llt_shared_arena_offset(llt_shared_arena *shared, size_t size, size_t alignment,
                                             uint64_t *epoch) {
    uint64_t state = llt_load_relaxed(&shared->state);
    for (;;) {
        size_t used = llt_shared_arena_used(state);
        size_t offset = llt_arena_place(shared->base, shared->capacity, used, size, alignment);
        if (offset == LLT_ARENA_NONE) {
            return offset;
        }
        /* acquire: the reset that began the epoch, and with it the last uses of this memory */
        if (atomic_compare_exchange_weak_explicit(&shared->state, &state, state - used + offset + size,
                                                  memory_order_acquire, memory_order_relaxed)) {
            *epoch = llt_shared_arena_epoch(state);
            return offset;
        }
    }
}

/* Any thread, once nobody uses the memory any more. */
static inline void llt_shared_arena_reset(llt_shared_arena *shared) {
    uint64_t state = llt_load_relaxed(&shared->state);
    uint64_t next;
    do {
        next = (llt_shared_arena_epoch(state) + 1) % LLT_SHARED_ARENA_EPOCHS << LLT_SHARED_ARENA_OFFSET_BITS;
        /* release: the uses of the old epoch, ordered before this call, come before those of the new one */
    } while (!atomic_compare_exchange_weak_explicit(&shared->state, &state, next, memory_order_release,
                                                    memory_order_relaxed));
}

#endif

/* Pool of fixed-size records for one thread: acquire and release without malloc.
 *
 * Two variants on purpose:
 *
 *   llt_free_list  unchecked, for inner loops. The link lives in the free record itself, so a record costs nothing but
 *                  its size, and acquire and release are a load and a store. A double release corrupts it.
 *   llt_pool       checked. A header before each record holds its generation and its link, so that writing to a
 *                  released record cannot break the list, and a handle says which use of the record it belongs to.
 *
 * Handle: generation (24 bits) | pool (12 bits) | index (28 bits). Generations are odd while a record is in use and
 * grow at each acquire and release: a handle that was released, or belongs to another pool, is refused. A stale handle
 * is taken for a live one only when its record was reused exactly a multiple of 2^23 times since.
 *
 * The record released last is acquired first: it is the one still in the cache.
 */
#ifndef LLT_POOL_H
#define LLT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_atomic.h"

/* ---- unchecked ---- */

typedef struct {
    void *first;
} llt_free_list;

static inline void *llt_free_list_acquire(llt_free_list *list) {
    void *record = list->first;
    if (__builtin_expect(record != NULL, 1)) {
        memcpy(&list->first, record, sizeof(void *));
    }
    return record;
}

static inline void llt_free_list_release(llt_free_list *list, void *record) {
    memcpy(record, &list->first, sizeof(void *));
    list->first = record;
}

/* Puts `count` records of `stride` bytes (a pointer or more) on the list, the first of them on top. */
static inline void llt_free_list_fill(llt_free_list *list, void *memory, size_t count, size_t stride) {
    for (size_t i = count; i-- > 0;) {
        llt_free_list_release(list, (unsigned char *)memory + i * stride);
    }
}

/* ---- checked ---- */

#define LLT_POOL_INDEX_BITS 28
#define LLT_POOL_SERIAL_BITS 12
#define LLT_POOL_GENERATION_BITS 24
#define LLT_POOL_MAX ((size_t)1 << LLT_POOL_INDEX_BITS)
#define LLT_POOL_NONE UINT32_MAX /* end of the list */
#define LLT_POOL_EMPTY UINT64_MAX /* no handle: its generation would be odd, but no index is that large */

_Static_assert(LLT_POOL_INDEX_BITS + LLT_POOL_SERIAL_BITS + LLT_POOL_GENERATION_BITS == 64, "a handle is one word");

typedef struct {
    llt_atomic_u32 generation; /* odd while in use; atomic for llt_shared_pool.h, which shares this layout */
    llt_atomic_u32 next;
} llt_pool_header;

_Static_assert(sizeof(llt_pool_header) == 8, "the header keeps records 8-byte aligned");

typedef struct {
    unsigned char *records; /* headers included */
    size_t stride;
    size_t capacity;
    uint32_t serial;
    uint32_t first;
    size_t available;
} llt_pool;

static inline size_t llt_pool_stride(size_t record_size) { return sizeof(llt_pool_header) + (record_size + 7) / 8 * 8; }

static inline llt_pool_header *llt_pool_at(const llt_pool *pool, size_t index) {
    return (llt_pool_header *)(void *)(pool->records + index * pool->stride);
}

static inline uint64_t llt_pool_handle(uint32_t generation, uint32_t serial, size_t index) {
    return (uint64_t)generation << (LLT_POOL_INDEX_BITS + LLT_POOL_SERIAL_BITS) |
           (uint64_t)serial << LLT_POOL_INDEX_BITS | index;
}

static inline size_t llt_pool_index(uint64_t handle) { return (size_t)(handle & (LLT_POOL_MAX - 1)); }

static inline uint32_t llt_pool_generation(uint64_t handle) {
    return (uint32_t)(handle >> (LLT_POOL_INDEX_BITS + LLT_POOL_SERIAL_BITS));
}

static inline uint32_t llt_pool_after(uint32_t generation) {
    return (generation + 1) & ((1u << LLT_POOL_GENERATION_BITS) - 1);
}

/* -1 when memory is not to be had. Every record is written, so that no acquire pays for a first touch. */
static inline int llt_pool_init(llt_pool *pool, size_t capacity, size_t record_size, uint32_t serial) {
    size_t bytes;
    if (capacity == 0 || capacity > LLT_POOL_MAX - 1 || record_size > (size_t)PTRDIFF_MAX / 2 ||
        __builtin_mul_overflow(capacity, llt_pool_stride(record_size), &bytes) || bytes > (size_t)PTRDIFF_MAX / 2) {
        return -1;
    }
    pool->records = (unsigned char *)aligned_alloc(LLT_LINE, (bytes + LLT_LINE - 1) / LLT_LINE * LLT_LINE);
    if (pool->records == NULL) {
        return -1;
    }
    memset(pool->records, 0, bytes);
    pool->stride = llt_pool_stride(record_size);
    pool->capacity = capacity;
    pool->serial = serial & ((1u << LLT_POOL_SERIAL_BITS) - 1);
    pool->first = 0;
    pool->available = capacity;
    for (size_t i = 0; i < capacity; i++) {
        atomic_init(&llt_pool_at(pool, i)->generation, 0);
        atomic_init(&llt_pool_at(pool, i)->next, i + 1 == capacity ? LLT_POOL_NONE : (uint32_t)(i + 1));
    }
    return 0;
}

static inline void llt_pool_destroy(llt_pool *pool) { free(pool->records); }

/* LLT_POOL_EMPTY when every record is in use. Relaxed throughout: one thread. */
static inline uint64_t llt_pool_acquire(llt_pool *pool) {
    uint32_t index = pool->first;
    if (__builtin_expect(index == LLT_POOL_NONE, 0)) {
        return LLT_POOL_EMPTY;
    }
    llt_pool_header *header = llt_pool_at(pool, index);
    uint32_t generation = llt_pool_after(atomic_load_explicit(&header->generation, memory_order_relaxed));
    atomic_store_explicit(&header->generation, generation, memory_order_relaxed);
    pool->first = atomic_load_explicit(&header->next, memory_order_relaxed);
    pool->available--;
    return llt_pool_handle(generation, pool->serial, index);
}

/* The record of a handle, NULL when the handle is not one of a record in use here. */
static inline void *llt_pool_record(const llt_pool *pool, uint64_t handle) {
    size_t index = llt_pool_index(handle);
    if (__builtin_expect(index >= pool->capacity, 0)) {
        return NULL;
    }
    llt_pool_header *header = llt_pool_at(pool, index);
    uint32_t generation = atomic_load_explicit(&header->generation, memory_order_relaxed);
    if (__builtin_expect((generation & 1) == 0 || handle != llt_pool_handle(generation, pool->serial, index), 0)) {
        return NULL;
    }
    return header + 1;
}

/* False, and nothing happens, when the handle is not one of a record in use here: released before, or foreign. */
static inline bool llt_pool_release(llt_pool *pool, uint64_t handle) {
    void *record = llt_pool_record(pool, handle);
    if (__builtin_expect(record == NULL, 0)) {
        return false;
    }
    llt_pool_header *header = (llt_pool_header *)record - 1;
    uint32_t after = llt_pool_after(llt_pool_generation(handle));
    atomic_store_explicit(&header->generation, after, memory_order_relaxed);
    atomic_store_explicit(&header->next, pool->first, memory_order_relaxed);
    pool->first = (uint32_t)llt_pool_index(handle);
    pool->available++;
    return true;
}

#endif

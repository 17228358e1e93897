/* Bounded queue of fixed-size records between one producer thread and one consumer thread.
 *
 * Layout: three parts LLT_LINE apart, each written by at most one side.
 *
 *   producer   tail         next index to write; stored by the producer, loaded by the consumer
 *              cached_head  the producer's last look at `head`
 *   consumer   head         next index to read; stored by the consumer, loaded by the producer
 *              cached_tail  the consumer's last look at `tail`
 *   constant   slots, mask, record_size: written once, before the threads start
 *
 * Indices run freely through 2^64 and are masked when used, so that tail - head is the number of records at all
 * times, every slot can be used, and a wrap of the counter needs no case of its own (capacity divides 2^64).
 * A side loads the other's index, and so pulls the other's line, only when its cached copy says full or empty.
 *
 * Ordering: the producer's release store of `tail` pairs with the consumer's acquire load of it, and makes the record
 * visible before its index. The consumer's release store of `head` pairs with the producer's acquire load, and keeps
 * the copy out of a slot before the slot is written again. Each side loads its own index relaxed: nobody else stores it.
 *
 * reserve/commit and peek/release give the slot itself, for records that are built or used in place.
 */
#ifndef LLT_SPSC_H
#define LLT_SPSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_atomic.h"

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 tail;
    uint64_t cached_head;
    _Alignas(LLT_LINE) llt_atomic_u64 head;
    uint64_t cached_tail;
    _Alignas(LLT_LINE) unsigned char *slots;
    uint64_t mask;
    size_t record_size;
} llt_spsc;

_Static_assert(offsetof(llt_spsc, head) - offsetof(llt_spsc, tail) >= LLT_LINE, "producer and consumer share a line");
_Static_assert(offsetof(llt_spsc, slots) - offsetof(llt_spsc, head) >= LLT_LINE, "consumer shares a line");
_Static_assert(sizeof(llt_spsc) % LLT_LINE == 0, "what follows a ring shares its line");

/* Smallest power of two that is at least `capacity`; 0 when 64 bits cannot hold it or capacity is 0. */
static inline uint64_t llt_spsc_round_capacity(uint64_t capacity) {
    if (capacity == 0 || capacity > (uint64_t)1 << 63) {
        return 0;
    }
    return capacity == 1 ? 1 : (uint64_t)1 << (64 - __builtin_clzll(capacity - 1));
}

/* NULL when memory is not to be had. `first_index` is where both indices start: 0, but for tests of the wrap.
 * Every page of the slots is written here, so that no push pays for a first touch.
 */
static inline llt_spsc *llt_spsc_create(uint64_t capacity, size_t record_size, uint64_t first_index) {
    uint64_t slot_count = llt_spsc_round_capacity(capacity);
    size_t slots_size;
    if (slot_count == 0 || record_size == 0 || __builtin_mul_overflow(slot_count, record_size, &slots_size) ||
        slots_size > (size_t)PTRDIFF_MAX - LLT_LINE) {
        return NULL;
    }
    slots_size = (slots_size + LLT_LINE - 1) / LLT_LINE * LLT_LINE;
    llt_spsc *ring = (llt_spsc *)aligned_alloc(LLT_LINE, sizeof(llt_spsc));
    unsigned char *slots = (unsigned char *)aligned_alloc(LLT_LINE, slots_size);
    if (ring == NULL || slots == NULL) {
        free(ring);
        free(slots);
        return NULL;
    }
    memset(slots, 0, slots_size);
    atomic_init(&ring->tail, first_index);
    atomic_init(&ring->head, first_index);
    ring->cached_head = first_index;
    ring->cached_tail = first_index;
    ring->slots = slots;
    ring->mask = slot_count - 1;
    ring->record_size = record_size;
    return ring;
}

static inline void llt_spsc_destroy(llt_spsc *ring) {
    if (ring != NULL) {
        free(ring->slots);
        free(ring);
    }
}

/* Producer only. The slot of the next record, or NULL when the ring is full. Nothing is visible before commit. */
static inline void *llt_spsc_reserve(llt_spsc *ring) {
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: the producer's own index */
    if (tail - ring->cached_head > ring->mask) {
        ring->cached_head = llt_load_acquire(&ring->head); /* acquire: the consumer has left the slots before head */
        if (tail - ring->cached_head > ring->mask) {
            return NULL;
        }
    }
    return ring->slots + (size_t)(tail & ring->mask) * ring->record_size;
}

/* Producer only, after a reserve that gave a slot. */
static inline void llt_spsc_commit(llt_spsc *ring) {
    uint64_t tail = llt_load_relaxed(&ring->tail);
    llt_store_release(&ring->tail, tail + 1); /* release: the record before its index */
}

/* Consumer only. The oldest record, or NULL when the ring is empty. It stays valid until release. */
static inline const void *llt_spsc_peek(llt_spsc *ring) {
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: the consumer's own index */
    if (head == ring->cached_tail) {
        ring->cached_tail = llt_load_acquire(&ring->tail); /* acquire: the records before tail are written */
        if (head == ring->cached_tail) {
            return NULL;
        }
    }
    return ring->slots + (size_t)(head & ring->mask) * ring->record_size;
}

/* Consumer only, after a peek that gave a record. */
static inline void llt_spsc_release(llt_spsc *ring) {
    uint64_t head = llt_load_relaxed(&ring->head);
    llt_store_release(&ring->head, head + 1); /* release: the last look at the slot before it is given back */
}

/* Producer only. Copies record_size bytes in; false when the ring is full. */
static inline bool llt_spsc_try_push(llt_spsc *ring, const void *record) {
    void *slot = llt_spsc_reserve(ring);
    if (slot == NULL) {
        return false;
    }
    memcpy(slot, record, ring->record_size);
    llt_spsc_commit(ring);
    return true;
}

/* Consumer only. Copies record_size bytes out; false when the ring is empty. */
static inline bool llt_spsc_try_pop(llt_spsc *ring, void *record) {
    const void *slot = llt_spsc_peek(ring);
    if (slot == NULL) {
        return false;
    }
    memcpy(record, slot, ring->record_size);
    llt_spsc_release(ring);
    return true;
}

static inline uint64_t llt_spsc_capacity(const llt_spsc *ring) { return ring->mask + 1; }

/* Any thread. A number of records between 0 and capacity, exact while neither side is at work.
 * head is loaded first: the tail seen later cannot lie behind it. Both sides may have moved on in between, so the
 * difference is cut to the capacity.
 */
static inline uint64_t llt_spsc_length(const llt_spsc *ring) {
    uint64_t head = llt_load_acquire(&ring->head); /* acquire: keeps the load of tail behind this one */
    uint64_t length = llt_load_relaxed(&ring->tail) - head;
    return length > ring->mask + 1 ? ring->mask + 1 : length;
}

#endif

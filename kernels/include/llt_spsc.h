/* Bounded queue of fixed-size records between one producer and one consumer: what both layouts share.
 *
 * A ring is one block of memory, on the heap or mapped by two processes:
 *
 *   constants  magic, version, layout, capacity, record size, stride: written once, before anyone else looks
 *   control    closed: set once
 *   producer   tail    index of the next record; stored by the producer
 *   consumer   head    index of the oldest record; stored by the consumer
 *   slots
 *
 * Constants, control, producer, consumer and slots lie LLT_LINE apart, so that no store takes a line that the other
 * side works on. Each index is in one place: its owner reads it from the line that it wrote last, and a look by the
 * other side shares that line but does not take it away. A second copy in the owner's handle would be one store more
 * an operation, and on one core stores are what the time goes to. The handle, in its side's own memory, holds what the
 * side last saw of the other, and the sizes, so that nothing that another process writes can lead out of the slots.
 *
 * Indices run freely through 2^64, so that tail - head is the number of records at all times, every slot is usable,
 * and the wrap of the counter needs no case of its own (capacity is a power of two and divides 2^64).
 *
 * Two layouts, because none is the best at both jobs:
 *   llt_spsc_sequenced.h  each slot carries its own number: one line moves per record, best one record at a time
 *   llt_spsc_indexed.h    records lie back to back and `tail` publishes them: best in batches, copied as a whole
 *
 * Death of a process. An index moves after the work it stands for, so the ring is whole at any instant; a new handle
 * of the dead side resumes where the indices stand. A record whose commit was not reached was never sent; one that
 * was read but not released comes again. Roles are claimed with the process id; that of a dead process can be taken.
 */
#ifndef LLT_SPSC_H
#define LLT_SPSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_atomic.h"

#define LLT_SPSC_MAGIC 0x31435350534c4c54u /* "TLLSPSC1" in memory order on little endian; a foreign order differs */
#define LLT_SPSC_VERSION 1

typedef enum { LLT_SPSC_SEQUENCED = 1, LLT_SPSC_INDEXED = 2 } llt_spsc_layout;

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 magic; /* stored last: what has it is complete */
    uint32_t version;
    uint32_t layout;
    uint64_t capacity;
    uint64_t record_size;
    uint64_t stride;
    _Alignas(LLT_LINE) llt_atomic_u64 closed;
    _Alignas(LLT_LINE) llt_atomic_u64 tail;
    llt_atomic_u64 producer_pid; /* 0: nobody */
    _Alignas(LLT_LINE) llt_atomic_u64 head;
    llt_atomic_u64 consumer_pid;
    _Alignas(LLT_LINE) unsigned char slots[];
} llt_spsc;

_Static_assert(offsetof(llt_spsc, closed) == 1 * LLT_LINE, "the layout of shared memory is fixed");
_Static_assert(offsetof(llt_spsc, tail) == 2 * LLT_LINE, "the layout of shared memory is fixed");
_Static_assert(offsetof(llt_spsc, head) == 3 * LLT_LINE, "the layout of shared memory is fixed");
_Static_assert(offsetof(llt_spsc, slots) == 4 * LLT_LINE, "the layout of shared memory is fixed");

/* `limit` is the producer's index at which it must look at `head` again; `mask` is capacity - 1. */
typedef struct {
    _Alignas(LLT_LINE) llt_spsc *ring;
    uint64_t limit;
    uint64_t mask;
    size_t stride;
} llt_spsc_producer;

/* `seen` is the consumer's copy of `tail` (indexed layout only). */
typedef struct {
    _Alignas(LLT_LINE) llt_spsc *ring;
    uint64_t seen;
    uint64_t mask;
    size_t stride;
} llt_spsc_consumer;

/* Smallest power of two that is at least `capacity`; 0 when 64 bits cannot hold it or capacity is 0. */
static inline uint64_t llt_spsc_round_capacity(uint64_t capacity) {
    if (capacity == 0 || capacity > (uint64_t)1 << 63) {
        return 0;
    }
    return capacity == 1 ? 1 : (uint64_t)1 << (64 - __builtin_clzll(capacity - 1));
}

/* Distance of two slots; 0 when it cannot be represented. Sequenced slots keep number and payload 8-byte aligned. */
static inline size_t llt_spsc_stride(llt_spsc_layout layout, size_t record_size) {
    if (record_size == 0 || record_size > (size_t)PTRDIFF_MAX - 16) {
        return 0;
    }
    return layout == LLT_SPSC_INDEXED ? record_size : 8 + (record_size + 7) / 8 * 8;
}

/* Bytes of a whole ring, a multiple of LLT_LINE; 0 when there is no such ring. `capacity` is a power of two. */
static inline size_t llt_spsc_bytes(llt_spsc_layout layout, uint64_t capacity, size_t record_size) {
    size_t stride = llt_spsc_stride(layout, record_size), slots;
    if (stride == 0 || capacity == 0 || __builtin_mul_overflow(capacity, stride, &slots) ||
        slots > (size_t)PTRDIFF_MAX - sizeof(llt_spsc) - LLT_LINE) {
        return 0;
    }
    return (sizeof(llt_spsc) + slots + LLT_LINE - 1) / LLT_LINE * LLT_LINE;
}

/* The slot of an index. A constant stride makes a shift or two of the multiplication. */
static inline unsigned char *llt_spsc_slot(llt_spsc *ring, uint64_t index, uint64_t mask, size_t stride) {
    return ring->slots + (size_t)(index & mask) * stride;
}

/* The number in a sequenced slot: index + 1 of the record that it holds. */
static inline llt_atomic_u64 *llt_spsc_number(unsigned char *slot) { return (llt_atomic_u64 *)(void *)slot; }

/* Lays a ring out in `memory` of llt_spsc_bytes(), LLT_LINE aligned. Every slot is written, so that no push pays for a
 * first touch. `first_index` is where both indices start: 0, but for tests of the wrap.
 */
static inline void llt_spsc_init(llt_spsc *ring, llt_spsc_layout layout, uint64_t capacity, size_t record_size,
                                 uint64_t first_index) {
    ring->version = LLT_SPSC_VERSION;
    ring->layout = layout;
    ring->capacity = capacity;
    ring->record_size = record_size;
    ring->stride = llt_spsc_stride(layout, record_size);
    atomic_init(&ring->closed, 0);
    atomic_init(&ring->tail, first_index);
    atomic_init(&ring->head, first_index);
    atomic_init(&ring->producer_pid, 0);
    atomic_init(&ring->consumer_pid, 0);
    memset(ring->slots, 0, (size_t)capacity * ring->stride);
    if (layout == LLT_SPSC_SEQUENCED) {
        /* Any number but index + 1 says "not yet"; zeros would say "here" once, at the wrap of the counter. */
        for (uint64_t i = 0; i < capacity; i++) {
            uint64_t index = first_index + i;
            atomic_init(llt_spsc_number(llt_spsc_slot(ring, index, capacity - 1, (size_t)ring->stride)), index);
        }
    }
    llt_store_release(&ring->magic, LLT_SPSC_MAGIC); /* release: who sees the magic sees a whole ring */
}

typedef enum {
    LLT_SPSC_OK,
    LLT_SPSC_TOO_SHORT,
    LLT_SPSC_NOT_A_RING,
    LLT_SPSC_OTHER_VERSION,
    LLT_SPSC_BAD_SIZES,
    LLT_SPSC_BAD_INDICES
} llt_spsc_fault;

/* What a process that maps foreign memory checks before it trusts it. The other side may be at work meanwhile. */
static inline llt_spsc_fault llt_spsc_validate(const llt_spsc *ring, size_t mapped) {
    if (mapped < sizeof(llt_spsc)) {
        return LLT_SPSC_TOO_SHORT;
    }
    if (llt_load_acquire(&ring->magic) != LLT_SPSC_MAGIC) { /* acquire: the constants before the magic */
        return LLT_SPSC_NOT_A_RING;
    }
    if (ring->version != LLT_SPSC_VERSION) {
        return LLT_SPSC_OTHER_VERSION;
    }
    llt_spsc_layout layout = (llt_spsc_layout)ring->layout;
    if ((layout != LLT_SPSC_SEQUENCED && layout != LLT_SPSC_INDEXED) || ring->capacity == 0 ||
        (ring->capacity & (ring->capacity - 1)) != 0 ||
        ring->stride != llt_spsc_stride(layout, (size_t)ring->record_size)) {
        return LLT_SPSC_BAD_SIZES;
    }
    size_t wanted = llt_spsc_bytes(layout, ring->capacity, (size_t)ring->record_size);
    if (wanted == 0) {
        return LLT_SPSC_BAD_SIZES;
    }
    if (wanted > mapped) {
        return LLT_SPSC_TOO_SHORT;
    }
    uint64_t head = llt_load_acquire(&ring->head); /* acquire: tail is loaded behind it */
    uint64_t length = llt_load_relaxed(&ring->tail) - head;
    /* A sequenced tail is stored behind its record: head can be ahead of it by what one dead push left. */
    bool behind = layout == LLT_SPSC_SEQUENCED && -length <= ring->capacity;
    return length <= ring->capacity || behind ? LLT_SPSC_OK : LLT_SPSC_BAD_INDICES;
}

/* NULL when memory is not to be had. */
static inline llt_spsc *llt_spsc_create(llt_spsc_layout layout, uint64_t capacity, size_t record_size,
                                        uint64_t first_index) {
    uint64_t rounded = llt_spsc_round_capacity(capacity);
    size_t bytes = llt_spsc_bytes(layout, rounded, record_size);
    llt_spsc *ring = bytes == 0 ? NULL : (llt_spsc *)aligned_alloc(LLT_LINE, bytes);
    if (ring != NULL) {
        llt_spsc_init(ring, layout, rounded, record_size, first_index);
    }
    return ring;
}

static inline void llt_spsc_destroy(llt_spsc *ring) { free(ring); }

/* A producer that goes on where the last one stopped, dead or not. One at a time. */
static inline void llt_spsc_start_producer(llt_spsc_producer *side, llt_spsc *ring) {
    side->ring = ring;
    side->mask = ring->capacity - 1;
    side->stride = (size_t)ring->stride;
    uint64_t tail = llt_load_acquire(&ring->tail); /* acquire: the stores of the producer before */
    /* A producer that died between a record and its index has sent the record: it is counted here. */
    while (ring->layout == LLT_SPSC_SEQUENCED &&
           llt_load_acquire(llt_spsc_number(llt_spsc_slot(ring, tail, side->mask, side->stride))) == tail + 1) {
        tail++;
    }
    side->limit = tail;                   /* makes the first push look at head */
    llt_store_relaxed(&ring->tail, tail); /* relaxed: the records were published by their own numbers */
}

/* A consumer that goes on where the last one stopped, dead or not. One at a time. */
static inline void llt_spsc_start_consumer(llt_spsc_consumer *side, llt_spsc *ring) {
    side->ring = ring;
    side->mask = ring->capacity - 1;
    side->stride = (size_t)ring->stride;
    side->seen = llt_load_acquire(&ring->head); /* acquire: the stores of the consumer before */
}

/* Any thread. A number of records between 0 and capacity, exact while neither side is at work.
 * head is loaded first: the tail seen later cannot lie behind it by more than a push in progress. Both sides may have
 * moved on in between, so the difference is cut to what a ring can hold.
 */
static inline uint64_t llt_spsc_length(const llt_spsc *ring) {
    uint64_t head = llt_load_acquire(&ring->head); /* acquire: keeps the load of tail behind this one */
    uint64_t length = llt_load_relaxed(&ring->tail) - head;
    if (length >> 63) {
        return 0;
    }
    return length > ring->capacity ? ring->capacity : length;
}

/* Either side, once: nothing more is sent. What is in the ring can still be taken out. */
static inline void llt_spsc_close(llt_spsc *ring) {
    llt_store_release(&ring->closed, 1); /* release: who sees it closed sees every record sent before */
}

/* Ask before the look that finds the ring empty: closed, then empty, is the end. */
static inline bool llt_spsc_is_closed(const llt_spsc *ring) { return llt_load_acquire(&ring->closed) != 0; }

#endif

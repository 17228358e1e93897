/* SPSC ring whose records lie back to back, published by one index: the layout for batches.
 *
 * A batch is copied in at most two pieces and published by one store, so its cost is that of the copy. A side looks at
 * the other's index, and so pulls its line, only when what it saw last does not do.
 *
 * Ordering: the producer's release store of `tail` pairs with the consumer's acquire load of it, and makes the records
 * visible before their index. The consumer's release store of `head` pairs with the producer's acquire load, and keeps
 * the copy out of a slot before the slot is written again.
 */
#ifndef LLT_SPSC_INDEXED_H
#define LLT_SPSC_INDEXED_H

#include "llt_spsc.h"

/* Producer. How many of `count` records there is room for at `tail`, which is the producer's own index. */
static inline uint64_t llt_idx_room(llt_spsc_producer *side, const llt_spsc *ring, uint64_t tail, uint64_t count) {
    uint64_t room = side->limit - tail;
    if (__builtin_expect(room < count, 0)) {
        /* acquire: the consumer has left the slots before head */
        side->limit = llt_load_acquire(&ring->head) + side->mask + 1;
        room = side->limit - tail;
    }
    return room < count ? room : count;
}

/* Consumer. How many of `count` records wait at `head`, which is the consumer's own index. */
static inline uint64_t llt_idx_waiting(llt_spsc_consumer *side, const llt_spsc *ring, uint64_t head, uint64_t count) {
    uint64_t waiting = side->seen - head;
    if (waiting < count) {
        side->seen = llt_load_acquire(&ring->tail); /* acquire: the records before tail are written */
        waiting = side->seen - head;
    }
    return waiting < count ? waiting : count;
}

/* Producer. Sends every record before `tail`. */
static inline void llt_idx_send(llt_spsc *ring, uint64_t tail) {
    llt_store_release(&ring->tail, tail); /* release: the records before their index */
}

/* Consumer. Gives back every slot before `head`. */
static inline void llt_idx_give_back(llt_spsc *ring, uint64_t head) {
    llt_store_release(&ring->head, head); /* release: the last look at the slots before they are given back */
}

/* Producer. The next record's slot, or NULL when the ring is full. Nothing is visible before commit. */
static inline void *llt_idx_reserve(llt_spsc_producer *side) {
    llt_spsc *ring = side->ring;
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    if (llt_idx_room(side, ring, tail, 1) == 0) {
        return NULL;
    }
    return llt_spsc_slot(ring, tail, side->mask, side->stride);
}

/* Producer. Sends `count` records that were written from the reserved slot on; they do not cross the end of the slots. */
static inline void llt_idx_commit(llt_spsc_producer *side, size_t count) {
    llt_idx_send(side->ring, llt_load_relaxed(&side->ring->tail) + count); /* relaxed: its own */
}

/* Consumer. The oldest record, or NULL when the ring is empty. It stays valid until release. */
static inline const void *llt_idx_peek(llt_spsc_consumer *side) {
    llt_spsc *ring = side->ring;
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: its own */
    if (llt_idx_waiting(side, ring, head, 1) == 0) {
        return NULL;
    }
    return llt_spsc_slot(ring, head, side->mask, side->stride);
}

/* Consumer. Gives back the `count` oldest records. */
static inline void llt_idx_release(llt_spsc_consumer *side, size_t count) {
    llt_idx_give_back(side->ring, llt_load_relaxed(&side->ring->head) + count); /* relaxed: its own */
}

/* Producer. Copies record_size bytes in, the size that the ring was made for; false when the ring is full. A constant
 * size lets the copy be unrolled and the slot be found by a shift.
 */
static inline bool llt_idx_try_push(llt_spsc_producer *side, const void *record, size_t record_size) {
    llt_spsc *ring = side->ring;
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    if (llt_idx_room(side, ring, tail, 1) == 0) {
        return false;
    }
    memcpy(llt_spsc_slot(ring, tail, side->mask, record_size), record, record_size);
    llt_idx_send(ring, tail + 1);
    return true;
}

/* Consumer. Copies record_size bytes out, as llt_idx_try_push; false when the ring is empty. */
static inline bool llt_idx_try_pop(llt_spsc_consumer *side, void *record, size_t record_size) {
    llt_spsc *ring = side->ring;
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: its own */
    if (llt_idx_waiting(side, ring, head, 1) == 0) {
        return false;
    }
    memcpy(record, llt_spsc_slot(ring, head, side->mask, record_size), record_size);
    llt_idx_give_back(ring, head + 1);
    return true;
}

/* A batch is never larger than the ring, whatever the indices in shared memory say. */
static inline uint64_t llt_idx_at_most(uint64_t count, uint64_t mask) { return count <= mask ? count : mask + 1; }

/* Of `count` records from `index` on, how many lie before the end of the slots. */
static inline size_t llt_idx_before_end(uint64_t index, uint64_t mask, size_t count) {
    uint64_t before_end = mask + 1 - (index & mask);
    return before_end < count ? (size_t)before_end : count;
}

/* Copies `count` records by a call of the C library, which takes the widest moves of the processor. The compiler must not
 * know how few they can be: it would put a string instruction here, whose start alone costs more than the copy.
 */
static inline void llt_idx_copy(void *to, const void *from, size_t count, size_t record_size) {
    size_t bytes = count * record_size;
    __asm__("" : "+r"(bytes));
    memcpy(to, from, bytes);
}

/* Producer. Copies in as many of `count` records, one after the other, as there is room for; gives their number. They
 * become visible together.
 */
static inline size_t llt_idx_push_batch(llt_spsc_producer *side, const void *records, size_t count,
                                        size_t record_size) {
    llt_spsc *ring = side->ring;
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    count = (size_t)llt_idx_room(side, ring, tail, llt_idx_at_most(count, side->mask));
    if (count == 0) {
        return 0;
    }
    size_t first = llt_idx_before_end(tail, side->mask, count);
    llt_idx_copy(llt_spsc_slot(ring, tail, side->mask, record_size), records, first, record_size);
    if (first < count) {
        llt_idx_copy(ring->slots, (const unsigned char *)records + first * record_size, count - first, record_size);
    }
    llt_idx_send(ring, tail + count);
    return count;
}

/* Consumer. Copies out at most `count` records; gives their number. They are given back together. */
static inline size_t llt_idx_pop_batch(llt_spsc_consumer *side, void *records, size_t count, size_t record_size) {
    llt_spsc *ring = side->ring;
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: its own */
    count = (size_t)llt_idx_waiting(side, ring, head, llt_idx_at_most(count, side->mask));
    if (count == 0) {
        return 0;
    }
    size_t first = llt_idx_before_end(head, side->mask, count);
    llt_idx_copy(records, llt_spsc_slot(ring, head, side->mask, record_size), first, record_size);
    if (first < count) {
        llt_idx_copy((unsigned char *)records + first * record_size, ring->slots, count - first, record_size);
    }
    llt_idx_give_back(ring, head + count);
    return count;
}

#endif

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

/* Producer. The next record's slot, or NULL when the ring is full. Nothing is visible before commit. */
static inline void *llt_idx_reserve(llt_spsc_producer *side) {
    if (__builtin_expect(side->tail == side->limit, 0)) {
        /* acquire: the consumer has left the slots before head */
        side->limit = llt_load_acquire(&side->ring->head) + side->capacity;
        if (side->tail == side->limit) {
            return NULL;
        }
    }
    return side->next;
}

/* Producer. Publishes `count` records that were written from `next` on; they do not cross the end of the slots. */
static inline void llt_idx_commit(llt_spsc_producer *side, size_t count) {
    unsigned char *next = side->next + count * side->stride;
    side->next = next == side->end ? side->slots : next;
    side->tail += count;
    llt_store_release(&side->ring->tail, side->tail); /* release: the records before their index */
}

/* Consumer. The oldest record, or NULL when the ring is empty. It stays valid until release. */
static inline const void *llt_idx_peek(llt_spsc_consumer *side) {
    if (side->head == side->seen) {
        side->seen = llt_load_acquire(&side->ring->tail); /* acquire: the records before tail are written */
        if (side->head == side->seen) {
            return NULL;
        }
    }
    return side->next;
}

/* Consumer. Gives back the `count` oldest records; they do not cross the end of the slots. */
static inline void llt_idx_release(llt_spsc_consumer *side, size_t count) {
    unsigned char *next = side->next + count * side->stride;
    side->next = next == side->end ? side->slots : next;
    side->head += count;
    llt_store_release(&side->ring->head, side->head); /* release: the last look at the slots before they are given back */
}

/* Producer. Copies record_size bytes in; false when the ring is full. A constant size lets the copy be unrolled. */
static inline bool llt_idx_try_push(llt_spsc_producer *side, const void *record, size_t record_size) {
    void *slot = llt_idx_reserve(side);
    if (slot == NULL) {
        return false;
    }
    memcpy(slot, record, record_size);
    llt_idx_commit(side, 1);
    return true;
}

/* Consumer. Copies record_size bytes out; false when the ring is empty. */
static inline bool llt_idx_try_pop(llt_spsc_consumer *side, void *record, size_t record_size) {
    const void *slot = llt_idx_peek(side);
    if (slot == NULL) {
        return false;
    }
    memcpy(record, slot, record_size);
    llt_idx_release(side, 1);
    return true;
}

/* Producer. Copies in as many of `count` records, one after the other, as there is room for; gives their number. They
 * become visible together.
 */
static inline size_t llt_idx_push_batch(llt_spsc_producer *side, const void *records, size_t count,
                                        size_t record_size) {
    uint64_t room = side->limit - side->tail;
    if (room < count) {
        side->limit = llt_load_acquire(&side->ring->head) + side->capacity; /* acquire: as in reserve */
        room = side->limit - side->tail;
        count = room < count ? (size_t)room : count;
        if (count == 0) {
            return 0;
        }
    }
    size_t bytes = count * record_size, before_end = (size_t)(side->end - side->next);
    if (bytes < before_end) {
        memcpy(side->next, records, bytes);
        side->next += bytes;
    } else {
        memcpy(side->next, records, before_end);
        memcpy(side->slots, (const unsigned char *)records + before_end, bytes - before_end);
        side->next = side->slots + (bytes - before_end);
    }
    side->tail += count;
    llt_store_release(&side->ring->tail, side->tail); /* release: the records before their index */
    return count;
}

/* Consumer. Copies out at most `count` records; gives their number. They are given back together. */
static inline size_t llt_idx_pop_batch(llt_spsc_consumer *side, void *records, size_t count, size_t record_size) {
    uint64_t waiting = side->seen - side->head;
    if (waiting < count) {
        side->seen = llt_load_acquire(&side->ring->tail); /* acquire: as in peek */
        waiting = side->seen - side->head;
        count = waiting < count ? (size_t)waiting : count;
        if (count == 0) {
            return 0;
        }
    }
    size_t bytes = count * record_size, before_end = (size_t)(side->end - side->next);
    if (bytes < before_end) {
        memcpy(records, side->next, bytes);
        side->next += bytes;
    } else {
        memcpy(records, side->next, before_end);
        memcpy((unsigned char *)records + before_end, side->slots, bytes - before_end);
        side->next = side->slots + (bytes - before_end);
    }
    side->head += count;
    llt_store_release(&side->ring->head, side->head); /* release: every copy out before the slots are given back */
    return count;
}

#endif

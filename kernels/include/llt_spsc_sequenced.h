/* SPSC ring whose slots carry their own number: the layout for one record at a time.
 *
 * Slot: the number (index + 1 of the record that it holds), then the payload. The consumer polls the number of its
 * next slot and finds the payload in the same line or the one behind it: one transfer where an index in a line of its
 * own costs two, one after the other. Nobody polls `tail` or `head`: their lines stay with their owners, but for one
 * look at `head` by the producer each time it has filled the ring since the last.
 *
 * Ordering: the release store of the number pairs with the consumer's acquire load of it, and makes the payload visible
 * before it. The consumer's release store of `head` pairs with the producer's acquire load, and keeps the copy out of
 * a slot before the slot is written again. A number is written by the producer only, and each value once in 2^64
 * records, so an old lap is never taken for the next.
 */
#ifndef LLT_SPSC_SEQUENCED_H
#define LLT_SPSC_SEQUENCED_H

#include "llt_spsc.h"

#define LLT_SEQ_PAYLOAD 8 /* behind the number */

/* Producer. The payload of the next record, or NULL when the ring is full. Nothing is visible before commit. */
static inline void *llt_seq_reserve(llt_spsc_producer *side) {
    if (__builtin_expect(side->tail == side->limit, 0)) {
        /* acquire: the consumer has left the slots before head */
        side->limit = llt_load_acquire(&side->ring->head) + side->capacity;
        if (side->tail == side->limit) {
            return NULL;
        }
    }
    return side->next + LLT_SEQ_PAYLOAD;
}

/* Producer, after a reserve that gave a slot. */
static inline void llt_seq_commit(llt_spsc_producer *side) {
    uint64_t tail = side->tail + 1;
    unsigned char *next = side->next + side->stride;
    llt_store_release(llt_spsc_number(side->next), tail); /* release: the payload before its number */
    side->next = next == side->end ? side->slots : next;
    side->tail = tail;
    llt_store_relaxed(&side->ring->tail, tail); /* relaxed: a count for onlookers, it publishes nothing */
}

/* Consumer. The oldest record, or NULL when the ring is empty. It stays valid until release. */
static inline const void *llt_seq_peek(const llt_spsc_consumer *side) {
    if (llt_load_acquire(llt_spsc_number(side->next)) != side->head + 1) { /* acquire: the payload behind its number */
        return NULL;
    }
    return side->next + LLT_SEQ_PAYLOAD;
}

/* Consumer, after a peek that gave a record. */
static inline void llt_seq_release(llt_spsc_consumer *side) {
    unsigned char *next = side->next + side->stride;
    side->next = next == side->end ? side->slots : next;
    side->head++;
    llt_store_release(&side->ring->head, side->head); /* release: the last look at the slot before it is given back */
}

/* Producer. Copies record_size bytes in; false when the ring is full. A constant size lets the copy be unrolled. */
static inline bool llt_seq_try_push(llt_spsc_producer *side, const void *record, size_t record_size) {
    void *slot = llt_seq_reserve(side);
    if (slot == NULL) {
        return false;
    }
    memcpy(slot, record, record_size);
    llt_seq_commit(side);
    return true;
}

/* Consumer. Copies record_size bytes out; false when the ring is empty. */
static inline bool llt_seq_try_pop(llt_spsc_consumer *side, void *record, size_t record_size) {
    const void *slot = llt_seq_peek(side);
    if (slot == NULL) {
        return false;
    }
    memcpy(record, slot, record_size);
    llt_seq_release(side);
    return true;
}

/* Producer. Copies in as many of `count` records, one after the other, as there is room for; gives their number. */
static inline size_t llt_seq_push_batch(llt_spsc_producer *side, const void *records, size_t count,
                                        size_t record_size) {
    const unsigned char *from = (const unsigned char *)records;
    size_t done = 0;
    while (done < count && llt_seq_try_push(side, from + done * record_size, record_size)) {
        done++;
    }
    return done;
}

/* Consumer. Copies out at most `count` records; gives their number. They are given back together. */
static inline size_t llt_seq_pop_batch(llt_spsc_consumer *side, void *records, size_t count, size_t record_size) {
    unsigned char *to = (unsigned char *)records;
    size_t done = 0;
    const void *slot;
    while (done < count && (slot = llt_seq_peek(side)) != NULL) {
        memcpy(to + done * record_size, slot, record_size);
        unsigned char *next = side->next + side->stride;
        side->next = next == side->end ? side->slots : next;
        side->head++;
        done++;
    }
    if (done) {
        llt_store_release(&side->ring->head, side->head); /* release: every copy out before the slots are given back */
    }
    return done;
}

#endif

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

/* Producer. Whether there is a slot at `tail`, which is the producer's own index. */
static inline bool llt_seq_has_room(llt_spsc_producer *side, const llt_spsc *ring, uint64_t tail) {
    if (__builtin_expect(tail == side->limit, 0)) {
        /* acquire: the consumer has left the slots before head */
        side->limit = llt_load_acquire(&ring->head) + side->mask + 1;
        return tail != side->limit;
    }
    return true;
}

/* Producer. Sends the payload in `slot`, which becomes the record before `tail`. */
static inline void llt_seq_send(llt_spsc *ring, unsigned char *slot, uint64_t tail) {
    llt_store_release(llt_spsc_number(slot), tail); /* release: the payload before its number */
    llt_store_relaxed(&ring->tail, tail);           /* relaxed: a count for onlookers, it publishes nothing */
}

/* Producer. The payload of the next record, or NULL when the ring is full. Nothing is visible before commit. */
static inline void *llt_seq_reserve(llt_spsc_producer *side) {
    llt_spsc *ring = side->ring;
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    if (!llt_seq_has_room(side, ring, tail)) {
        return NULL;
    }
    return llt_spsc_slot(ring, tail, side->mask, side->stride) + LLT_SEQ_PAYLOAD;
}

/* Producer, after a reserve that gave a slot. */
static inline void llt_seq_commit(llt_spsc_producer *side) {
    llt_spsc *ring = side->ring;
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    llt_seq_send(ring, llt_spsc_slot(ring, tail, side->mask, side->stride), tail + 1);
}

/* Consumer. The payload at `head`, which is the consumer's own index, or NULL when it is not there yet. */
static inline const void *llt_seq_look(llt_spsc *ring, uint64_t head, uint64_t mask, size_t stride) {
    unsigned char *slot = llt_spsc_slot(ring, head, mask, stride);
    if (llt_load_acquire(llt_spsc_number(slot)) != head + 1) { /* acquire: the payload behind its number */
        return NULL;
    }
    return slot + LLT_SEQ_PAYLOAD;
}

/* Consumer. The oldest record, or NULL when the ring is empty. It stays valid until release. */
static inline const void *llt_seq_peek(const llt_spsc_consumer *side) {
    llt_spsc *ring = side->ring;
    return llt_seq_look(ring, llt_load_relaxed(&ring->head), side->mask, side->stride); /* relaxed: its own */
}

/* Consumer. Gives back every slot before `head`. */
static inline void llt_seq_give_back(llt_spsc *ring, uint64_t head) {
    llt_store_release(&ring->head, head); /* release: the last look at the slots before they are given back */
}

/* Consumer, after a peek that gave a record. */
static inline void llt_seq_release(llt_spsc_consumer *side) {
    llt_seq_give_back(side->ring, llt_load_relaxed(&side->ring->head) + 1); /* relaxed: its own */
}

/* Producer. Copies record_size bytes in, the size that the ring was made for; false when the ring is full. A constant
 * size lets the copy be unrolled and the slot be found without a multiplication.
 */
static inline bool llt_seq_try_push(llt_spsc_producer *side, const void *record, size_t record_size) {
    llt_spsc *ring = side->ring; /* once: the copy could change what `side` points to, for all the compiler knows */
    uint64_t tail = llt_load_relaxed(&ring->tail); /* relaxed: its own */
    if (!llt_seq_has_room(side, ring, tail)) {
        return false;
    }
    size_t stride = llt_spsc_stride(LLT_SPSC_SEQUENCED, record_size);
    unsigned char *slot = llt_spsc_slot(ring, tail, side->mask, stride);
    memcpy(slot + LLT_SEQ_PAYLOAD, record, record_size);
    llt_seq_send(ring, slot, tail + 1);
    return true;
}

/* Consumer. Copies record_size bytes out, as llt_seq_try_push; false when the ring is empty. */
static inline bool llt_seq_try_pop(llt_spsc_consumer *side, void *record, size_t record_size) {
    llt_spsc *ring = side->ring;
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: its own */
    const void *payload = llt_seq_look(ring, head, side->mask, llt_spsc_stride(LLT_SPSC_SEQUENCED, record_size));
    if (payload == NULL) {
        return false;
    }
    memcpy(record, payload, record_size);
    llt_seq_give_back(ring, head + 1);
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
    size_t done = 0, stride = llt_spsc_stride(LLT_SPSC_SEQUENCED, record_size);
    llt_spsc *ring = side->ring;
    uint64_t head = llt_load_relaxed(&ring->head); /* relaxed: its own */
    const void *payload;
    while (done < count && (payload = llt_seq_look(ring, head + done, side->mask, stride)) != NULL) {
        memcpy(to + done * record_size, payload, record_size);
        done++;
    }
    if (done) {
        llt_seq_give_back(ring, head + done);
    }
    return done;
}

#endif

/* What the chapter builds, in C, only to be measured beside what replaces it: see docs/chapter.md for the defects.
 *
 * The sketch ring (5.3.2): both indices in one line, an index reduced by a division, the other side's index loaded at
 * every call, a flag beside each payload. The locked queue (5.3.1) is what it is meant to replace: one mutex around both
 * indices.
 */
#ifndef LLT_SKETCHES_H
#define LLT_SKETCHES_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "llt_atomic.h"

#define LLT_SKETCH_SLOTS 1024

typedef struct {
    uint64_t present;
    uint64_t value;
} llt_sketch_slot;

typedef struct {
    llt_sketch_slot slots[LLT_SKETCH_SLOTS];
    llt_atomic_u64 head;
    llt_atomic_u64 tail;
    uint64_t capacity; /* not a constant: a division, as for any capacity but powers of two */
} llt_sketch_ring;

static inline bool llt_sketch_push(llt_sketch_ring *ring, uint64_t value) {
    uint64_t head = llt_load_relaxed(&ring->head);
    uint64_t next = (head + 1) % ring->capacity;
    if (next == llt_load_acquire(&ring->tail)) {
        return false;
    }
    ring->slots[head] = (llt_sketch_slot){1, value};
    llt_store_release(&ring->head, next);
    return true;
}

static inline bool llt_sketch_pop(llt_sketch_ring *ring, uint64_t *value) {
    uint64_t tail = llt_load_relaxed(&ring->tail);
    if (tail == llt_load_acquire(&ring->head)) {
        return false;
    }
    *value = ring->slots[tail].value;
    ring->slots[tail].present = 0;
    llt_store_release(&ring->tail, (tail + 1) % ring->capacity);
    return true;
}

typedef struct {
    pthread_mutex_t lock;
    uint64_t head;
    uint64_t tail;
    uint64_t slots[LLT_SKETCH_SLOTS];
} llt_locked_queue;

static inline int llt_locked_init(llt_locked_queue *queue) {
    queue->head = queue->tail = 0;
    return pthread_mutex_init(&queue->lock, NULL);
}

static inline void llt_locked_destroy(llt_locked_queue *queue) { pthread_mutex_destroy(&queue->lock); }

static inline bool llt_locked_push(llt_locked_queue *queue, uint64_t value) {
    pthread_mutex_lock(&queue->lock);
    bool room = queue->tail - queue->head < LLT_SKETCH_SLOTS;
    if (room) {
        queue->slots[queue->tail++ % LLT_SKETCH_SLOTS] = value;
    }
    pthread_mutex_unlock(&queue->lock);
    return room;
}

static inline bool llt_locked_pop(llt_locked_queue *queue, uint64_t *value) {
    pthread_mutex_lock(&queue->lock);
    bool waiting = queue->tail != queue->head;
    if (waiting) {
        *value = queue->slots[queue->head++ % LLT_SKETCH_SLOTS];
    }
    pthread_mutex_unlock(&queue->lock);
    return waiting;
}

#endif

/* The ring for a model checker (GenMC), which tries every execution that C11 allows: the header's own code.
 *
 * -DLAYOUT=LLT_SPSC_SEQUENCED|LLT_SPSC_INDEXED -DCAPACITY=… -DITEMS=… -DFIRST=first index. Records are written and read
 * in place with plain accesses, so a missing ordering is a data race; a lost or old record is a failed assertion.
 */
#include <assert.h>
#include <pthread.h>

#include "llt_spsc_indexed.h"
#include "llt_spsc_sequenced.h"

#define SLOT (LAYOUT == LLT_SPSC_SEQUENCED ? 16 : 8)

static union {
    llt_spsc ring;
    unsigned char bytes[sizeof(llt_spsc) + CAPACITY * 16];
} memory;
static llt_spsc_producer out;
static llt_spsc_consumer in;

static void *produce(void *unused) {
    (void)unused;
    for (uint64_t number = 1; number <= ITEMS; number++) {
        uint64_t *slot = LAYOUT == LLT_SPSC_SEQUENCED ? llt_seq_reserve(&out) : llt_idx_reserve(&out);
        if (slot == NULL) {
            return NULL; /* waiting would have no end of executions */
        }
        *slot = number;
        if (LAYOUT == LLT_SPSC_SEQUENCED) {
            llt_seq_commit(&out);
        } else {
            llt_idx_commit(&out, 1);
        }
    }
    return NULL;
}

static void *consume(void *unused) {
    (void)unused;
    for (uint64_t number = 1; number <= ITEMS; number++) {
        const uint64_t *slot = LAYOUT == LLT_SPSC_SEQUENCED ? llt_seq_peek(&in) : llt_idx_peek(&in);
        if (slot == NULL) {
            return NULL;
        }
        assert(*slot == number);
        if (LAYOUT == LLT_SPSC_SEQUENCED) {
            llt_seq_release(&in);
        } else {
            llt_idx_release(&in, 1);
        }
    }
    return NULL;
}

int main(void) {
    llt_spsc *ring = &memory.ring;
    atomic_init(&ring->tail, (uint64_t)FIRST);
    atomic_init(&ring->head, (uint64_t)FIRST);
    for (uint64_t i = 0; LAYOUT == LLT_SPSC_SEQUENCED && i < CAPACITY; i++) {
        uint64_t index = (uint64_t)FIRST + i;
        atomic_init(llt_spsc_number(llt_spsc_slot(ring, index, CAPACITY - 1, SLOT)), index);
    }
    out.ring = in.ring = ring;
    out.mask = in.mask = CAPACITY - 1;
    out.stride = in.stride = SLOT;
    out.limit = in.seen = (uint64_t)FIRST;
    pthread_t producer, consumer;
    pthread_create(&producer, NULL, produce, NULL);
    pthread_create(&consumer, NULL, consume, NULL);
    pthread_join(producer, NULL);
    pthread_join(consumer, NULL);
    return 0;
}

/* Two threads pass checksummed records through a ring.
 *
 *   spsc_stress ITEMS FIRST_INDEX CAPACITY
 *
 * Exit 0 when every record arrived once, whole and in order; otherwise 1 and a line that says what did not.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "llt_spsc.h"

typedef struct {
    uint64_t number;
    uint64_t payload[3];
    uint64_t checksum;
} record;

static llt_spsc *ring;
static uint64_t items;

static record make(uint64_t number) {
    record made = {.number = number};
    uint64_t state = number;
    for (int i = 0; i < 3; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        made.payload[i] = state;
    }
    made.checksum = made.number ^ made.payload[0] ^ made.payload[1] ^ made.payload[2];
    return made;
}

/* Copying and in place by turns: both ways in and out are used. */
static void *produce(void *unused) {
    (void)unused;
    for (uint64_t number = 0; number < items; number++) {
        record next = make(number);
        if (number % 2) {
            while (!llt_spsc_try_push(ring, &next)) {
                sched_yield();
            }
        } else {
            record *slot;
            while ((slot = (record *)llt_spsc_reserve(ring)) == NULL) {
                sched_yield();
            }
            *slot = next;
            llt_spsc_commit(ring);
        }
    }
    return NULL;
}

static int consume(void) {
    for (uint64_t number = 0; number < items; number++) {
        record got;
        if (number % 3) {
            while (!llt_spsc_try_pop(ring, &got)) {
                sched_yield();
            }
        } else {
            const record *slot;
            while ((slot = (const record *)llt_spsc_peek(ring)) == NULL) {
                sched_yield();
            }
            got = *slot;
            llt_spsc_release(ring);
        }
        record wanted = make(number);
        if (memcmp(&got, &wanted, sizeof got) != 0) {
            printf("record %" PRIu64 ": got number %" PRIu64 ", checksum %" PRIx64 "\n", number, got.number,
                   got.checksum);
            return 1;
        }
        if (llt_spsc_length(ring) > llt_spsc_capacity(ring)) {
            printf("record %" PRIu64 ": more records than capacity\n", number);
            return 1;
        }
    }
    return 0;
}

/* Every slot is usable and the ring knows full from empty, wherever the indices stand. */
static int fill_and_drain(void) {
    for (int round = 0; round < 3; round++) {
        uint64_t capacity = llt_spsc_capacity(ring);
        record got, one = make(7);
        if (llt_spsc_try_pop(ring, &got) || llt_spsc_length(ring) != 0) {
            return printf("round %d: an empty ring gave a record\n", round), 1;
        }
        for (uint64_t i = 0; i < capacity; i++) {
            one = make(i);
            if (!llt_spsc_try_push(ring, &one) || llt_spsc_length(ring) != i + 1) {
                return printf("round %d: record %" PRIu64 " of %" PRIu64 " refused\n", round, i, capacity), 1;
            }
        }
        if (llt_spsc_try_push(ring, &one)) {
            return printf("round %d: a full ring took a record\n", round), 1;
        }
        for (uint64_t i = 0; i < capacity; i++) {
            if (!llt_spsc_try_pop(ring, &got) || got.number != i) {
                return printf("round %d: record %" PRIu64 " lost\n", round, i), 1;
            }
        }
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count != 4) {
        return 2;
    }
    items = strtoull(arguments[1], NULL, 10);
    ring = llt_spsc_create(strtoull(arguments[3], NULL, 10), sizeof(record), strtoull(arguments[2], NULL, 10));
    if (ring == NULL || fill_and_drain() != 0) {
        return 1;
    }
    pthread_t producer;
    if (pthread_create(&producer, NULL, produce, NULL) != 0) {
        return 2;
    }
    int failed = consume();
    if (failed) {
        exit(1); /* the producer may wait for room for ever */
    }
    pthread_join(producer, NULL);
    llt_spsc_destroy(ring);
    return 0;
}

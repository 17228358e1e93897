/* Two threads pass checksummed records through a ring.
 *
 *   spsc_stress LAYOUT ITEMS FIRST_INDEX CAPACITY [PRODUCER_CORE CONSUMER_CORE]
 *
 * LAYOUT: 1 sequenced, 2 indexed. Without cores the threads run where the kernel puts them.
 *
 * Exit 0 when every record arrived once, whole and in order; otherwise 1 and a line that says what did not.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "llt_spsc_indexed.h"
#include "llt_spsc_sequenced.h"

#define BATCH 5

typedef struct {
    uint64_t number;
    uint64_t payload[3];
    uint64_t checksum;
} record;

static llt_spsc *ring;
static llt_spsc_producer out;
static llt_spsc_consumer in;
static uint64_t items;
static int sequenced;
/* Not a constant: gcc expands copies of a known size to moves that ThreadSanitizer does not see. */
static volatile size_t size = sizeof(record);

static bool push(const record *one) {
    return sequenced ? llt_seq_try_push(&out, one, size) : llt_idx_try_push(&out, one, size);
}

static bool pop(record *one) {
    return sequenced ? llt_seq_try_pop(&in, one, size) : llt_idx_try_pop(&in, one, size);
}

static size_t push_batch(const record *many, size_t count) {
    return sequenced ? llt_seq_push_batch(&out, many, count, size)
                     : llt_idx_push_batch(&out, many, count, size);
}

static size_t pop_batch(record *many, size_t count) {
    return sequenced ? llt_seq_pop_batch(&in, many, count, size)
                     : llt_idx_pop_batch(&in, many, count, size);
}

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

/* In place, copying, and in batches by turns: every way in and out is used. */
static void *produce(void *unused) {
    (void)unused;
    record batch[BATCH];
    for (uint64_t number = 0; number < items;) {
        if (number % 3 == 0) {
            record *slot;
            while ((slot = (record *)(sequenced ? llt_seq_reserve(&out) : llt_idx_reserve(&out))) == NULL) {
                sched_yield();
            }
            record next = make(number++);
            memcpy(slot, &next, size);
            if (sequenced) {
                llt_seq_commit(&out);
            } else {
                llt_idx_commit(&out, 1);
            }
        } else if (number % 3 == 1) {
            record next = make(number++);
            while (!push(&next)) {
                sched_yield();
            }
        } else {
            size_t count = items - number < BATCH ? (size_t)(items - number) : BATCH;
            for (size_t i = 0; i < count; i++) {
                batch[i] = make(number + i);
            }
            for (size_t done = 0; done < count;) {
                size_t pushed = push_batch(batch + done, count - done);
                if (pushed == 0) {
                    sched_yield();
                }
                done += pushed;
            }
            number += count;
        }
    }
    llt_spsc_close(ring);
    return NULL;
}

static int check(const record *got, uint64_t number) {
    record wanted = make(number);
    if (memcmp(got, &wanted, sizeof wanted) == 0) {
        return 0;
    }
    printf("record %" PRIu64 ": got number %" PRIu64 ", checksum %" PRIx64 "\n", number, got->number, got->checksum);
    return 1;
}

static int consume(void) {
    record batch[BATCH];
    uint64_t number = 0;
    for (;;) {
        bool closed = llt_spsc_is_closed(ring);
        size_t count = 0;
        if (number % 2) {
            count = pop_batch(batch, BATCH);
        } else if (number % 4) {
            count = pop(batch);
        } else {
            const record *slot = (const record *)(sequenced ? llt_seq_peek(&in) : llt_idx_peek(&in));
            if (slot != NULL) {
                memcpy(&batch[count++], slot, size);
                if (sequenced) {
                    llt_seq_release(&in);
                } else {
                    llt_idx_release(&in, 1);
                }
            }
        }
        if (count == 0 && closed) {
            return number == items ? 0 : (printf("%" PRIu64 " records of %" PRIu64 "\n", number, items), 1);
        }
        if (count == 0) {
            sched_yield();
        }
        for (size_t i = 0; i < count; i++) {
            if (check(&batch[i], number++) != 0) {
                return 1;
            }
        }
        if (llt_spsc_length(ring) > ring->capacity) {
            return printf("record %" PRIu64 ": more records than capacity\n", number), 1;
        }
    }
}

/* 0 when the thread runs on that core alone. */
static int pin(pthread_t thread, const char *core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)atoi(core), &cores);
    return pthread_setaffinity_np(thread, sizeof cores, &cores);
}

/* Every slot is usable and the ring knows full from empty, wherever the indices stand. */
static int fill_and_drain(void) {
    for (int round = 0; round < 3; round++) {
        uint64_t capacity = ring->capacity;
        record got, one = make(7);
        if (pop(&got) || llt_spsc_length(ring) != 0) {
            return printf("round %d: an empty ring gave a record\n", round), 1;
        }
        for (uint64_t i = 0; i < capacity; i++) {
            one = make(i);
            if (!push(&one) || llt_spsc_length(ring) != i + 1) {
                return printf("round %d: record %" PRIu64 " of %" PRIu64 " refused\n", round, i, capacity), 1;
            }
        }
        if (push(&one)) {
            return printf("round %d: a full ring took a record\n", round), 1;
        }
        for (uint64_t i = 0; i < capacity; i++) {
            if (!pop(&got) || got.number != i) {
                return printf("round %d: record %" PRIu64 " lost\n", round, i), 1;
            }
        }
    }
    return 0;
}

int main(int count, char **arguments) {
    if (count != 5 && count != 7) {
        return 2;
    }
    sequenced = arguments[1][0] == '1';
    items = strtoull(arguments[2], NULL, 10);
    ring = llt_spsc_create(sequenced ? LLT_SPSC_SEQUENCED : LLT_SPSC_INDEXED, strtoull(arguments[4], NULL, 10),
                           sizeof(record), strtoull(arguments[3], NULL, 10));
    if (ring == NULL || llt_spsc_validate(ring, SIZE_MAX) != LLT_SPSC_OK) {
        return 1;
    }
    llt_spsc_start_producer(&out, ring);
    llt_spsc_start_consumer(&in, ring);
    if (fill_and_drain() != 0) {
        return 1;
    }
    pthread_t producer;
    if (pthread_create(&producer, NULL, produce, NULL) != 0) {
        return 2;
    }
    if (count == 7 && (pin(producer, arguments[5]) != 0 || pin(pthread_self(), arguments[6]) != 0)) {
        printf("cores %s and %s cannot be used\n", arguments[5], arguments[6]);
        exit(2);
    }
    int failed = consume();
    if (failed) {
        exit(1); /* the producer may wait for room for ever */
    }
    pthread_join(producer, NULL);
    llt_spsc_destroy(ring);
    return 0;
}

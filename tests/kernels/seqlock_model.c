/* The seqlock for a model checker (GenMC): two writes and a read, the header's own code. With -DSKETCH the chapter's
 * writer (5.3.4), which stores the odd sequence with release and has no fence behind it.
 */
#include <assert.h>
#include <pthread.h>
#include <string.h>

/* Whole words only: the checker wants every access to a place to have one size. */
#define memcpy(to, from, size) ((void)(size), *(uint64_t *)(to) = *(const uint64_t *)(from))
#include "llt_seqlock.h"

#define PAYLOAD 16

static union {
    llt_seqlock lock;
    unsigned char bytes[sizeof(llt_seqlock) + PAYLOAD];
} memory;

static void write(const uint64_t *payload) {
#ifdef SKETCH
    llt_seqlock *lock = &memory.lock;
    uint64_t sequence = llt_load_relaxed(&lock->sequence);
    llt_store_release(&lock->sequence, sequence + 1);
    llt_store_relaxed(&lock->words[0], payload[0]);
    llt_store_relaxed(&lock->words[1], payload[1]);
    llt_store_release(&lock->sequence, sequence + 2);
#else
    llt_seqlock_write(&memory.lock, payload, PAYLOAD);
#endif
}

static void *write_twice(void *unused) {
    (void)unused;
    for (uint64_t number = 1; number <= 2; number++) {
        uint64_t payload[2] = {number, number};
        write(payload);
    }
    return NULL;
}

static void *read_once(void *unused) {
    (void)unused;
    uint64_t payload[2];
    if (llt_seqlock_try_read(&memory.lock, payload, PAYLOAD)) {
        assert(payload[0] == payload[1]);
    }
    return NULL;
}

int main(void) {
    atomic_init(&memory.lock.sequence, 0);
    atomic_init(&memory.lock.words[0], 0);
    atomic_init(&memory.lock.words[1], 0);
    pthread_t writer, reader;
    pthread_create(&writer, NULL, write_twice, NULL);
    pthread_create(&reader, NULL, read_once, NULL);
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    return 0;
}

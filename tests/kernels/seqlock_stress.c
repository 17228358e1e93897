/* A reader checks every copy it gets while a writer writes without rest.
 *
 *   seqlock_stress STABLE_READS
 *
 * Exit 0 when each of that many stable copies was one that the writer wrote, in the order of writing, and the reads
 * were refused while a write was in progress; otherwise 1 and a line that says what was not so.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "llt_seqlock.h"

#define PAYLOAD 61 /* eight words, the last one cut */

static llt_seqlock *lock;
static llt_atomic_u64 done;

static void make(unsigned char *payload, uint64_t number) {
    uint64_t words[8] = {number};
    for (int i = 1; i < 8; i++) {
        words[i] = words[i - 1] * 6364136223846793005u + 1442695040888963407u;
    }
    memcpy(payload, words, PAYLOAD);
}

static void *write_without_rest(void *unused) {
    (void)unused;
    unsigned char payload[PAYLOAD];
    for (uint64_t number = 1; !llt_load_relaxed(&done); number++) {
        make(payload, number);
        llt_seqlock_write(lock, payload, PAYLOAD);
    }
    return NULL;
}

static int read_and_check(uint64_t reads) {
    uint64_t last = 0;
    unsigned char got[PAYLOAD], wanted[PAYLOAD];
    for (uint64_t stable = 0; stable < reads;) {
        if (!llt_seqlock_read(lock, got, PAYLOAD, 1000)) {
            sched_yield();
            continue;
        }
        uint64_t number;
        memcpy(&number, got, sizeof number);
        make(wanted, number);
        if (number != 0 && memcmp(got, wanted, PAYLOAD) != 0) {
            return printf("stable read %" PRIu64 " is torn\n", stable), 1;
        }
        if (number < last) {
            return printf("stable read %" PRIu64 " is older than the one before\n", stable), 1;
        }
        last = number;
        stable++;
    }
    return 0;
}

static int refuses_while_odd(void) {
    unsigned char payload[PAYLOAD];
    llt_store_relaxed(&lock->sequence, 1);
    int accepted = llt_seqlock_try_read(lock, payload, PAYLOAD) || llt_seqlock_read(lock, payload, PAYLOAD, 10);
    llt_store_relaxed(&lock->sequence, 0);
    return accepted ? printf("read during a write\n"), 1 : 0;
}

int main(int count, char **arguments) {
    lock = llt_seqlock_create(PAYLOAD);
    if (count != 2 || lock == NULL) {
        return 2;
    }
    if (refuses_while_odd() != 0) {
        return 1;
    }
    pthread_t writer;
    if (pthread_create(&writer, NULL, write_without_rest, NULL) != 0) {
        return 2;
    }
    int failed = read_and_check(strtoull(arguments[1], NULL, 10));
    llt_store_relaxed(&done, 1);
    pthread_join(writer, NULL);
    llt_seqlock_destroy(lock);
    return failed;
}

/* A reader checks every copy it gets while a writer writes without rest.
 *
 *   seqlock_stress MILLISECONDS
 *
 * Exit 0 when all stable copies of that time were such that the writer wrote, in the order of writing, and reads are
 * refused while a write is in progress; otherwise 1 and a line that says what was not so.
 */
#define _POSIX_C_SOURCE 199309L
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "llt_seqlock.h"

#define MIN_COPIES 10
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

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Only copies that differ from the one before count: a writer that had not started yet would prove nothing. */
static int read_and_check(uint64_t milliseconds) {
    uint64_t last = 0, unchanged = 0, seen = 0;
    uint64_t end = now_ms() + milliseconds;
    unsigned char got[PAYLOAD], wanted[PAYLOAD];
    while (seen < MIN_COPIES || now_ms() < end) {
        if (!llt_seqlock_read(lock, got, PAYLOAD, 1000)) {
            sched_yield();
            continue;
        }
        uint64_t number;
        memcpy(&number, got, sizeof number);
        make(wanted, number);
        if (number != 0 && memcmp(got, wanted, PAYLOAD) != 0) {
            return printf("copy %" PRIu64 " is torn\n", seen), 1;
        }
        if (number < last) {
            return printf("copy %" PRIu64 " is older than the one before\n", seen), 1;
        }
        if (number != last) {
            seen++;
            unchanged = 0;
        } else if (++unchanged == 1000) {
            sched_yield(); /* on a single core the writer needs a turn */
            unchanged = 0;
        }
        last = number;
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

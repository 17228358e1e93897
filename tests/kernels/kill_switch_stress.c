/* A sender and a killer, many rounds: after the switch was tripped and seen quiet, no send begins or ends. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "llt_kill_switch.h"

static llt_kill_switch kill_word;
static llt_atomic_u64 begun, finished, stop;

static void *sender(void *unused) {
    (void)unused;
    while (llt_load_relaxed(&stop) == 0) {
        if (llt_kill_may_send(&kill_word)) {
            llt_add_relaxed(&begun, 1);
            for (volatile int i = 0; i < 20; i++) {
            }
            llt_add_relaxed(&finished, 1);
            llt_kill_sent(&kill_word);
        }
    }
    return NULL;
}

int main(int count, char **arguments) {
    long rounds = count > 1 ? atol(arguments[1]) : 1000;
    uint64_t sent = 0;
    for (long round = 0; round < rounds; round++) {
        pthread_t thread;
        llt_kill_init(&kill_word);
        llt_store_relaxed(&stop, 0);
        if (pthread_create(&thread, NULL, sender, NULL) != 0) {
            return 2;
        }
        while (llt_load_relaxed(&begun) - sent < (uint64_t)(round % 7)) {
        }
        llt_kill_trip(&kill_word, LLT_KILL_OPERATOR, 1);
        while (!llt_kill_is_quiet(&kill_word)) {
        }
        uint64_t before = llt_load_acquire(&begun), ended = llt_load_acquire(&finished);
        for (volatile int i = 0; i < 5000; i++) {
        }
        if (llt_load_acquire(&begun) != before || ended != before) {
            printf("round %ld: an order left after the switch was quiet\n", round);
            return 1;
        }
        llt_store_relaxed(&stop, 1);
        pthread_join(thread, NULL);
        sent = before;
    }
    printf("%llu orders in %ld rounds\n", (unsigned long long)sent, rounds);
    return 0;
}

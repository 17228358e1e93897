/* Two threads take turns at a plain counter, by each means in turn: handoff_stress TRIPS
 *
 * The counter is not atomic: ThreadSanitizer sees whether a turn really orders what one side did before what the other
 * does after. Both sides count; a turn that both believe to have loses a count.
 */
#define _GNU_SOURCE /* syscall() */
#include <stdio.h>
#include <string.h>

#include "llt_handoff.h"

typedef struct {
    llt_handoff *game;
    long trips;
    long *counter;
} llt_side;

static void *answer(void *argument) {
    llt_side *side = argument;
    int code;
    while ((code = llt_handoff_await(side->game, 1)) == 0) {
        ++*side->counter;
        if ((code = llt_handoff_pass(side->game, 0)) != 0) {
            break;
        }
    }
    return code == -(int)LLT_HANDOFF_ENDED ? NULL : argument;
}

static int play(llt_handoff_means means, long trips) {
    long counter = 0;
    llt_side side = {llt_handoff_create(means), trips, &counter};
    pthread_t peer;
    void *failed;
    if (side.game == NULL || pthread_create(&peer, NULL, answer, &side) != 0) {
        return 1;
    }
    for (long trip = 0; trip < trips; trip++) {
        ++counter;
        if (llt_handoff_pass(side.game, 1) != 0 || llt_handoff_await(side.game, 0) != 0) {
            return 1;
        }
    }
    if (llt_handoff_end(side.game) != 0 || pthread_join(peer, &failed) != 0 || failed != NULL) {
        return 1;
    }
    llt_handoff_destroy(side.game);
    return counter == 2 * trips ? 0 : 1;
}

int main(int argc, char **argv) {
    static const char *const names[] = {"spin", "mutex", "condvar", "futex", "eventfd", "pipe"};
    long trips = argc > 1 ? atol(argv[1]) : 1000;
    int failed = 0;
    for (int means = LLT_HANDOFF_SPIN; means <= LLT_HANDOFF_PIPE; means++) {
        if (play((llt_handoff_means)means, trips)) {
            fprintf(stderr, "%s: turns were lost\n", names[means]);
            failed = 1;
        }
    }
    return failed;
}

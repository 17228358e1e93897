/* A request to stop that hot loops look at each turn: one load of a line that nobody writes until the end.
 *
 * The signal handler only stores: nothing else is safe in it. It works while Python code is not running (a loop without
 * the GIL never reaches Python's own handlers). A second signal finds the default action again and ends the process.
 * With a kill switch the handler trips it as well: no order leaves between the signal and the loop's next look.
 * Ordering: the request releases, the look acquires, so what was written before the request (its reason) is seen.
 */
#ifndef LLT_SHUTDOWN_H
#define LLT_SHUTDOWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "llt_atomic.h"
#include "llt_kill_switch.h"

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 reason; /* 0: go on; else a signal's number, or LLT_SHUTDOWN_ASKED */
} llt_shutdown;

#define LLT_SHUTDOWN_ASKED 256 /* by a call, not by a signal: above every signal's number */

static inline bool llt_shutdown_requested(const llt_shutdown *token) { return llt_load_acquire(&token->reason) != 0; }

/* The first request stays. */
static inline void llt_shutdown_request(llt_shutdown *token, uint64_t reason) {
    llt_compare_exchange_acq_rel(&token->reason, 0, reason);
}

/* The token that signals reach. A handler may run while another token is installed: the pointer is atomic. */
static _Atomic(llt_shutdown *) llt_shutdown_installed;
static _Atomic(llt_kill_switch *) llt_shutdown_trips; /* NULL: none */

static void llt_shutdown_on_signal(int number) {
    llt_shutdown *token = atomic_load_explicit(&llt_shutdown_installed, memory_order_acquire);
    llt_kill_switch *kill = atomic_load_explicit(&llt_shutdown_trips, memory_order_acquire);
    if (token != NULL) {
        llt_shutdown_request(token, (uint64_t)number);
    }
    if (kill != NULL) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now); /* async-signal-safe (signal-safety(7)) */
        llt_kill_trip(kill, LLT_KILL_SIGNAL, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    }
}

/* Sends SIGINT and SIGTERM to `token` and `kill` (or NULL), once each; keeps what they did before in `previous`. -1 with
 * errno. */
static inline int llt_shutdown_install(llt_shutdown *token, llt_kill_switch *kill, struct sigaction previous[2]) {
    struct sigaction action = {.sa_handler = llt_shutdown_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    atomic_store_explicit(&llt_shutdown_trips, kill, memory_order_release); /* release: the switch is made */
    atomic_store_explicit(&llt_shutdown_installed, token, memory_order_release); /* release: the token is made */
    if (sigaction(SIGINT, &action, &previous[0]) != 0) {
        return -1;
    }
    return sigaction(SIGTERM, &action, &previous[1]);
}

static inline int llt_shutdown_restore(const struct sigaction previous[2]) {
    int failed = sigaction(SIGINT, &previous[0], NULL) | sigaction(SIGTERM, &previous[1], NULL);
    atomic_store_explicit(&llt_shutdown_installed, NULL, memory_order_release);
    atomic_store_explicit(&llt_shutdown_trips, NULL, memory_order_release);
    return failed;
}

#endif

/* A request to stop that hot loops look at each turn: one load of a line that nobody writes until the end.
 *
 * The signal handler only stores: nothing else is safe in it. It works while Python code is not running (a loop without
 * the GIL never reaches Python's own handlers). A second signal finds the default action again and ends the process.
 * Ordering: the request releases, the look acquires, so what was written before the request (its reason) is seen.
 */
#ifndef LLT_SHUTDOWN_H
#define LLT_SHUTDOWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "llt_atomic.h"

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

static void llt_shutdown_on_signal(int number) {
    llt_shutdown *token = atomic_load_explicit(&llt_shutdown_installed, memory_order_acquire);
    if (token != NULL) {
        llt_shutdown_request(token, (uint64_t)number);
    }
}

/* Sends SIGINT and SIGTERM to `token`, once each; keeps what they did before in `previous`. -1 with errno. */
static inline int llt_shutdown_install(llt_shutdown *token, struct sigaction previous[2]) {
    struct sigaction action = {.sa_handler = llt_shutdown_on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    atomic_store_explicit(&llt_shutdown_installed, token, memory_order_release); /* release: the token is made */
    if (sigaction(SIGINT, &action, &previous[0]) != 0) {
        return -1;
    }
    return sigaction(SIGTERM, &action, &previous[1]);
}

static inline int llt_shutdown_restore(const struct sigaction previous[2]) {
    int failed = sigaction(SIGINT, &previous[0], NULL) | sigaction(SIGTERM, &previous[1], NULL);
    atomic_store_explicit(&llt_shutdown_installed, NULL, memory_order_release);
    return failed;
}

#endif

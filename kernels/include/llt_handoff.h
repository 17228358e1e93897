/* Two threads that take turns, by each means that a program has to wake another one.
 *
 * `turn` says whose turn it is: side 0 (the measuring thread), side 1 (its peer), or that the game has ended. Only the
 * side whose turn it is writes it, so it is never written by two threads at once; llt_handoff_end() is called by side
 * 0 in its own turn. Every means also carries the word itself, so that what is handed over is the same for all:
 *
 *   spin      the other side polls the word (release store, acquire load)
 *   mutex     the word is read and written under a lock, and polled: what two threads pay that share a lock
 *   condvar   the same lock, and a condition variable to sleep on
 *   futex     release store, then FUTEX_WAKE; the sleeper waits on the word's value (the kernel compares under its own
 *             lock, so a store between look and sleep is never missed)
 *   eventfd, pipe   release store, then a write of one token that the other side reads; the system call orders both
 *
 * Orderings: the store of `turn` is a release and its load an acquire, so that what a side did before it passed the
 * turn is visible to the one that gets it. Under the mutex relaxed would do; one form for all keeps them alike.
 */
#ifndef LLT_HANDOFF_H
#define LLT_HANDOFF_H

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "llt_arch.h"
#include "llt_atomic.h"

typedef enum {
    LLT_HANDOFF_SPIN,
    LLT_HANDOFF_MUTEX,
    LLT_HANDOFF_CONDVAR,
    LLT_HANDOFF_FUTEX,
    LLT_HANDOFF_EVENTFD,
    LLT_HANDOFF_PIPE,
} llt_handoff_means;

#define LLT_HANDOFF_ENDED 2u

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u32 turn;
    _Alignas(LLT_LINE) pthread_mutex_t lock;
    pthread_cond_t passed;
    llt_handoff_means means;
    int reads[2];  /* what each side reads its token from; -1: none */
    int writes[2]; /* where a token for each side is written */
} llt_handoff;

/* The futex system call takes the address of a plain 32-bit word. */
_Static_assert(sizeof(llt_atomic_u32) == 4 && ATOMIC_INT_LOCK_FREE == 2, "the word is what FUTEX_WAIT compares");

static inline void llt_handoff_destroy(llt_handoff *game) {
    for (int side = 0; side < 2; side++) {
        if (game->reads[side] >= 0) {
            close(game->reads[side]);
        }
        if (game->writes[side] >= 0 && game->writes[side] != game->reads[side]) {
            close(game->writes[side]);
        }
    }
    pthread_cond_destroy(&game->passed);
    pthread_mutex_destroy(&game->lock);
    free(game);
}

/* NULL with errno where memory or descriptors are not to be had. */
static inline llt_handoff *llt_handoff_create(llt_handoff_means means) {
    llt_handoff *game = aligned_alloc(LLT_LINE, sizeof(llt_handoff));
    if (game == NULL) {
        return NULL;
    }
    atomic_init(&game->turn, 0);
    pthread_mutex_init(&game->lock, NULL);
    pthread_cond_init(&game->passed, NULL);
    game->means = means;
    for (int side = 0; side < 2; side++) {
        game->reads[side] = game->writes[side] = -1;
    }
    for (int side = 0; side < 2; side++) {
        int ends[2] = {-1, -1};
        int failed = 0;
        if (means == LLT_HANDOFF_EVENTFD) {
            failed = (ends[0] = ends[1] = eventfd(0, EFD_CLOEXEC)) < 0;
        } else if (means == LLT_HANDOFF_PIPE) {
            failed = pipe(ends) != 0;
        }
        if (failed) {
            int reason = errno;
            llt_handoff_destroy(game);
            errno = reason;
            return NULL;
        }
        game->reads[side] = ends[0];
        game->writes[side] = ends[1];
    }
    return game;
}

static inline uint32_t llt_handoff_turn(llt_handoff *game) {
    return atomic_load_explicit(&game->turn, memory_order_acquire);
}

/* Passes the turn to `side`, or ends the game; 0 or an errno. */
static inline int llt_handoff_give(llt_handoff *game, uint32_t turn, int side) {
    static const uint64_t token = 1;
    switch (game->means) {
    case LLT_HANDOFF_MUTEX:
    case LLT_HANDOFF_CONDVAR:
        pthread_mutex_lock(&game->lock);
        atomic_store_explicit(&game->turn, turn, memory_order_release);
        if (game->means == LLT_HANDOFF_CONDVAR) {
            pthread_cond_signal(&game->passed);
        }
        pthread_mutex_unlock(&game->lock);
        return 0;
    case LLT_HANDOFF_FUTEX:
        atomic_store_explicit(&game->turn, turn, memory_order_release);
        return syscall(SYS_futex, &game->turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) < 0 ? errno : 0;
    case LLT_HANDOFF_EVENTFD:
    case LLT_HANDOFF_PIPE:
        atomic_store_explicit(&game->turn, turn, memory_order_release);
        while (write(game->writes[side], &token, sizeof token) < 0) {
            if (errno != EINTR) {
                return errno;
            }
        }
        return 0;
    default:
        atomic_store_explicit(&game->turn, turn, memory_order_release);
        return 0;
    }
}

static inline int llt_handoff_pass(llt_handoff *game, int side) {
    return llt_handoff_give(game, (uint32_t)side, side);
}

static inline int llt_handoff_end(llt_handoff *game) { return llt_handoff_give(game, LLT_HANDOFF_ENDED, 1); }

/* Waits for the turn of `side`: 0, LLT_HANDOFF_ENDED as a negative number, or an errno. */
static inline int llt_handoff_await(llt_handoff *game, int side) {
    uint32_t turn, other = (uint32_t)!side;
    uint64_t token;
    switch (game->means) {
    case LLT_HANDOFF_MUTEX:
        do {
            pthread_mutex_lock(&game->lock);
            turn = llt_handoff_turn(game);
            pthread_mutex_unlock(&game->lock);
        } while (turn == other);
        break;
    case LLT_HANDOFF_CONDVAR:
        pthread_mutex_lock(&game->lock);
        while ((turn = llt_handoff_turn(game)) == other) {
            pthread_cond_wait(&game->passed, &game->lock);
        }
        pthread_mutex_unlock(&game->lock);
        break;
    case LLT_HANDOFF_FUTEX:
        while ((turn = llt_handoff_turn(game)) == other) {
            if (syscall(SYS_futex, &game->turn, FUTEX_WAIT_PRIVATE, other, NULL, NULL, 0) < 0 && errno != EAGAIN &&
                errno != EINTR) {
                return errno;
            }
        }
        break;
    case LLT_HANDOFF_EVENTFD:
    case LLT_HANDOFF_PIPE:
        while (read(game->reads[side], &token, sizeof token) < 0) {
            if (errno != EINTR) {
                return errno;
            }
        }
        turn = llt_handoff_turn(game);
        break;
    default:
        while ((turn = llt_handoff_turn(game)) == other) {
            llt_pause();
        }
    }
    return turn == LLT_HANDOFF_ENDED ? -(int)LLT_HANDOFF_ENDED : 0;
}

#endif

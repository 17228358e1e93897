/* Sequence lock: one writer publishes a payload, any number of readers copy it without writing anything shared.
 *
 * Layout: the sequence and the payload's words lie together from the start of a line, so that a payload of up to
 * 56 bytes moves between cores in one 64-byte line. The owner allocates llt_seqlock_size() bytes, LLT_LINE aligned.
 *
 * Ordering. Writer: sequence odd (relaxed); release fence; words (relaxed); sequence even (release). The fence is what
 * keeps the words behind the odd sequence: a release *store* of it would order only what comes before it, and the
 * words could become visible while the sequence still looks even. Reader: sequence (acquire); words (relaxed);
 * acquire fence; sequence again (relaxed). A word taken from a write in progress synchronises through the two fences
 * (C11 7.17.4), so that the second load sees at least that write's odd sequence, and the copy is refused.
 * Words are atomic because reader and writer may touch one at the same time: with plain accesses that is a data race,
 * which C11 leaves undefined whatever the sequence says.
 *
 * On x86-64 the writer stores the words in pairs, in assembler: C11 has no store of that width, and stores are what a
 * write costs. It needs no atomic pair: in whatever parts a store becomes visible, the machine keeps all of them behind
 * the store of the odd sequence and before that of the even one. What C11 says of the header is checked without it.
 *
 * The copies ask for unrolling by hand: to gcc an atomic access is a call, and it keeps loops with calls rolled.
 *
 * A reader never waits without end: a writer that is descheduled in the middle of a write stops every reader until
 * it runs again, so reads are tried a given number of times. A second writer at the same time breaks the lock.
 *
 * In shared memory a line of constants comes first. A writer that dies within a write leaves the sequence odd: readers
 * are refused until the next writer has written, which goes on from there (odd stays odd until its words are all in).
 */
#ifndef LLT_SEQLOCK_H
#define LLT_SEQLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "llt_arch.h"
#include "llt_atomic.h"

typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 sequence; /* odd while a write is in progress */
    llt_atomic_u64 words[];
} llt_seqlock;

#define LLT_SEQLOCK_ONE_LINE 56 /* the largest payload that shares the sequence's 64-byte line */

_Static_assert(offsetof(llt_seqlock, words) == 8, "the payload starts right behind the sequence");
_Static_assert(offsetof(llt_seqlock, words) + LLT_SEQLOCK_ONE_LINE == 64, "one line holds sequence and payload");

/* Bytes to allocate, a multiple of LLT_LINE; 0 when the payload is too large to address. */
static inline size_t llt_seqlock_size(size_t payload_size) {
    if (payload_size > (size_t)PTRDIFF_MAX - 2 * LLT_LINE) {
        return 0;
    }
    return (offsetof(llt_seqlock, words) + payload_size + LLT_LINE - 1) / LLT_LINE * LLT_LINE;
}

/* NULL when memory is not to be had. The payload starts as zeros. */
static inline llt_seqlock *llt_seqlock_create(size_t payload_size) {
    size_t size = llt_seqlock_size(payload_size);
    llt_seqlock *lock = size == 0 ? NULL : (llt_seqlock *)aligned_alloc(LLT_LINE, size);
    if (lock != NULL) {
        atomic_init(&lock->sequence, 0);
        for (size_t i = 0; i < (payload_size + 7) / 8; i++) {
            atomic_init(&lock->words[i], 0);
        }
    }
    return lock;
}

/* A lock behind its constants, for two processes. */
typedef struct {
    _Alignas(LLT_LINE) llt_atomic_u64 magic; /* stored last: what has it is complete */
    uint32_t version;
    uint32_t reserved;
    uint64_t payload_size;
    llt_atomic_u64 writer_pid; /* 0: nobody */
    llt_seqlock lock;
} llt_seqlock_shared;

#define LLT_SEQLOCK_MAGIC 0x314b434c51454c4cu
#define LLT_SEQLOCK_VERSION 1

_Static_assert(offsetof(llt_seqlock_shared, lock) == LLT_LINE, "the layout of shared memory is fixed");

/* Bytes of a shared lock; 0 when the payload is too large to address. */
static inline size_t llt_seqlock_shared_size(size_t payload_size) {
    size_t size = llt_seqlock_size(payload_size);
    return size == 0 ? 0 : LLT_LINE + size;
}

/* Lays a lock out in zeroed memory of llt_seqlock_shared_size(). */
static inline void llt_seqlock_shared_init(llt_seqlock_shared *shared, size_t payload_size) {
    shared->version = LLT_SEQLOCK_VERSION;
    shared->payload_size = payload_size;
    llt_store_release(&shared->magic, LLT_SEQLOCK_MAGIC); /* release: who sees the magic sees the rest */
}

/* Whether `mapped` bytes of foreign memory hold such a lock. */
static inline bool llt_seqlock_shared_is_valid(const llt_seqlock_shared *shared, size_t mapped) {
    if (mapped < sizeof *shared || llt_load_acquire(&shared->magic) != LLT_SEQLOCK_MAGIC ||
        shared->version != LLT_SEQLOCK_VERSION || shared->payload_size == 0) {
        return false;
    }
    size_t wanted = llt_seqlock_shared_size((size_t)shared->payload_size);
    return wanted != 0 && wanted <= mapped;
}

static inline void llt_seqlock_destroy(llt_seqlock *lock) { free(lock); }

/* Stores words in pairs, where that is one instruction and no checker of C11 looks on; gives how many it stored. */
static inline size_t llt_seqlock_store_pairs(llt_atomic_u64 *words, const unsigned char *bytes, size_t count) {
    size_t done = 0;
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__) && !defined(LLT_C11_ONLY)
#pragma GCC unroll 4
    for (; done + 2 <= count; done += 2) {
        int64_t low, high; /* by themselves: they may be in registers */
        memcpy(&low, bytes + done * 8, 8);
        memcpy(&high, bytes + done * 8 + 8, 8);
        /* the clobber keeps it between the fence and the release, as the compiler keeps an atomic store */
        __asm__ volatile("movups %1, %0"
                         : "=m"(*(__m128i *)(void *)&words[done])
                         : "x"(_mm_set_epi64x(high, low))
                         : "memory");
    }
#else
    (void)words, (void)bytes, (void)count;
#endif
    return done;
}

/* The writer only. payload_size is that of the creation; a constant lets the compiler unroll the copy. */
static inline void llt_seqlock_write(llt_seqlock *lock, const void *payload, size_t payload_size) {
    const unsigned char *bytes = (const unsigned char *)payload;
    uint64_t sequence = llt_load_relaxed(&lock->sequence) | 1; /* relaxed: nobody else stores it */
    llt_store_relaxed(&lock->sequence, sequence);              /* relaxed: the fence below orders it */
    llt_fence_release();                                       /* no word becomes visible before the odd sequence */
    size_t whole = payload_size / 8;
    uint64_t word;
#pragma GCC unroll 8
    for (size_t i = llt_seqlock_store_pairs(lock->words, bytes, whole); i < whole; i++) {
        memcpy(&word, bytes + i * 8, 8);
        llt_store_relaxed(&lock->words[i], word); /* relaxed: between the fence and the release */
    }
    if (payload_size % 8) {
        word = 0;
        memcpy(&word, bytes + whole * 8, payload_size % 8);
        llt_store_relaxed(&lock->words[whole], word);
    }
    llt_store_release(&lock->sequence, sequence + 1); /* release: every word before the even sequence */
}

/* Any thread. False, with `payload` in an undefined state, when a write was in progress or came between. */
static inline bool llt_seqlock_try_read(const llt_seqlock *lock, void *payload, size_t payload_size) {
    unsigned char *bytes = (unsigned char *)payload;
    uint64_t before = llt_load_acquire(&lock->sequence); /* acquire: no word is loaded before the sequence */
    if (before & 1) {
        return false;
    }
    size_t whole = payload_size / 8;
#pragma GCC unroll 8
    for (size_t i = 0; i < whole; i++) {
        uint64_t word = llt_load_relaxed(&lock->words[i]); /* relaxed: between the acquire and the fence */
        memcpy(bytes + i * 8, &word, 8);
    }
    if (payload_size % 8) {
        uint64_t word = llt_load_relaxed(&lock->words[whole]);
        memcpy(bytes + whole * 8, &word, payload_size % 8);
    }
    llt_fence_acquire(); /* every word before the second look at the sequence */
    return llt_load_relaxed(&lock->sequence) == before; /* relaxed: the fence orders it */
}

/* Any thread. At most max_tries attempts; false when none gave a stable copy. */
static inline bool llt_seqlock_read(const llt_seqlock *lock, void *payload, size_t payload_size, uint64_t max_tries) {
    for (uint64_t tries = 0; tries < max_tries; tries++) {
        if (llt_seqlock_try_read(lock, payload, payload_size)) {
            return true;
        }
        llt_pause();
    }
    return false;
}

#endif

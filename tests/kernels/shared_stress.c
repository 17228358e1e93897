/* Threads share a pool and an arena and check that nobody has what they have.
 *
 *   shared_stress ROUNDS
 *
 * Exit 0 when no record and no byte was ever with two owners, handles were refused exactly when stale, and everything
 * came back; otherwise 1 and a line that says what was not so.
 */
#define _GNU_SOURCE /* madvise */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "llt_arena.h"
#include "llt_shared_pool.h"

#define THREADS 4
#define RECORDS 6 /* fewer than the threads want: acquire finds the pool empty too */

static llt_shared_pool *pool;
static llt_shared_arena arena;
static uint64_t rounds;
static volatile size_t size = sizeof(uint64_t); /* not a constant, so that the sanitizer sees the copies */

static int failed(const char *what) {
    printf("%s\n", what);
    exit(1);
}

static void *use_pool(void *argument) {
    uint64_t mine = (uint64_t)(uintptr_t)argument, seen;
    uint64_t handles[2];
    void *held[2] = {NULL, NULL};
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t *handle = &handles[round % 2];
        void **record = &held[round % 2];
        if (*record != NULL) {
            if (llt_shared_pool_record(pool, *handle) != *record) {
                failed("a handle led to another record");
            }
            memcpy(&seen, *record, size);
            if (seen != mine) {
                failed("a record had two owners");
            }
            if (!llt_shared_pool_release(pool, *handle)) {
                failed("a live handle was refused");
            }
            if (llt_shared_pool_release(pool, *handle)) {
                failed("a handle was released twice");
            }
        }
        *record = llt_shared_pool_acquire(pool, handle);
        if (*record != NULL) {
            memcpy(*record, &mine, size);
        }
    }
    for (int i = 0; i < 2; i++) {
        if (held[i] != NULL && !llt_shared_pool_release(pool, handles[i])) {
            failed("the last handle was refused");
        }
    }
    return NULL;
}

static void *use_arena(void *argument) {
    uint64_t mine = (uint64_t)(uintptr_t)argument, epoch, count = 0, seen;
    size_t offsets[64];
    size_t offset;
    while (count < 64 && (offset = llt_shared_arena_offset(&arena, sizeof mine, 8, &epoch)) != LLT_ARENA_NONE) {
        memcpy(arena.base + offset, &mine, size);
        offsets[count++] = offset;
    }
    for (uint64_t i = 0; i < count; i++) {
        memcpy(&seen, arena.base + offsets[i], size);
        if (seen != mine) {
            failed("memory was handed out twice");
        }
    }
    return NULL;
}

static void with_threads(void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)) != 0) {
            exit(2);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(int count, char **arguments) {
    llt_arena memory;
    uint64_t handle;
    if (count != 2 || (pool = llt_shared_pool_create(RECORDS, sizeof(uint64_t), 1)) == NULL || llt_arena_init(&memory, 1600) != 0) {
        return 2;
    }
    rounds = strtoull(arguments[1], NULL, 10);
    with_threads(use_pool);
    for (int i = 0; i < RECORDS; i++) {
        if (llt_shared_pool_acquire(pool, &handle) == NULL) {
            failed("a record is missing");
        }
    }
    if (llt_shared_pool_acquire(pool, &handle) != NULL) {
        failed("there is a record too many");
    }
    llt_shared_arena_init(&arena, &memory);
    for (uint64_t round = 0; round < 100; round++) {
        with_threads(use_arena);
        if (llt_shared_arena_used(llt_load_relaxed(&arena.state)) != 1600) {
            failed("the arena was not filled to the last byte");
        }
        llt_shared_arena_reset(&arena);
        if (llt_shared_arena_epoch(llt_load_relaxed(&arena.state)) != round + 1) {
            failed("a reset did not begin an epoch");
        }
    }
    llt_shared_pool_destroy(pool);
    llt_arena_destroy(&memory);
    return 0;
}

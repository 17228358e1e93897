/* Second opinions in plain C, with clock_gettime and nothing of lltool: core-to-core, pointer chase, noise.
 *
 *   agreement core A B          median round trip of one cache line between cores A and B, ns
 *   agreement chase CORE BYTES  median cost of a dependent load in a random cycle through BYTES, ns
 *   agreement noise CORE S      parts per million of S seconds lost in gaps of at least 300 ns
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { BLOCKS = 201, TRIPS = 1000, LOADS = 4096, LINE = 64, THRESHOLD_NS = 300 };

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        perror("sched_setaffinity");
        exit(1);
    }
}

static int ascending(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double median(double *values, int n) {
    qsort(values, (size_t)n, sizeof *values, ascending);
    return values[n / 2];
}

static _Alignas(128) _Atomic int flag;
static int peer_core;

static void *answer(void *unused) {
    (void)unused;
    pin(peer_core);
    for (;;) {
        int value = atomic_load_explicit(&flag, memory_order_acquire);
        if (value == 2) {
            return NULL;
        }
        if (value == 1) {
            atomic_store_explicit(&flag, 0, memory_order_release);
        }
    }
}

static double core_to_core(int core, int other) {
    static double blocks[BLOCKS];
    pthread_t thread;
    peer_core = other;
    pin(core);
    pthread_create(&thread, NULL, answer, NULL);
    for (int block = 0; block < BLOCKS; block++) {
        int64_t start = now_ns();
        for (int trip = 0; trip < TRIPS; trip++) {
            atomic_store_explicit(&flag, 1, memory_order_release);
            while (atomic_load_explicit(&flag, memory_order_acquire) != 0) {
            }
        }
        blocks[block] = (double)(now_ns() - start) / TRIPS;
    }
    atomic_store(&flag, 2);
    pthread_join(thread, NULL);
    return median(blocks, BLOCKS);
}

static double chase(int core, size_t bytes) {
    static double blocks[BLOCKS];
    size_t lines = bytes / LINE;
    size_t *order = malloc(lines * sizeof *order);
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (order == NULL || memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE) != 0) {
        perror("memory");
        exit(1);
    }
    pin(core);
    memset(memory, 0, bytes);
    for (size_t i = 0; i < lines; i++) {
        order[i] = i;
    }
    srand48(7);
    for (size_t i = lines - 1; i > 0; i--) {
        size_t j = (size_t)lrand48() % (i + 1), swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    /* The shuffled lines in a row, each linked to the next one, the last to the first: one cycle. */
    for (size_t i = 0; i < lines; i++) {
        *(void **)(memory + order[i] * LINE) = memory + order[(i + 1) % lines] * LINE;
    }
    void *at = memory;
    for (size_t i = 0; i < 2 * lines; i++) {
        at = *(void **)at;
    }
    for (int block = 0; block < BLOCKS; block++) {
        int64_t start = now_ns();
        for (int load = 0; load < LOADS; load++) {
            at = *(void **)at;
        }
        __asm__ volatile("" : : "r"(at) : "memory");
        blocks[block] = (double)(now_ns() - start) / LOADS;
    }
    return median(blocks, BLOCKS);
}

static double noise(int core, double seconds) {
    pin(core);
    int64_t begin = now_ns(), last = begin, now = begin, lost = 0;
    while (now - begin < (int64_t)(seconds * 1e9)) {
        now = now_ns();
        if (now - last >= THRESHOLD_NS) {
            lost += now - last;
        }
        last = now;
    }
    return 1e6 * (double)lost / (double)(now - begin);
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "core") == 0) {
        printf("%.2f\n", core_to_core(atoi(argv[2]), atoi(argv[3])));
    } else if (argc == 4 && strcmp(argv[1], "chase") == 0) {
        printf("%.2f\n", chase(atoi(argv[2]), (size_t)atoll(argv[3])));
    } else if (argc == 4 && strcmp(argv[1], "noise") == 0) {
        printf("%.2f\n", noise(atoi(argv[2]), atof(argv[3])));
    } else {
        fprintf(stderr, "usage: agreement core A B | chase CORE BYTES | noise CORE SECONDS\n");
        return 2;
    }
    return 0;
}

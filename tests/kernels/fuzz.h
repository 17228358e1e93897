/* Deterministic mutation fuzzing: valid messages with bytes changed, taken out, doubled, cut; spliced with one another.
 * Each input lies in memory of exactly its size, so that AddressSanitizer sees the first byte read behind it. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t fuzz_state = 0x9e3779b97f4a7c15u;

static inline uint64_t fuzz_random(uint64_t below) {
    fuzz_state ^= fuzz_state << 13;
    fuzz_state ^= fuzz_state >> 7;
    fuzz_state ^= fuzz_state << 17;
    return fuzz_state % below;
}

#define FUZZ_ROOM 4096

/* Writes a mutant of `seed` to `out` (FUZZ_ROOM bytes); `bytes` are those that are put in. */
static inline size_t fuzz_mutate(const unsigned char *seed, size_t size, const char *bytes, unsigned char *out) {
    memcpy(out, seed, size);
    uint64_t changes = fuzz_random(4);
    for (uint64_t change = 0; change < changes && size > 0; change++) {
        size_t at = (size_t)fuzz_random(size);
        size_t run = 1 + (size_t)fuzz_random(8);
        if (run > size - at) {
            run = size - at;
        }
        switch (fuzz_random(6)) {
        case 0:
            out[at] = (unsigned char)bytes[fuzz_random(strlen(bytes))];
            break;
        case 1:
            out[at] = (unsigned char)fuzz_random(256);
            break;
        case 2:
            memmove(out + at, out + at + run, size - at - run);
            size -= run;
            break;
        case 3:
            if (size + run <= FUZZ_ROOM) {
                memmove(out + at + run, out + at, size - at);
                size += run;
            }
            break;
        case 4:
            size = at;
            break;
        default:
            out[at] ^= (unsigned char)(1u << fuzz_random(8));
        }
    }
    return size;
}

#define FUZZ_CHECK(condition)                                                                  \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);            \
            return 1;                                                                          \
        }                                                                                      \
    } while (0)

#endif

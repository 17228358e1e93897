/* What the fuzzing programs share. Each includes this, then defines `check` and `candidate`, then includes fuzz_main.h.
 *
 *   PROGRAM ROUNDS            mutates its seeds itself: bytes changed, taken out, doubled, cut; always the same ones
 *   PROGRAM ROUNDS FOLDER     writes the mutants there instead: a corpus to start libFuzzer with
 *   built with -fsanitize=fuzzer -DLLT_LIBFUZZER the engine chooses the inputs, by the branches that they reach
 *
 * Each input lies in memory of exactly its size, so that AddressSanitizer sees the first byte read behind it. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUZZ_ROOM 4096

#define FUZZ_CHECK(condition)                                                                  \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);            \
            return 1;                                                                          \
        }                                                                                      \
    } while (0)

/* Whether something is wrong with what the parser makes of `input`; `*accepted` counts those that it accepts. */
static int check(const unsigned char *input, size_t size, uint64_t *accepted);

/* Writes the next input to `out` (FUZZ_ROOM bytes). */
static size_t candidate(unsigned char *out);

static uint64_t fuzz_state = 0x9e3779b97f4a7c15u;

static inline uint64_t fuzz_random(uint64_t below) {
    fuzz_state ^= fuzz_state << 13;
    fuzz_state ^= fuzz_state >> 7;
    fuzz_state ^= fuzz_state << 17;
    return fuzz_state % below;
}

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

/* The plain reading of [0-9]+ or [0-9]+.[0-9]+ x 10^8 that the quick ones are compared with; -1: none, or too large. */
static inline __int128 fuzz_decimal(const unsigned char *text, size_t size) {
    __int128 value = 0;
    int places = -1;
    for (size_t at = 0; at < size; at++) {
        if (text[at] == '.' && places < 0) {
            places = 0;
            continue;
        }
        const int digit = text[at] - '0';
        if (digit < 0 || digit > 9 || (places >= 8 && digit != 0) || value >> 100 != 0) {
            return -1;
        }
        if (places >= 8) {
            continue;
        }
        value = value * 10 + digit;
        places += places >= 0;
    }
    for (places = places < 0 ? 0 : places; places < 8; places++) {
        value *= 10;
    }
    return value;
}

#endif

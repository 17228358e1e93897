/* main of a fuzzing program, or its entry for libFuzzer: see fuzz.h. */
#ifndef FUZZ_MAIN_H
#define FUZZ_MAIN_H

#include "fuzz.h"

#ifdef LLT_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    uint64_t accepted = 0;
    if (size <= FUZZ_ROOM && check(input, size, &accepted)) {
        abort();
    }
    return 0;
}

#else

static int fuzz_write(const char *folder, uint64_t round, const unsigned char *input, size_t size) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%llu", folder, (unsigned long long)round);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(input, 1, size, file) != size) {
        perror(path);
        return 1;
    }
    return fclose(file);
}

int main(int argc, char **argv) {
    const uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t accepted = 0;
    unsigned char input[FUZZ_ROOM];
    for (uint64_t round = 0; round < rounds; round++) {
        const size_t size = candidate(input);
        if (argc > 2) {
            if (fuzz_write(argv[2], round, input, size)) {
                return 1;
            }
        } else if (check(input, size, &accepted)) {
            fprintf(stderr, "input: %.*s\n", (int)size, (const char *)input);
            return 1;
        }
    }
    if (argc > 2) {
        return 0;
    }
    printf("%llu of %llu accepted\n", (unsigned long long)accepted, (unsigned long long)rounds);
    return accepted == 0 || accepted == rounds;
}

#endif
#endif

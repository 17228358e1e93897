/* fix_fuzz ROUNDS: every path refuses or reads each mutant alike, and what is accepted has the right length and sum. */
#include "fuzz.h"
#include "llt_fix_build.h"

static const char *const bodies[] = {
    "35=D\00149=CLIENT12\00156=EXCHANGE\00134=100\00152=20240627-11:17:25.223\00111=ORDER1\00155=BTCUSDT\00154=1\001"
    "38=1.5\00144=61837.63\00140=2\001",
    "35=A\00134=1\00195=12\00196=ab\001c=d\00110=0\001\00198=0\001",
    "35=0\001",
    "35=W\001262=x\001268=2\001269=0\001270=61837.63\001271=1\001269=1\001270=61837.64\001271=2\001",
};

enum { FIELDS = 2 * FUZZ_ROOM };

typedef struct {
    llt_fix_status status;
    size_t count, total, position;
    llt_fix_field fields[FIELDS];
} outcome;

static int check(const unsigned char *mutant, size_t size, uint64_t *accepted) {
    static outcome first, other;
    unsigned char *exact = (unsigned char *)malloc(size ? size : 1);
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, mutant, size);
    for (int path = LLT_CPU_SCALAR; path <= (int)llt_cpu_best(); path++) {
        outcome *result = path == LLT_CPU_SCALAR ? &first : &other;
        memset(result, 0, sizeof *result);
        result->status = llt_fix_parser_of((llt_cpu_path)path)(exact, size, result->fields, FIELDS, &result->count,
                                                              &result->total, &result->position);
        FUZZ_CHECK(result->status == first.status && result->position == first.position);
        FUZZ_CHECK(result->total == first.total && result->count == first.count);
        FUZZ_CHECK(result->total <= size && result->position <= size);
        FUZZ_CHECK((result->total == 0) == (result->status == LLT_FIX_PARTIAL));
        FUZZ_CHECK(memcmp(result->fields, first.fields, first.count * sizeof *first.fields) == 0);
    }
    if (first.status == LLT_FIX_OK) {
        (*accepted)++;
        FUZZ_CHECK(first.fields[0].tag == 8 && first.fields[first.count - 1].tag == 10);
        size_t next = 0;
        for (size_t i = 0; i < first.count; i++) {
            FUZZ_CHECK(first.fields[i].offset > next && first.fields[i].size > 0);
            next = first.fields[i].offset + first.fields[i].size + 1;
            FUZZ_CHECK(exact[next - 1] == LLT_FIX_SOH);
            int64_t value;
            (void)llt_fix_decimal(exact, &first.fields[i], &value);
            (void)llt_fix_integer(exact, &first.fields[i], &value);
        }
        FUZZ_CHECK(next == first.total);
        uint32_t sum = llt_fix_sum(exact, first.total - LLT_FIX_TRAILER) & 255;
        FUZZ_CHECK(sum == (uint32_t)atoi((const char *)exact + first.total - 4));
    }
    free(exact);
    return 0;
}

int main(int argc, char **argv) {
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t accepted = 0;
    static unsigned char mutant[FUZZ_ROOM], whole[FUZZ_ROOM];
    for (uint64_t round = 0; round < rounds; round++) {
        const char *seed = bodies[fuzz_random(sizeof bodies / sizeof *bodies)];
        size_t size = strlen(seed);
        memcpy(mutant, seed, size);
        bool inside = fuzz_random(2) == 0;
        if (inside) {
            size = fuzz_mutate((const unsigned char *)seed, size, "0123456789=\001\001.-", mutant);
        }
        /* Framed rightly, so that a changed body is looked at, then half of them changed as a whole. */
        uint32_t sizes[1] = {(uint32_t)size};
        llt_fix_template form = {mutant, sizes, 0, llt_fix_sum(mutant, size)};
        size_t built;
        unsigned char *start = llt_fix_build(&form, NULL, whole, sizeof whole, &built);
        FUZZ_CHECK(start != NULL);
        memcpy(mutant, start, built);
        size = inside ? built : fuzz_mutate(start, built, "0123456789=\001\001.-", mutant);
        if (check(mutant, size, &accepted)) {
            fprintf(stderr, "input: %.*s\n", (int)size, (const char *)mutant);
            return 1;
        }
    }
    printf("%llu of %llu accepted\n", (unsigned long long)accepted, (unsigned long long)rounds);
    return accepted == 0 || accepted == rounds;
}

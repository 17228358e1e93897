/* Every path refuses or reads each mutant alike; what is accepted has the right length, sum and numbers. */
#include "fuzz.h"
#include "llt_fix_build.h"

static const char *const bodies[] = {
    ("35=D\00149=CLIENT12\00156=EXCHANGE\00134=100\00152=20240627-11:17:25.223\00111=ORDER1\00155=BTCUSDT\00154=1\001"
     "38=1.5\00144=61837.63\00140=2\001"),
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

/* The field as a number: refused or read as fuzz_decimal does. */
static int check_numbers(const unsigned char *text, const llt_fix_field *field) {
    const unsigned char *at = text + field->offset;
    const size_t sign = *at == '-', size = field->size - sign;
    bool digits = false;
    for (size_t i = sign; i < field->size; i++) {
        digits |= at[i] >= '0' && at[i] <= '9';
    }
    const __int128 plain = digits ? fuzz_decimal(at + sign, size) : -1;
    const bool whole = memchr(at, '.', field->size) == NULL;
    const __int128 units = plain / 100000000;
    int64_t value;
    if (llt_fix_decimal(text, field, &value)) {
        FUZZ_CHECK(plain >= 0 && value == (sign ? -plain : plain));
    } else {
        FUZZ_CHECK(plain < 0 || plain > INT64_MAX);
    }
    if (llt_fix_integer(text, field, &value)) {
        FUZZ_CHECK(plain >= 0 && whole && value == (sign ? -units : units));
    } else {
        FUZZ_CHECK(plain < 0 || !whole || units - (__int128)sign > INT64_MAX);
    }
    return 0;
}

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
            if (check_numbers(exact, &first.fields[i])) {
                return 1;
            }
        }
        FUZZ_CHECK(next == first.total);
        uint64_t sum = 0;
        for (size_t i = 0; i < first.total - LLT_FIX_TRAILER; i++) {
            sum = (sum + exact[i]) & 255;
        }
        FUZZ_CHECK(sum == (uint64_t)atoi((const char *)exact + first.total - 4));
    }
    free(exact);
    return 0;
}

static size_t candidate(unsigned char *out) {
    static unsigned char body[FUZZ_ROOM], whole[FUZZ_ROOM];
    const char *seed = bodies[fuzz_random(sizeof bodies / sizeof *bodies)];
    size_t size = strlen(seed);
    memcpy(body, seed, size);
    const bool inside = fuzz_random(2) == 0;
    if (inside) {
        size = fuzz_mutate((const unsigned char *)seed, size, "0123456789=\001\001.-", body);
    }
    /* Framed rightly, so that a changed body is looked at, then half of them changed as a whole. */
    uint32_t sizes[1] = {(uint32_t)size};
    llt_fix_template form = {body, sizes, 0};
    size_t built;
    const unsigned char *start = llt_fix_build(&form, NULL, whole, sizeof whole, &built);
    if (start == NULL) {
        abort();
    }
    if (!inside) {
        return fuzz_mutate(start, built, "0123456789=\001\001.-", out);
    }
    memcpy(out, start, built);
    return built;
}

#include "fuzz_main.h"

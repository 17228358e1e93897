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
    size_t total, position;
    llt_fix_fields fields;
    uint32_t tags[FIELDS], begins[FIELDS], ends[FIELDS];
    llt_fix_guess guesses[FIELDS];
} outcome;

static llt_fix_status parse(llt_cpu_path path, const unsigned char *text, size_t size, outcome *result) {
    if (result->fields.room == 0) {
        result->fields =
            (llt_fix_fields){result->tags, result->begins, result->ends, result->guesses, FIELDS, 0};
        llt_fix_fields_start(&result->fields);
    }
    return llt_fix_parser_of(path)(text, size, &result->fields, &result->total, &result->position);
}

/* The field as a number: refused or read as fuzz_decimal does. */
static int check_numbers(const unsigned char *text, const llt_fix_fields *fields, size_t field) {
    const unsigned char *at = text + fields->begins[field];
    const size_t whole_size = fields->ends[field] - fields->begins[field];
    const size_t sign = *at == '-', size = whole_size - sign;
    bool digits = false;
    for (size_t i = sign; i < whole_size; i++) {
        digits |= at[i] >= '0' && at[i] <= '9';
    }
    const __int128 plain = digits ? fuzz_decimal(at + sign, size) : -1;
    const bool whole = memchr(at, '.', whole_size) == NULL;
    const __int128 units = plain / 100000000;
    int64_t value;
    if (llt_fix_decimal(text, fields, field, &value)) {
        FUZZ_CHECK(plain >= 0 && value == (sign ? -plain : plain));
    } else {
        FUZZ_CHECK(plain < 0 || plain > INT64_MAX);
    }
    if (llt_fix_integer(text, fields, field, &value)) {
        FUZZ_CHECK(plain >= 0 && whole && value == (sign ? -units : units));
    } else {
        FUZZ_CHECK(plain < 0 || !whole || units - (__int128)sign > INT64_MAX);
    }
    return 0;
}

static int check(const unsigned char *mutant, size_t size, uint64_t *accepted) {
    /* Each path keeps its own guesses, and those of the plain one are forgotten each time. */
    static outcome plain, paths[3];
    unsigned char *exact = (unsigned char *)malloc(size ? size : 1);
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, mutant, size);
    plain.fields.room = 0;
    plain.status = parse(LLT_CPU_SCALAR, exact, size, &plain);
    const size_t count = plain.fields.count;
    FUZZ_CHECK(plain.total <= size && plain.position <= size);
    FUZZ_CHECK((plain.total == 0) == (plain.status == LLT_FIX_PARTIAL));
    for (int path = LLT_CPU_SCALAR; path <= (int)llt_cpu_best(); path++) {
        outcome *result = &paths[path];
        FUZZ_CHECK(parse((llt_cpu_path)path, exact, size, result) == plain.status);
        FUZZ_CHECK(result->position == plain.position && result->total == plain.total);
        FUZZ_CHECK(result->fields.count == count);
        FUZZ_CHECK(memcmp(result->tags, plain.tags, count * sizeof(uint32_t)) == 0);
        FUZZ_CHECK(memcmp(result->begins, plain.begins, count * sizeof(uint32_t)) == 0);
        FUZZ_CHECK(memcmp(result->ends, plain.ends, count * sizeof(uint32_t)) == 0);
    }
    if (plain.status == LLT_FIX_OK) {
        (*accepted)++;
        FUZZ_CHECK(plain.tags[0] == 8 && plain.tags[count - 1] == 10);
        size_t next = 0;
        for (size_t i = 0; i < count; i++) {
            char tag[16];
            const size_t size_of_tag = (size_t)snprintf(tag, sizeof tag, "%u=", plain.tags[i]);
            FUZZ_CHECK(plain.begins[i] == next + size_of_tag && memcmp(exact + next, tag, size_of_tag) == 0);
            FUZZ_CHECK(plain.ends[i] > plain.begins[i]);
            next = plain.ends[i] + 1;
            FUZZ_CHECK(exact[next - 1] == LLT_FIX_SOH);
            if (check_numbers(exact, &plain.fields, i)) {
                return 1;
            }
        }
        FUZZ_CHECK(next == plain.total);
        uint64_t sum = 0;
        for (size_t i = 0; i < plain.total - LLT_FIX_TRAILER; i++) {
            sum = (sum + exact[i]) & 255;
        }
        FUZZ_CHECK(sum == (uint64_t)atoi((const char *)exact + plain.total - 4));
    }
    free(exact);
    return 0;
}

static size_t candidate(unsigned char *out) {
    static unsigned char body[FUZZ_ROOM + LLT_FIX_BLOCK], whole[FUZZ_ROOM + 256];
    const char *seed = bodies[fuzz_random(sizeof bodies / sizeof *bodies)];
    size_t size = strlen(seed);
    memcpy(body, seed, size);
    const bool inside = fuzz_random(2) == 0;
    if (inside) {
        size = fuzz_mutate((const unsigned char *)seed, size, "0123456789=\001\001.-", body);
    }
    /* Framed rightly, so that a changed body is looked at, then half of them changed as a whole. */
    uint64_t sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += body[i];
    }
    const llt_fix_piece piece = {body, (uint32_t)size, LLT_FIX_TEXT};
    const llt_fix_template form = {&piece, 0, sum};
    size_t built;
    const unsigned char *start =
        llt_fix_builder_of(llt_cpu_best())(&form, NULL, whole, sizeof whole, &built);
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

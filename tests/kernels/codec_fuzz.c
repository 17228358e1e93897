/* Records of any layout: checked, decoded and encoded again inside their memory, each number as computed byte by byte.
 *
 * The input is a layout (count of fields, then a byte for each: size, byte order, whether it is expected) and records. */
#include "fuzz.h"
#include "llt_codec.h"

enum { FIELDS = 16 };

static const size_t sizes[4] = {1, 2, 4, 8};

typedef struct {
    llt_codec_field fields[FIELDS];
    llt_codec_expectation expectations[FIELDS];
    uint64_t expected[FIELDS];
    bool big[FIELDS];
    llt_codec_layout layout;
} declared;

static size_t declare(declared *made, const unsigned char *input, size_t size) {
    size_t count = size ? 1 + input[0] % FIELDS : 0, wire = 0, expected = 0;
    if (size < 1 + count) {
        return 0;
    }
    for (size_t at = 0; at < count; at++) {
        const unsigned char shape = input[1 + at];
        const size_t bytes = sizes[shape & 3];
        made->big[at] = (shape & 4) != 0;
        made->fields[at] = (llt_codec_field){wire, wire, bytes, made->big[at] && bytes > 1};
        if ((shape & 0x18) == 0x18) {
            made->expected[expected] = shape >> 5;
            made->expectations[expected] =
                (llt_codec_expectation){wire, bytes, made->big[at], 1, &made->expected[expected]};
            expected++;
        }
        wire += bytes;
    }
    made->layout = (llt_codec_layout){wire, wire, made->fields, count, made->expectations, expected};
    return 1 + count;
}

static uint64_t plain(const unsigned char *at, size_t size, bool big) {
    uint64_t value = 0;
    for (size_t byte = 0; byte < size; byte++) {
        value = value << 8 | at[big ? byte : size - 1 - byte];
    }
    return value;
}

static int check(const unsigned char *input, size_t size, uint64_t *accepted) {
    declared made;
    const size_t head = declare(&made, input, size);
    if (head == 0) {
        return 0;
    }
    const llt_codec_layout *layout = &made.layout;
    const size_t count = (size - head) / layout->wire_size, bytes = count * layout->wire_size;
    unsigned char *wire = (unsigned char *)malloc(bytes ? bytes : 1);
    unsigned char *host = (unsigned char *)malloc(bytes ? bytes : 1);
    unsigned char *again = (unsigned char *)malloc(bytes ? bytes : 1);
    if (wire == NULL || host == NULL || again == NULL) {
        return 1;
    }
    memcpy(wire, input + head, bytes);
    const size_t good = llt_codec_check_many(layout, wire, count);
    for (size_t record = 0; record < count && record <= good; record++) {
        bool expected = true;
        for (size_t at = 0; at < layout->expectation_count; at++) {
            const llt_codec_expectation *wanted = &layout->expectations[at];
            const unsigned char *from = wire + record * layout->wire_size + wanted->wire;
            expected &= plain(from, wanted->size, wanted->big) == wanted->values[0];
        }
        FUZZ_CHECK(expected == (record < good));
    }
    llt_codec_decode(layout, wire, host, count);
    llt_codec_encode(layout, host, again, count);
    FUZZ_CHECK(memcmp(again, wire, bytes) == 0);
    for (size_t record = 0; record < count; record++) {
        for (size_t at = 0; at < layout->field_count; at++) {
            const llt_codec_field *field = &layout->fields[at];
            const unsigned char *from = wire + record * layout->wire_size + field->wire;
            const uint64_t value = plain(from, field->size, made.big[at]);
            FUZZ_CHECK(plain(host + record * layout->host_size + field->host, field->size, false) == value);
            FUZZ_CHECK(llt_codec_number(from, field->size, made.big[at]) == value);
        }
    }
    *accepted += good == count && count > 0;
    free(wire);
    free(host);
    free(again);
    return 0;
}

static size_t candidate(unsigned char *out) {
    unsigned char seed[FUZZ_ROOM];
    size_t size = 0;
    seed[size++] = (unsigned char)fuzz_random(256);
    for (int byte = 0; byte < FIELDS; byte++) {
        seed[size++] = (unsigned char)fuzz_random(fuzz_random(2) ? 256 : 8);
    }
    for (uint64_t left = fuzz_random(2000); left > 0; left--) {
        seed[size++] = (unsigned char)fuzz_random(fuzz_random(2) ? 256 : 2);
    }
    return fuzz_mutate(seed, size, "\001\002\003\020\031\377", out);
}

#include "fuzz_main.h"

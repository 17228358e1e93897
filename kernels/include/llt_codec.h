/* Records of a declared layout: checked where they lie, moved between a wire's byte order and the host's.
 *
 * A layout is a list of fields, each a place on the wire and one in the host's record, and what to do between: copy a
 * number of bytes, or turn 2, 4 or 8 round. Expectations are fields of the wire that may hold certain values only: the
 * type and the version of the message. A record is read after its size and its expectations have been checked.
 *
 * Fields lie anywhere: each access is a memcpy of its width (llt_bytes.h). Many records are moved field by field in
 * runs of LLT_CODEC_RUN, so that each inner loop does one thing and the run stays in the first cache.
 */
#ifndef LLT_CODEC_H
#define LLT_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_bytes.h"

#define LLT_CODEC_RUN 64

typedef struct {
    size_t wire; /* offsets */
    size_t host;
    size_t size;
    bool turned; /* a number of the other byte order, of 2, 4 or 8 bytes */
} llt_codec_field;

typedef struct {
    size_t wire;
    size_t size; /* 1, 2, 4 or 8 */
    bool big;
    size_t count;
    const uint64_t *values; /* the bytes as an unsigned number */
} llt_codec_expectation;

typedef struct {
    size_t wire_size;
    size_t host_size;
    const llt_codec_field *fields;
    size_t field_count;
    const llt_codec_expectation *expectations;
    size_t expectation_count;
} llt_codec_layout;

/* The bytes at `at` as an unsigned number. */
static inline uint64_t llt_codec_number(const unsigned char *at, size_t size, bool big) {
    switch (size) {
    case 1:
        return *at;
    case 2:
        return big ? llt_load_be16(at) : llt_load_le16(at);
    case 4:
        return big ? llt_load_be32(at) : llt_load_le32(at);
    default:
        return big ? llt_load_be64(at) : llt_load_le64(at);
    }
}

/* Its lowest `size` bytes written there. */
static inline void llt_codec_put(unsigned char *at, size_t size, bool big, uint64_t number) {
    for (size_t byte = 0; byte < size; byte++) {
        at[big ? size - 1 - byte : byte] = (unsigned char)(number >> (8 * byte));
    }
}

static inline bool llt_codec_expected(const llt_codec_expectation *expectation, const unsigned char *record) {
    const uint64_t found = llt_codec_number(record + expectation->wire, expectation->size, expectation->big);
    for (size_t at = 0; at < expectation->count; at++) {
        if (expectation->values[at] == found) {
            return true;
        }
    }
    return false;
}

/* The number of the first expectation that the record disappoints; their count when it is as expected. */
static inline size_t llt_codec_check(const llt_codec_layout *layout, const unsigned char *record) {
    size_t at = 0;
    while (at < layout->expectation_count && llt_codec_expected(&layout->expectations[at], record)) {
        at++;
    }
    return at;
}

/* How many of `count` records come before the first that is not as expected. */
static inline size_t llt_codec_check_many(const llt_codec_layout *layout, const unsigned char *wire, size_t count) {
    size_t good = 0;
    while (good < count && llt_codec_check(layout, wire + good * layout->wire_size) == layout->expectation_count) {
        good++;
    }
    return good;
}

#define LLT_CODEC_TURN(bits)                                                                          \
    static inline void llt_codec_turn_##bits(const unsigned char *from, size_t from_step, unsigned char *to, \
                                             size_t to_step, size_t count) {                          \
        for (; count > 0; count--, from += from_step, to += to_step) {                                \
            uint##bits##_t value;                                                                     \
            memcpy(&value, from, sizeof value);                                                       \
            value = __builtin_bswap##bits(value);                                                     \
            memcpy(to, &value, sizeof value);                                                         \
        }                                                                                             \
    }

LLT_CODEC_TURN(16)
LLT_CODEC_TURN(32)
LLT_CODEC_TURN(64)

/* A size that the compiler knows is one load and one store. */
static inline __attribute__((always_inline)) void llt_codec_copy_sized(const unsigned char *from, size_t from_step,
                                                                       unsigned char *to, size_t to_step, size_t count,
                                                                       size_t size) {
    for (; count > 0; count--, from += from_step, to += to_step) {
        memcpy(to, from, size);
    }
}

/* One field of `count` records. */
static inline void llt_codec_move(const unsigned char *from, size_t from_step, unsigned char *to, size_t to_step,
                                  size_t count, const llt_codec_field *field) {
    if (field->turned) {
        switch (field->size) {
        case 2:
            llt_codec_turn_16(from, from_step, to, to_step, count);
            break;
        case 4:
            llt_codec_turn_32(from, from_step, to, to_step, count);
            break;
        default:
            llt_codec_turn_64(from, from_step, to, to_step, count);
        }
        return;
    }
    switch (field->size) {
    case 1:
        llt_codec_copy_sized(from, from_step, to, to_step, count, 1);
        break;
    case 2:
        llt_codec_copy_sized(from, from_step, to, to_step, count, 2);
        break;
    case 4:
        llt_codec_copy_sized(from, from_step, to, to_step, count, 4);
        break;
    case 8:
        llt_codec_copy_sized(from, from_step, to, to_step, count, 8);
        break;
    default:
        llt_codec_copy_sized(from, from_step, to, to_step, count, field->size);
    }
}

/* `count` records of the wire to the host's. Nothing is checked here. */
static inline void llt_codec_decode(const llt_codec_layout *layout, const unsigned char *wire, unsigned char *host,
                                    size_t count) {
    for (size_t run; count > 0; count -= run) {
        run = count < LLT_CODEC_RUN ? count : LLT_CODEC_RUN;
        for (size_t at = 0; at < layout->field_count; at++) {
            const llt_codec_field *field = &layout->fields[at];
            llt_codec_move(wire + field->wire, layout->wire_size, host + field->host, layout->host_size, run,
                           field);
        }
        wire += run * layout->wire_size;
        host += run * layout->host_size;
    }
}

/* `count` records of the host to the wire's. Bytes of the wire that are no field's are left as they are. */
static inline void llt_codec_encode(const llt_codec_layout *layout, const unsigned char *host, unsigned char *wire,
                                    size_t count) {
    for (size_t run; count > 0; count -= run) {
        run = count < LLT_CODEC_RUN ? count : LLT_CODEC_RUN;
        for (size_t at = 0; at < layout->field_count; at++) {
            const llt_codec_field *field = &layout->fields[at];
            llt_codec_move(host + field->host, layout->host_size, wire + field->wire, layout->wire_size, run,
                           field);
        }
        host += run * layout->host_size;
        wire += run * layout->wire_size;
    }
}

#endif

/* FIX 4.4 tag=value: framing, validation and field boundaries. Nothing is copied.
 *
 * A message is 8=FIX.4.4|9=<length>|35=...|10=<sum>| with SOH for |. BodyLength says where the trailer is, so that a
 * whole message is known before it is read. Then one pass finds the fields' ends and the sum (llt_fix_ends.h), a second
 * the tags (llt_fix_heads.h). What these do not take, a message with a fault, is read field by field (llt_fix_walk.h).
 * Refused: a length that does not lead to a trailer, a wrong sum, a tag that is no number of 1..8 digits or begins with
 * 0, an empty value, 8, 9 or 10 in the body, another first field than 35, a data field (which may hold SOH and =) whose
 * length field does not stand before it and fit.
 *
 * Resynchronisation: where the trailer was found the whole message is skipped, else all up to the next "8=FIX".
 */
#ifndef LLT_FIX_H
#define LLT_FIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_bytes.h"
#include "llt_cpu.h"
#include "llt_decimal.h"
#include "llt_fix_ends.h"
#include "llt_fix_fields.h"
#include "llt_fix_heads.h"
#include "llt_fix_number.h"
#include "llt_fix_walk.h"

#define LLT_FIX_TRAILER 7          /* 10=nnn| */
#define LLT_FIX_PREFIX 12          /* 8=FIX.4.4|9= */
#define LLT_FIX_LONGEST (1u << 24) /* a BodyLength above it is garbage, not something to wait for */
#define LLT_FIX_FRAME_FIELDS 2     /* before the body: 8 and 9 */
#define LLT_FIX_SHORTEST 26        /* 8=FIX.4.4|9=5|35=x|10=nnn| */

static inline bool llt_fix_is_prefix(const unsigned char *text) {
    static const char prefix[LLT_FIX_PREFIX + 1] = "8=FIX.4.4\0019=";
    return memcmp(text, prefix, LLT_FIX_PREFIX) == 0;
}

/* Where the body of the message starts and how long it is; `text` has LLT_FIX_PREFIX + 8 bytes, of which those from
 * `size` on are not the message's. */
static inline llt_fix_status llt_fix_length(const unsigned char *text, size_t size, size_t *body, size_t *length) {
    if (!llt_fix_is_prefix(text)) {
        return LLT_FIX_BEGIN;
    }
    const uint64_t word = llt_load_le64(text + LLT_FIX_PREFIX);
    const unsigned digits = llt_digit_count(word);
    if (LLT_FIX_PREFIX + digits >= size) {
        return LLT_FIX_PARTIAL;
    }
    if (digits == 0 || text[LLT_FIX_PREFIX + digits] != LLT_FIX_SOH) {
        return LLT_FIX_BODY_LENGTH;
    }
    *body = LLT_FIX_PREFIX + digits + 1;
    *length = llt_first_digits(word, digits);
    return *length <= LLT_FIX_LONGEST && *length >= 5 ? LLT_FIX_OK : LLT_FIX_BODY_LENGTH;
}

/* The same for fewer bytes than any message has: PARTIAL, or what can never become one. */
static __attribute__((noinline, cold)) llt_fix_status llt_fix_too_short(const unsigned char *text, size_t size) {
    unsigned char whole[LLT_FIX_SHORTEST] = "8=FIX.4.4\0019=1\001";
    size_t body, length;
    memcpy(whole, text, size);
    const llt_fix_status status = llt_fix_length(whole, size, &body, &length);
    return status == LLT_FIX_OK ? LLT_FIX_PARTIAL : status;
}

/* Header and trailer: whether `size` bytes hold a whole message, and where its body starts and its trailer is. */
static inline llt_fix_status llt_fix_frame(const unsigned char *text, size_t size, size_t *body, size_t *trailer) {
    size_t length;
    if (size < LLT_FIX_SHORTEST) {
        return llt_fix_too_short(text, size);
    }
    const llt_fix_status status = llt_fix_length(text, size, body, &length);
    if (status != LLT_FIX_OK) {
        return status;
    }
    *trailer = *body + length;
    if (size < *trailer + LLT_FIX_TRAILER) {
        return LLT_FIX_PARTIAL;
    }
    const unsigned char *end = text + *trailer;
    if (end[-1] != LLT_FIX_SOH || memcmp(end, "10=", 3) != 0 || end[6] != LLT_FIX_SOH) {
        return LLT_FIX_BODY_LENGTH;
    }
    return LLT_FIX_OK;
}

/* How many bytes of what is no message to leave out: up to the next that may start one. */
static inline size_t llt_fix_next(const unsigned char *text, size_t size) {
    const unsigned char *at = text + 1;
    const unsigned char *end = text + size;
    while (at < end && (at = (const unsigned char *)memchr(at, '8', (size_t)(end - at))) != NULL &&
           memcmp(at, "8=FIX", (size_t)(end - at) < 5 ? (size_t)(end - at) : 5) != 0) {
        at++;
    }
    return at == NULL || at > end ? size : (size_t)(at - text);
}

/* Whether the three digits at `stated` are the lowest byte of the sum. */
static inline bool llt_fix_sum_is(const unsigned char *stated, uint64_t sum) {
    const unsigned hundreds = (unsigned)(stated[0] - '0'), tens = (unsigned)(stated[1] - '0');
    const unsigned units = (unsigned)(stated[2] - '0');
    return hundreds <= 9 && tens <= 9 && units <= 9 && hundreds * 100 + tens * 10 + units == (sum & 255);
}

/* The message field by field, when the quick way does not take it. */
static __attribute__((noinline)) llt_fix_status llt_fix_slowly(const unsigned char *text, size_t body, size_t trailer,
                                                               llt_fix_fields *fields, uint64_t *sum,
                                                               size_t *position) {
    *sum = 0;
    for (size_t at = 0; at < trailer; at++) {
        *sum += text[at];
    }
    fields->count = LLT_FIX_FRAME_FIELDS;
    return llt_fix_walk(text, body, trailer, fields, position);
}

/* Reads the message at `text`. On LLT_FIX_OK `*total` is its size and `fields` holds them all, 8, 9 and 10 included.
 * Else `*position` is the offset of what is wrong and `*total` how many bytes to leave out (0: PARTIAL). */
static inline __attribute__((always_inline)) llt_fix_status llt_fix_parse_with(
    llt_fix_find_ends *find_ends, const unsigned char *text, size_t size, llt_fix_fields *fields, size_t *total,
    size_t *position) {
    size_t body = 0, trailer = 0;
    uint64_t sum = 0;
    *total = *position = fields->count = 0;
    llt_fix_status status = llt_fix_frame(text, size, &body, &trailer);
    if (status != LLT_FIX_OK) {
        if (status != LLT_FIX_PARTIAL) {
            *position = status == LLT_FIX_BEGIN ? 0 : LLT_FIX_PREFIX;
            *total = llt_fix_next(text, size);
        }
        return status;
    }
    *total = trailer + LLT_FIX_TRAILER;
    if (fields->room < LLT_FIX_ROOM_FOR(*total)) {
        return LLT_FIX_ROOM;
    }
    const size_t found = find_ends(text, trailer, fields->ends, &sum);
    fields->tags[0] = 8;
    fields->begins[0] = 2;
    fields->ends[0] = 9;
    fields->tags[1] = 9;
    fields->begins[1] = LLT_FIX_PREFIX;
    fields->ends[1] = (uint32_t)body - 1;
    if (found == 0 ||
        !llt_fix_heads(text, (uint32_t)body, (uint32_t)trailer, fields, LLT_FIX_FRAME_FIELDS, found)) {
        status = llt_fix_slowly(text, body, trailer, fields, &sum, position);
        if (status != LLT_FIX_OK) {
            fields->count = 0;
            return status;
        }
    }
    if (fields->tags[LLT_FIX_FRAME_FIELDS] != 35) {
        *position = body;
        fields->count = 0;
        return LLT_FIX_TAG;
    }
    if (!llt_fix_sum_is(text + trailer + 3, sum)) {
        *position = trailer;
        fields->count = 0;
        return LLT_FIX_CHECKSUM;
    }
    llt_fix_add(fields, 10, trailer + 3, trailer + 6);
    return LLT_FIX_OK;
}

typedef llt_fix_status llt_fix_parser(const unsigned char *text, size_t size, llt_fix_fields *fields, size_t *total,
                                      size_t *position);

static llt_fix_status llt_fix_parse_scalar(const unsigned char *text, size_t size, llt_fix_fields *fields,
                                           size_t *total, size_t *position) {
    return llt_fix_parse_with(llt_fix_ends_scalar, text, size, fields, total, position);
}

#if defined(__x86_64__)
LLT_TARGET_AVX2 static llt_fix_status llt_fix_parse_avx2(const unsigned char *text, size_t size,
                                                         llt_fix_fields *fields, size_t *total, size_t *position) {
    return llt_fix_parse_with(llt_fix_ends_avx2, text, size, fields, total, position);
}

LLT_TARGET_AVX512 static llt_fix_status llt_fix_parse_avx512(const unsigned char *text, size_t size,
                                                             llt_fix_fields *fields, size_t *total,
                                                             size_t *position) {
    return llt_fix_parse_with(llt_fix_ends_avx512, text, size, fields, total, position);
}
#endif

/* The parser for a path that this CPU has (llt_cpu_best()). */
static inline llt_fix_parser *llt_fix_parser_of(llt_cpu_path path) {
#if defined(__x86_64__)
    if (path == LLT_CPU_AVX512) {
        return llt_fix_parse_avx512;
    }
    if (path == LLT_CPU_AVX2) {
        return llt_fix_parse_avx2;
    }
#endif
    (void)path;
    return llt_fix_parse_scalar;
}

#endif

/* FIX 4.4 tag=value: framing, validation and field boundaries in one pass; numbers. Nothing is copied.
 *
 * A message is 8=FIX.4.4|9=<length>|35=...|10=<sum>| with SOH for |. BodyLength says where the trailer is, so that a
 * whole message is known before it is read. Then llt_fix_scan.h finds all fields of a message without data fields by
 * bit masks of 64 bytes; what it does not take is read field by field, which says what is wrong and where. Refused: a length that does not lead to a trailer, a
 * wrong sum, a tag that is no number of 1..8 digits or begins with 0, an empty value, 8, 9 or 10 in the body, another
 * first field than 35, a data field (which may hold SOH and =) whose length field does not stand before it and fit.
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
#include "llt_fix_scan.h"

#define LLT_FIX_TRAILER 7        /* 10=nnn| */
#define LLT_FIX_PREFIX 12        /* 8=FIX.4.4|9= */
#define LLT_FIX_PREFIX_SUM 663    /* of its bytes */
#define LLT_FIX_LENGTH_DIGITS 9
#define LLT_FIX_FRAME_ROOM 6     /* 8, 9, 35, 10 and the two that a data field may need */
#define LLT_FIX_LONGEST (1u << 24) /* a BodyLength above it is garbage, not something to wait for */

typedef enum {
    LLT_FIX_OK,
    LLT_FIX_PARTIAL,     /* so far good: more bytes are needed */
    LLT_FIX_BEGIN,       /* it does not start with 8=FIX.4.4|9= */
    LLT_FIX_BODY_LENGTH, /* no number, or no trailer where it leads */
    LLT_FIX_CHECKSUM,    /* not three digits, or not the sum */
    LLT_FIX_TAG,         /* no tag, or one that may not stand here */
    LLT_FIX_VALUE,       /* empty */
    LLT_FIX_DATA,        /* a data field without its length, or one that does not fit */
    LLT_FIX_ROOM         /* the caller's room may not do: it wants as many as there are fields, and 3 more */
} llt_fix_status;

/* Header and trailer: whether `size` bytes hold a whole message, and where its body starts and its trailer is. */
static inline llt_fix_status llt_fix_frame(const unsigned char *text, size_t size, size_t *body, size_t *trailer) {
    static const char prefix[LLT_FIX_PREFIX + 1] = "8=FIX.4.4\0019=";
    if (size < LLT_FIX_PREFIX + 2) {
        size_t known = size < LLT_FIX_PREFIX ? size : LLT_FIX_PREFIX;
        return memcmp(text, prefix, known) == 0 ? LLT_FIX_PARTIAL : LLT_FIX_BEGIN;
    }
    if (memcmp(text, prefix, LLT_FIX_PREFIX) != 0) {
        return LLT_FIX_BEGIN;
    }
    size_t at = LLT_FIX_PREFIX;
    uint32_t length = 0;
    while (at < size && (unsigned)(text[at] - '0') < 10 && at < LLT_FIX_PREFIX + LLT_FIX_LENGTH_DIGITS) {
        length = length * 10 + (uint32_t)(text[at] - '0');
        at++;
    }
    if (at == size) {
        return LLT_FIX_PARTIAL;
    }
    if (at == LLT_FIX_PREFIX || text[at] != LLT_FIX_SOH || length > LLT_FIX_LONGEST || length < 5) {
        return LLT_FIX_BODY_LENGTH;
    }
    *body = at + 1;
    *trailer = at + 1 + length;
    if (size < *trailer + LLT_FIX_TRAILER) {
        return LLT_FIX_PARTIAL;
    }
    const unsigned char *end = text + *trailer;
    if (end[-1] != LLT_FIX_SOH || end[0] != '1' || end[1] != '0' || end[2] != '=' || end[6] != LLT_FIX_SOH) {
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

/* The data field behind a length field whose value is text[value..end): where the next field starts, 0 if it is none. */
static inline size_t llt_fix_data(const unsigned char *text, size_t trailer, size_t value, size_t end, uint16_t data_tag,
                                  llt_fix_field *field) {
    uint64_t length;
    const size_t start = end + 1;
    if (data_tag == LLT_FIX_IS_DATA || start >= trailer || llt_digits(text + value, &length) != text + end) {
        return 0;
    }
    const uint64_t head = llt_load_le64(text + start);
    const unsigned digits = llt_digit_count(head);
    const size_t data = start + digits + 1;
    if (digits == 0 || text[data - 1] != '=' || text[start] == '0' || llt_first_digits(head, digits) != data_tag ||
        length == 0 || data >= trailer || length >= trailer - data || text[data + length] != LLT_FIX_SOH) {
        return 0;
    }
    *field = (llt_fix_field){data_tag, (uint32_t)data, (uint32_t)length};
    return data + (size_t)length + 1;
}

/* Fields of the body one by one, data fields too. `*filled` are there already; OK, or what is wrong at `*position`. */
static __attribute__((noinline)) llt_fix_status llt_fix_walk(const unsigned char *text, size_t body, size_t trailer,
                                                             llt_fix_field *fields, size_t room, size_t *filled,
                                                             size_t *position) {
    for (size_t start = body; start < trailer;) {
        /* The trailer's 7 bytes behind the last SOH keep every load of eight inside the message. */
        const unsigned char *at = text + start;
        const uint64_t head = llt_load_le64(at);
        const unsigned digits = llt_digit_count(head);
        const size_t value = start + digits + 1;
        *position = start;
        if (digits == 0 || at[digits] != '=' || *at == '0') {
            return LLT_FIX_TAG;
        }
        const uint32_t tag = llt_first_digits(head, digits);
        const size_t end = (size_t)((const unsigned char *)memchr(text + start, LLT_FIX_SOH, trailer - start) - text);
        if (value >= end) {
            *position = value;
            return LLT_FIX_VALUE;
        }
        if (*filled + 4 > room) {
            return LLT_FIX_ROOM;
        }
        fields[(*filled)++] = (llt_fix_field){tag, (uint32_t)value, (uint32_t)(end - value)};
        start = end + 1;
        const uint16_t data_tag = llt_fix_data_tag(tag);
        if (data_tag == LLT_FIX_IS_FRAME) {
            return LLT_FIX_TAG;
        }
        if (data_tag != 0) {
            start = llt_fix_data(text, trailer, value, end, data_tag, &fields[(*filled)++]);
            if (start == 0) {
                return LLT_FIX_DATA;
            }
        }
    }
    return LLT_FIX_OK;
}

/* Reads the message at `text`. On LLT_FIX_OK `*total` is its size and `fields` holds all `*count` of them, 8, 9 and 10
 * included. Else `*position` is the offset of what is wrong and `*total` how many bytes to leave out (0: PARTIAL). */
static inline __attribute__((always_inline)) llt_fix_status llt_fix_parse_with(
    llt_fix_step *step, const unsigned char *text, size_t size, llt_fix_field *fields, size_t room, size_t *count,
    size_t *total, size_t *position) {
    size_t body = 0, trailer = 0;
    *total = *count = *position = 0;
    llt_fix_status status = llt_fix_frame(text, size, &body, &trailer);
    if (status != LLT_FIX_OK) {
        if (status != LLT_FIX_PARTIAL) {
            *position = status == LLT_FIX_BEGIN ? 0 : LLT_FIX_PREFIX;
            *total = llt_fix_next(text, size);
        }
        return status;
    }
    *total = trailer + LLT_FIX_TRAILER;
    if (room < LLT_FIX_FRAME_ROOM) {
        return LLT_FIX_ROOM;
    }
    uint64_t sum = LLT_FIX_PREFIX_SUM + llt_fix_sum(text + LLT_FIX_PREFIX, body - LLT_FIX_PREFIX);
    fields[0] = (llt_fix_field){8, 2, 7};
    fields[1] = (llt_fix_field){9, LLT_FIX_PREFIX, (uint32_t)(body - 1 - LLT_FIX_PREFIX)};
    size_t filled = 2 + llt_fix_scan(step, text, body, trailer, fields + 2, room - 3, &sum);
    if (filled == 2) {
        status = llt_fix_walk(text, body, trailer, fields, room, &filled, position);
        if (status != LLT_FIX_OK) {
            return status;
        }
        sum = llt_fix_sum(text, trailer);
    }
    if (fields[2].tag != 35) {
        *position = body;
        return LLT_FIX_TAG;
    }
    const unsigned char *stated = text + trailer + 3;
    *position = trailer;
    if ((unsigned)(stated[0] - '0') > 9 || (unsigned)(stated[1] - '0') > 9 || (unsigned)(stated[2] - '0') > 9 ||
        (uint64_t)((stated[0] - '0') * 100 + (stated[1] - '0') * 10 + (stated[2] - '0')) != (sum & 255)) {
        return LLT_FIX_CHECKSUM;
    }
    fields[filled++] = (llt_fix_field){10, (uint32_t)trailer + 3, 3};
    *count = filled;
    return LLT_FIX_OK;
}

typedef llt_fix_status llt_fix_parser(const unsigned char *text, size_t size, llt_fix_field *fields, size_t room,
                                      size_t *count, size_t *total, size_t *position);

static llt_fix_status llt_fix_parse_scalar(const unsigned char *text, size_t size, llt_fix_field *fields, size_t room,
                                           size_t *count, size_t *total, size_t *position) {
    return llt_fix_parse_with(llt_fix_step_scalar, text, size, fields, room, count, total, position);
}

#if defined(__x86_64__)
LLT_TARGET_AVX2 static llt_fix_status llt_fix_parse_avx2(const unsigned char *text, size_t size,
                                                         llt_fix_field *fields, size_t room, size_t *count,
                                                         size_t *total, size_t *position) {
    return llt_fix_parse_with(llt_fix_step_avx2, text, size, fields, room, count, total, position);
}

LLT_TARGET_AVX512 static llt_fix_status llt_fix_parse_avx512(const unsigned char *text, size_t size,
                                                             llt_fix_field *fields, size_t room, size_t *count,
                                                             size_t *total, size_t *position) {
    return llt_fix_parse_with(llt_fix_step_avx512, text, size, fields, room, count, total, position);
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

/* The first field of this tag at or behind `from`; `count` when there is none. */
static inline size_t llt_fix_find(const llt_fix_field *fields, size_t count, size_t from, uint32_t tag) {
    while (from < count && fields[from].tag != tag) {
        from++;
    }
    return from;
}

/* A field's value x 10^8. FIX allows a minus, leading zeros, and zeros behind the last place; no exponent, no inf. */
static inline bool llt_fix_decimal(const unsigned char *text, const llt_fix_field *field, int64_t *value) {
    const unsigned char *at = text + field->offset;
    const unsigned char *end = at + field->size;
    const bool negative = *at == '-';
    at += negative;
    int64_t whole = 0;
    /* Any field but the last has eight bytes behind its value: its SOH and the trailer. */
    if (field->tag != 10 && llt_decimal(at, &whole) == end) {
        *value = negative ? -whole : whole;
        return true;
    }
    uint64_t sum = 0;
    unsigned digits = 0, places = 0;
    bool point = false;
    for (; at < end; at++) {
        if (*at == '.' && !point) {
            point = true;
            continue;
        }
        const unsigned digit = (unsigned)(*at - '0');
        if (digit > 9) {
            return false;
        }
        digits++;
        if (point && places == LLT_DECIMAL_PLACES) {
            if (digit != 0) {
                return false;
            }
            continue;
        }
        places += point;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum)) {
            return false;
        }
    }
    if (digits == 0 || __builtin_mul_overflow(sum, llt_power_of_ten[LLT_DECIMAL_PLACES - places], &sum) ||
        sum > (uint64_t)INT64_MAX) {
        return false;
    }
    *value = negative ? -(int64_t)sum : (int64_t)sum;
    return true;
}

/* A field's value as a whole number; a minus and leading zeros are allowed. */
static inline bool llt_fix_integer(const unsigned char *text, const llt_fix_field *field, int64_t *value) {
    const unsigned char *at = text + field->offset;
    const unsigned char *end = at + field->size;
    const bool negative = *at == '-';
    int64_t sum = 0;
    uint64_t whole = 0;
    at += negative;
    if (at == end) {
        return false;
    }
    if (field->tag != 10 && llt_digits(at, &whole) == end && whole <= (uint64_t)INT64_MAX) {
        *value = negative ? -(int64_t)whole : (int64_t)whole;
        return true;
    }
    for (; at < end; at++) {
        const unsigned digit = (unsigned)(*at - '0');
        if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, (int)digit, &sum)) {
            return false;
        }
    }
    /* Summed below zero, where there is one more. */
    if (!negative && sum == INT64_MIN) {
        return false;
    }
    *value = negative ? sum : -sum;
    return true;
}

#endif

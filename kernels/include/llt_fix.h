/* FIX 4.4 tag=value: framing, validation and field boundaries in one pass; numbers; building. Nothing is copied.
 *
 * A message is 8=FIX.4.4|9=<length>|35=...|10=<sum>| with SOH for |. BodyLength says where the trailer is, so that a
 * whole message is known before it is read. Then 64 bytes a step give one mask of the SOH and the byte sum; each set
 * bit ends a field, whose tag is read as eight bytes at once. Refused: a length that does not lead to a trailer, a
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

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LLT_FIX_SOH 1
#define LLT_FIX_TRAILER 7        /* 10=nnn| */
#define LLT_FIX_PREFIX 12        /* 8=FIX.4.4|9= */
#define LLT_FIX_STEPS 16         /* of 64 bytes: as many ends of fields are gathered before they are looked at */
#define LLT_FIX_LENGTH_DIGITS 9
#define LLT_FIX_LONGEST (1u << 24) /* a BodyLength above it is garbage, not something to wait for */

typedef struct {
    uint32_t tag;
    uint32_t offset; /* of the value, from the message's first byte */
    uint32_t size;   /* of the value */
} llt_fix_field;

typedef enum {
    LLT_FIX_OK,
    LLT_FIX_PARTIAL,     /* so far good: more bytes are needed */
    LLT_FIX_BEGIN,       /* it does not start with 8=FIX.4.4|9= */
    LLT_FIX_BODY_LENGTH, /* no number, or no trailer where it leads */
    LLT_FIX_CHECKSUM,    /* not three digits, or not the sum */
    LLT_FIX_TAG,         /* no tag, or one that may not stand here */
    LLT_FIX_VALUE,       /* empty */
    LLT_FIX_DATA,        /* a data field without its length, or one that does not fit */
    LLT_FIX_ROOM         /* the caller's room may not do: it wants 2 a field and 6 more */
} llt_fix_status;

/* For a length tag the tag of its data, which follows at once; for a data tag LLT_FIX_IS_DATA; 8, 9 and 10 are the frame's. */
#define LLT_FIX_IS_DATA 0xffff
#define LLT_FIX_PAIR(length, data) [length] = data, [data] = LLT_FIX_IS_DATA
#define LLT_FIX_IS_FRAME 0xfffe
static const uint16_t llt_fix_data_of[640] = {
    [8] = LLT_FIX_IS_FRAME, [9] = LLT_FIX_IS_FRAME, [10] = LLT_FIX_IS_FRAME,
    LLT_FIX_PAIR(90, 91),   LLT_FIX_PAIR(93, 89),   LLT_FIX_PAIR(95, 96),   LLT_FIX_PAIR(212, 213),
    LLT_FIX_PAIR(348, 349), LLT_FIX_PAIR(350, 351), LLT_FIX_PAIR(352, 353), LLT_FIX_PAIR(354, 355),
    LLT_FIX_PAIR(356, 357), LLT_FIX_PAIR(358, 359), LLT_FIX_PAIR(360, 361), LLT_FIX_PAIR(362, 363),
    LLT_FIX_PAIR(364, 365), LLT_FIX_PAIR(445, 446), LLT_FIX_PAIR(618, 619), LLT_FIX_PAIR(621, 622)};

/* Mask of the SOH in 64 bytes; their sum is added to `*sum`. Only the last `kept` bytes (1..64) count. */
typedef uint64_t llt_fix_step(const unsigned char *at, size_t kept, uint64_t *sum);

/* 64 bytes from `+ kept` on: ones in the last `kept` places. */
#define LLT_FIX_ONES_16 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
static const unsigned char llt_fix_keep[128] = {[64] = LLT_FIX_ONES_16, LLT_FIX_ONES_16, LLT_FIX_ONES_16,
                                                LLT_FIX_ONES_16};

#if defined(__x86_64__)

/* SSE2 is part of x86-64: this is the portable path there. */
static inline __attribute__((always_inline)) uint64_t llt_fix_step_scalar(const unsigned char *at, size_t kept,
                                                                          uint64_t *sum) {
    uint64_t mask = 0;
    __m128i total = _mm_setzero_si128();
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
        const __m128i text = _mm_and_si128(_mm_loadu_si128((const __m128i *)(const void *)(at + 16 * part)),
                                           _mm_loadu_si128((const __m128i *)(const void *)(llt_fix_keep + kept + 16 * part)));
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(text, _mm_set1_epi8(LLT_FIX_SOH))) << (16 * part);
        total = _mm_add_epi64(total, _mm_sad_epu8(text, _mm_setzero_si128()));
    }
    *sum += (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(total, total));
    return mask;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 uint64_t llt_fix_step_avx2(const unsigned char *at,
                                                                                        size_t kept, uint64_t *sum) {
    const __m256i *keep = (const __m256i *)(const void *)(llt_fix_keep + kept);
    const __m256i *text = (const __m256i *)(const void *)at;
    const __m256i low = _mm256_and_si256(_mm256_loadu_si256(text), _mm256_loadu_si256(keep));
    const __m256i high = _mm256_and_si256(_mm256_loadu_si256(text + 1), _mm256_loadu_si256(keep + 1));
    const __m256i soh = _mm256_set1_epi8(LLT_FIX_SOH);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i halves = _mm256_add_epi64(_mm256_sad_epu8(low, zero), _mm256_sad_epu8(high, zero));
    const __m128i total = _mm_add_epi64(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    *sum += (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_extract_epi64(total, 1);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, soh)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, soh)) << 32;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 uint64_t llt_fix_step_avx512(const unsigned char *at,
                                                                                            size_t kept, uint64_t *sum) {
    const __m512i text = _mm512_and_si512(_mm512_loadu_si512(at), _mm512_loadu_si512(llt_fix_keep + kept));
    *sum += (uint64_t)_mm512_reduce_add_epi64(_mm512_sad_epu8(text, _mm512_setzero_si512()));
    return _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(LLT_FIX_SOH));
}

#else

static inline uint64_t llt_fix_step_scalar(const unsigned char *at, size_t kept, uint64_t *sum) {
    uint64_t mask = 0;
    for (size_t i = 64 - kept; i < 64; i++) {
        *sum += at[i];
        mask |= (uint64_t)(at[i] == LLT_FIX_SOH) << i;
    }
    return mask;
}

#endif

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

/* A tag is one to eight digits, hardly ever more than four: those need one multiplication. */
static inline uint32_t llt_fix_tag(uint64_t head, unsigned digits) {
    if (digits > 4) {
        return llt_first_digits(head, digits);
    }
    uint32_t tag = ((uint32_t)head ^ (uint32_t)LLT_ZEROS) << (32 - 8 * digits);
    tag = tag * 10 + (tag >> 8);
    return ((tag & 0x00ff00ff) * 0x00640001) >> 16;
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
            const unsigned char *at = text + 1;
            const unsigned char *end = text + size;
            while (at < end && (at = (const unsigned char *)memchr(at, '8', (size_t)(end - at))) != NULL &&
                   memcmp(at, "8=FIX", (size_t)(end - at) < 5 ? (size_t)(end - at) : 5) != 0) {
                at++;
            }
            *total = at == NULL || at > end ? size : (size_t)(at - text);
        }
        return status;
    }
    *total = trailer + LLT_FIX_TRAILER;
    if (room < 8) {
        return LLT_FIX_ROOM;
    }
    fields[0] = (llt_fix_field){8, 2, 7};
    fields[1] = (llt_fix_field){9, LLT_FIX_PREFIX, (uint32_t)(body - 1 - LLT_FIX_PREFIX)};
    size_t filled = 2;
    uint64_t sum = 0;
    size_t start = body;
    size_t resume = body; /* SOH before it are in the header or inside data */
    for (size_t base = 0; base < trailer;) {
        /* Where SOH are, eight stores a step whether or not there are as many: the count is not worth a guess. */
        uint32_t ends[64 * LLT_FIX_STEPS + 8];
        size_t found = 0;
        for (int steps = 0; steps < LLT_FIX_STEPS && base < trailer; steps++) {
            const size_t left = trailer - base;
            uint64_t mask;
            size_t from = base;
            if (left >= 64) {
                mask = step(text + base, 64, &sum);
            } else if (trailer >= 64) {
                from = trailer - 64;
                mask = step(text + from, left, &sum);
            } else {
                unsigned char whole[64] = {0};
                memcpy(whole + 64 - left, text, left);
                mask = step(whole, 64, &sum) >> (64 - left);
            }
            base += 64;
            const unsigned here = (unsigned)__builtin_popcountll(mask);
            for (unsigned done = 0; done < here; done += 8) {
#pragma GCC unroll 8
                for (unsigned i = 0; i < 8; i++) {
                    ends[found + done + i] = (uint32_t)from + (uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63);
                    mask &= mask - 1;
                }
            }
            found += here;
        }
        if (found * 2 + 4 > room - filled) {
            return LLT_FIX_ROOM;
        }
        for (size_t next_end = 0; next_end < found; next_end++) {
            const size_t end = ends[next_end];
            if (end < resume) {
                continue;
            }
            /* The trailer's 7 bytes behind the last SOH keep every load of eight inside the message. */
            const unsigned char *at = text + start;
            const uint64_t head = llt_load_le64(at);
            const unsigned digits = llt_digit_count(head);
            if (digits == 0 || at[digits] != '=' || *at == '0') {
                *position = start;
                return LLT_FIX_TAG;
            }
            const uint32_t tag = llt_fix_tag(head, digits);
            const size_t value = start + digits + 1;
            if (value >= end) {
                *position = value;
                return LLT_FIX_VALUE;
            }
            fields[filled++] = (llt_fix_field){tag, (uint32_t)value, (uint32_t)(end - value)};
            if (tag < sizeof llt_fix_data_of / sizeof *llt_fix_data_of && llt_fix_data_of[tag] != 0) {
                *position = start;
                if (llt_fix_data_of[tag] == LLT_FIX_IS_FRAME) {
                    return LLT_FIX_TAG;
                }
                resume = llt_fix_data(text, trailer, value, end, llt_fix_data_of[tag], &fields[filled++]);
                if (resume == 0) {
                    return LLT_FIX_DATA;
                }
                start = resume;
                continue;
            }
            start = end + 1;
        }
    }
    if (filled == 2 || fields[2].tag != 35) {
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
    at += negative;
    if (at == end) {
        return false;
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

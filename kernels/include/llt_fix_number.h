/* Values of FIX fields as numbers: fixed point with 8 places, whole numbers. What is none or does not fit is refused. */
#ifndef LLT_FIX_NUMBER_H
#define LLT_FIX_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_decimal.h"
#include "llt_fix_fields.h"

/* The 1..8 bytes before `end` as digits 0..9, the last in the highest byte, the others 0; `end` has eight before it. */
static inline uint64_t llt_fix_short_value(const unsigned char *end, size_t size) {
    const unsigned unused = 64 - 8 * (unsigned)size;
    return (llt_load_le64(end - 8) ^ LLT_ZEROS) >> unused << unused;
}

static inline bool llt_fix_are_digits(uint64_t digits) {
    return (((digits + UINT64_C(0x7676767676767676)) | digits) & UINT64_C(0x8080808080808080)) == 0;
}

/* A decimal of 1..8 bytes without a sign. False: it may be one all the same. */
static inline bool llt_fix_short_decimal(const unsigned char *end, size_t size, int64_t *value) {
    const uint64_t text = llt_fix_short_value(end, size);
    const uint64_t others = text ^ UINT64_C(0x0101010101010101) * ('.' ^ '0');
    const uint64_t points = (others - UINT64_C(0x0101010101010101)) & ~others & UINT64_C(0x8080808080808080);
    if (points == 0) {
        *value = llt_join_digits(text) * LLT_DECIMAL_SCALE;
        return llt_fix_are_digits(text);
    }
    /* The digits before the first point move up by its byte. */
    const uint64_t point = points & (0 - points);
    const uint64_t whole = text & ((point >> 7) - 1);
    const uint64_t digits = whole << 8 | (text & ~((point << 1) - 1));
    *value = (int64_t)llt_join_digits(digits) * llt_power_of_ten[(unsigned)__builtin_ctzll(point) / 8 + 1];
    return llt_fix_are_digits(digits) && size > 1;
}

/* A field's value x 10^8. FIX allows a minus, leading zeros, and zeros behind the last place; no exponent, no inf. */
static inline bool llt_fix_decimal(const unsigned char *text, const llt_fix_fields *fields, size_t field,
                                   int64_t *value) {
    const unsigned char *at = text + fields->begins[field];
    const unsigned char *end = text + fields->ends[field];
    if (end - at <= 8 && llt_fix_short_decimal(end, (size_t)(end - at), value)) {
        return true;
    }
    const bool negative = *at == '-';
    at += negative;
    int64_t whole = 0;
    /* Any field but the last has eight bytes behind its value: its SOH and the trailer. */
    if (field + 1 < fields->count && llt_decimal(at, &whole) == end) {
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
static inline bool llt_fix_integer(const unsigned char *text, const llt_fix_fields *fields, size_t field,
                                   int64_t *value) {
    const unsigned char *at = text + fields->begins[field];
    const unsigned char *end = text + fields->ends[field];
    const bool negative = *at == '-';
    int64_t sum = 0;
    uint64_t whole = 0;
    at += negative;
    if (at == end) {
        return false;
    }
    if (field + 1 < fields->count && llt_digits(at, &whole) == end && whole <= (uint64_t)INT64_MAX) {
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

/* Decimal text to integers: digits to uint64, decimals to fixed point with 8 places. Nothing is rounded or guessed.
 *
 * A decimal is [0-9]{1,11} or [0-9]{1,11}.[0-9]{1,8}, without sign, without a needless leading zero. Its value is
 * the number times 10^8 and fits int64 or is refused: 92233720368.54775807 is the largest.
 *
 * Eight digits at a time (SWAR): the bytes of a little-endian word are tested for '0'..'9' at once, then pairs, fours
 * and eights are joined by three multiplications.
 *
 * Every function may load LLT_DECIMAL_READS bytes from where it starts; the caller sees to it that they are there.
 */
#ifndef LLT_DECIMAL_H
#define LLT_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"

#define LLT_DECIMAL_PLACES 8
#define LLT_DECIMAL_SCALE INT64_C(100000000)
#define LLT_DECIMAL_READS 32

#define LLT_ZEROS UINT64_C(0x3030303030303030)

/* The high bit of each byte that is not '0'..'9'; bytes behind the first such one may be marked wrongly. */
static inline uint64_t llt_not_digits(uint64_t text) {
    uint64_t value = text ^ LLT_ZEROS;
    return ((value + UINT64_C(0x7676767676767676)) | value) & UINT64_C(0x8080808080808080);
}

/* Number of digits that `text` starts with. */
static inline unsigned llt_digit_count(uint64_t text) {
    uint64_t other = llt_not_digits(text);
    return other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
}

/* Value of eight digits, each a byte 0..9, the first in the lowest byte. */
static inline uint32_t llt_join_digits(uint64_t digits) {
    digits = digits * 10 + (digits >> 8);
    return (uint32_t)((((digits & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x000F424000000064)) +
                       (((digits >> 16) & UINT64_C(0x000000FF000000FF)) * UINT64_C(0x0000271000000001))) >>
                      32);
}

static const uint32_t llt_power_of_ten[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* Value of the first `count` digits (1..8) of `text`. */
static inline uint32_t llt_first_digits(uint64_t text, unsigned count) {
    return llt_join_digits((text ^ LLT_ZEROS) << (64 - 8 * count));
}

/* Reads digits from `at`; gives where they end, NULL when there are none, more than 19, or a needless leading zero. */
static inline const unsigned char *llt_digits(const unsigned char *at, uint64_t *value) {
    const unsigned char *from = at;
    uint64_t text = llt_load_le64(at);
    unsigned count = llt_digit_count(text);
    if (count == 0) {
        return NULL;
    }
    uint64_t sum = llt_first_digits(text, count);
    at += count;
    if (count == 8) {
        text = llt_load_le64(at);
        count = llt_digit_count(text);
        if (count > 0) {
            sum = sum * llt_power_of_ten[count] + llt_first_digits(text, count);
            at += count;
        }
        if (count == 8) {
            while ((unsigned)(*at - '0') < 10) {
                if (at - from == 19) {
                    return NULL;
                }
                sum = sum * 10 + (unsigned)(*at - '0');
                at++;
            }
        }
    }
    if (*from == '0' && at - from > 1) {
        return NULL;
    }
    *value = sum;
    return at;
}

/* Reads a decimal from `at`; gives where it ends, NULL when it is none or its value does not fit. */
static inline const unsigned char *llt_decimal(const unsigned char *at, int64_t *value) {
    const unsigned char *from = at;
    uint64_t text = llt_load_le64(at);
    unsigned count = llt_digit_count(text);
    if (count == 0) {
        return NULL;
    }
    uint64_t whole = llt_first_digits(text, count);
    at += count;
    while (count == 8 && (unsigned)(*at - '0') < 10) {
        if (at - from == 11) {
            return NULL;
        }
        whole = whole * 10 + (unsigned)(*at - '0');
        at++;
    }
    if (*from == '0' && at - from > 1) {
        return NULL;
    }
    uint64_t fraction = 0;
    if (*at == '.') {
        text = llt_load_le64(at + 1);
        count = llt_digit_count(text);
        if (count == 0 || (count == 8 && (unsigned)(at[9] - '0') < 10)) {
            return NULL;
        }
        fraction = (uint64_t)llt_first_digits(text, count) * llt_power_of_ten[8 - count];
        at += 1 + count;
    }
    /* At most 11 digits: the product stays below 10^19 and fits uint64. */
    uint64_t scaled = whole * (uint64_t)LLT_DECIMAL_SCALE + fraction;
    if (scaled > (uint64_t)INT64_MAX) {
        return NULL;
    }
    *value = (int64_t)scaled;
    return at;
}

#endif

/* Building FIX messages from a template: constant text copied, values written between, 9 and 10 computed at the end.
 *
 * The template is the body cut at its slots: piece, value, piece, value ... piece. Room for the header is left in front
 * and filled last, right-aligned, so that BodyLength has no padding and nothing is moved. Pieces and values are short:
 * they are copied by moves that overlap, without a call. The bytes are added up once, 16 at a time, when all stand.
 */
#ifndef LLT_FIX_BUILD_H
#define LLT_FIX_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_decimal.h"
#include "llt_fix.h"

#define LLT_FIX_HEADER 32 /* room in front: 8=FIX.4.4|9=nnnnnnnn| */

typedef struct {
    const unsigned char *pieces; /* constant text, one piece behind the other */
    const uint32_t *sizes;       /* of the slots + 1 pieces */
    size_t slots;
} llt_fix_template;

typedef struct {
    const unsigned char *text;
    size_t size;
} llt_fix_value;

/* As memcpy, for sizes that are small and not known: 0 to some dozens. */
static inline void llt_fix_copy(unsigned char *to, const unsigned char *from, size_t size) {
    if (size >= 16) {
        for (size_t at = 0; at < size - 16; at += 16) {
            memcpy(to + at, from + at, 16);
        }
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    } else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

/* Writes the message into `out`; gives where it starts, NULL when `room` does not do. `*size` is its size. */
static inline unsigned char *llt_fix_build(const llt_fix_template *form, const llt_fix_value *values,
                                           unsigned char *out, size_t room, size_t *size) {
    const unsigned char *piece = form->pieces;
    if (room < LLT_FIX_HEADER + LLT_FIX_TRAILER) {
        return NULL;
    }
    unsigned char *at = out + LLT_FIX_HEADER;
    const unsigned char *end = out + room - LLT_FIX_TRAILER;
    for (size_t slot = 0; slot <= form->slots; slot++) {
        const size_t constant = form->sizes[slot];
        const size_t value = slot < form->slots ? values[slot].size : 0;
        if (constant > (size_t)(end - at) || value > (size_t)(end - at) - constant) {
            return NULL;
        }
        llt_fix_copy(at, piece, constant);
        piece += constant;
        at += constant;
        if (value != 0) {
            llt_fix_copy(at, values[slot].text, value);
            at += value;
        }
    }
    size_t length = (size_t)(at - out) - LLT_FIX_HEADER;
    if (length > LLT_FIX_LONGEST) {
        return NULL;
    }
    unsigned char *start = out + LLT_FIX_HEADER;
    *--start = LLT_FIX_SOH;
    do {
        *--start = (unsigned char)('0' + length % 10);
        length /= 10;
    } while (length != 0);
    start -= LLT_FIX_PREFIX;
    memcpy(start, "8=FIX.4.4\0019=", LLT_FIX_PREFIX);
    const unsigned sum = (unsigned)llt_fix_sum(start, (size_t)(at - start)) & 255;
    memcpy(at, "10=", 3);
    at[3] = (unsigned char)('0' + sum / 100);
    at[4] = (unsigned char)('0' + sum / 10 % 10);
    at[5] = (unsigned char)('0' + sum % 10);
    at[6] = LLT_FIX_SOH;
    *size = (size_t)(at + LLT_FIX_TRAILER - start);
    return start;
}

/* Eight decimal digits of a number below 10^8, each 0..9 in a byte, the first in the lowest: halved three times. */
static inline uint64_t llt_eight_digits(uint32_t value) {
    const uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    const uint64_t hundreds = (fours * 10486 >> 20) & UINT64_C(0x0000007f0000007f);
    const uint64_t twos = hundreds | (fours - hundreds * 100) << 16;
    const uint64_t tens = (twos * 103 >> 10) & UINT64_C(0x000f000f000f000f);
    return tens | (twos - tens * 10) << 8;
}

/* A number below 10^8 without leading zeros; gives its length. Eight bytes are written. */
static inline size_t llt_write_short(uint32_t value, unsigned char *out) {
    const uint64_t digits = llt_eight_digits(value);
    const unsigned zeros = digits == 0 ? 7 : (unsigned)__builtin_ctzll(digits) / 8;
    llt_store_le64(out, (digits | LLT_ZEROS) >> (8 * zeros));
    return 8 - zeros;
}

#define LLT_FIX_DECIMAL_ROOM 32

/* Digits of a fixed-point number (x 10^8) without needless zeros: 5, 61837.63, -0.00000001. At most 21 bytes, but
 * LLT_FIX_DECIMAL_ROOM may be written. */
static inline size_t llt_fix_write_decimal(int64_t value, unsigned char *out) {
    const uint64_t all = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    const uint32_t places = (uint32_t)(all % (uint64_t)LLT_DECIMAL_SCALE);
    const uint64_t whole = all / (uint64_t)LLT_DECIMAL_SCALE;
    size_t size = value < 0;
    out[0] = '-';
    if (whole >= (uint64_t)LLT_DECIMAL_SCALE) {
        size += llt_write_short((uint32_t)(whole / (uint64_t)LLT_DECIMAL_SCALE), out + size);
        llt_store_le64(out + size, llt_eight_digits((uint32_t)(whole % (uint64_t)LLT_DECIMAL_SCALE)) | LLT_ZEROS);
        size += 8;
    } else {
        size += llt_write_short((uint32_t)whole, out + size);
    }
    if (places == 0) {
        return size;
    }
    const uint64_t digits = llt_eight_digits(places);
    out[size] = '.';
    llt_store_le64(out + size + 1, digits | LLT_ZEROS);
    return size + 9 - (unsigned)__builtin_clzll(digits) / 8;
}

#endif

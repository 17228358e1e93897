/* Building FIX messages from a template: constant text copied, values written between, 9 and 10 computed at the end.
 *
 * The template is the body cut at its slots: piece, value, piece, value ... piece. Room for the header is left in front
 * and filled last, right-aligned, so that BodyLength has no padding and nothing is moved. The sum of the constant
 * pieces is known beforehand; only values and the header are added up.
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
    uint32_t sum; /* of all bytes of the pieces */
} llt_fix_template;

typedef struct {
    const unsigned char *text;
    size_t size;
} llt_fix_value;

/* Writes the message into `out`; gives where it starts, NULL when `room` does not do. `*size` is its size. */
static inline unsigned char *llt_fix_build(const llt_fix_template *form, const llt_fix_value *values,
                                           unsigned char *out, size_t room, size_t *size) {
    const unsigned char *piece = form->pieces;
    uint32_t sum = form->sum;
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
        memcpy(at, piece, constant);
        piece += constant;
        at += constant;
        if (value != 0) {
            memcpy(at, values[slot].text, value);
            sum += (uint32_t)llt_fix_sum(at, value);
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
    sum += (uint32_t)llt_fix_sum(start, (size_t)(out + LLT_FIX_HEADER - start));
    sum &= 255;
    memcpy(at, "10=", 3);
    at[3] = (unsigned char)('0' + sum / 100);
    at[4] = (unsigned char)('0' + sum / 10 % 10);
    at[5] = (unsigned char)('0' + sum % 10);
    at[6] = LLT_FIX_SOH;
    *size = (size_t)(at + LLT_FIX_TRAILER - start);
    return start;
}

/* Digits of a fixed-point number (x 10^8) without needless zeros: 5, 61837.63, -0.00000001. At most 21 bytes. */
static inline size_t llt_fix_write_decimal(int64_t value, unsigned char *out) {
    unsigned char digits[20];
    size_t count = 0, size = 0;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    const uint64_t places = left % (uint64_t)LLT_DECIMAL_SCALE;
    uint64_t whole = left / (uint64_t)LLT_DECIMAL_SCALE;
    if (value < 0) {
        out[size++] = '-';
    }
    do {
        digits[count++] = (unsigned char)('0' + whole % 10);
        whole /= 10;
    } while (whole != 0);
    while (count > 0) {
        out[size++] = digits[--count];
    }
    if (places != 0) {
        out[size++] = '.';
        uint32_t unit = (uint32_t)LLT_DECIMAL_SCALE / 10;
        for (uint32_t rest = (uint32_t)places; rest != 0; rest %= unit, unit /= 10) {
            out[size++] = (unsigned char)('0' + rest / unit);
            if (unit == 1) {
                break;
            }
        }
    }
    return size;
}

#endif

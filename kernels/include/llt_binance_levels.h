/* Price levels of a Binance depth message, ["61837.63000000","3.78826000"] one after the other: the part that costs.
 *
 * One loop for all paths, given the reader of one level. Scalar: each number by llt_decimal. Vector:
 * llt_binance_shape.h.
 */
#ifndef LLT_BINANCE_LEVELS_H
#define LLT_BINANCE_LEVELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"
#include "llt_decimal.h"

/* Bytes behind the end of the text that must be readable (their values do not matter). */
#define LLT_BINANCE_PADDING 128

typedef struct {
    int64_t price;    /* x 10^8 */
    int64_t quantity; /* x 10^8 */
} llt_binance_level;

typedef enum {
    LLT_BINANCE_OK,
    LLT_BINANCE_TRUNCATED,  /* the text ended in the middle of a message */
    LLT_BINANCE_UNEXPECTED, /* not what the schema has at this place */
    LLT_BINANCE_NUMBER,     /* no number, more places than 8, or a value that does not fit */
    LLT_BINANCE_ROOM,       /* more levels than the caller has room for */
    LLT_BINANCE_PAUSED      /* of a level reader: `stop` is reached, another level begins here */
} llt_binance_status;

/* The shape of the last level: llt_binance_shape.h fills it in. Starts with size 0. */
typedef struct {
    _Alignas(32) unsigned char least[64]; /* the smallest byte at each place */
    unsigned char range[64];              /* how far the bytes there may lie above it */
    unsigned char shuffle[32];            /* where the digits of both numbers are */
    uint32_t quantity;                    /* where the quantity starts */
    uint32_t size;                        /* of all, through "] */
} llt_binance_shape;

/* Reads one level from `*at`; behind its ] afterwards, or where it stops being one. */
typedef llt_binance_status llt_binance_level_reader(const unsigned char **at, llt_binance_level *level,
                                                    llt_binance_shape *shape);

/* Up to 8 bytes of a literal as a little-endian word; folds to a constant (a memcpy of 5 bytes does not). */
static inline __attribute__((always_inline)) uint64_t llt_word_of(const char *text, size_t size) {
    uint64_t word = 0;
#pragma GCC unroll 8
    for (size_t i = 0; i < size && i < 8; i++) {
        word |= (uint64_t)(unsigned char)text[i] << (8 * i);
    }
    return word;
}

/* Whether the `size` bytes (a constant, at most 32) at `at` are those of the literal `text`; loads whole words. */
static inline __attribute__((always_inline)) bool llt_same(const unsigned char *at, const char *text, size_t size) {
    uint64_t difference = 0;
#pragma GCC unroll 4
    for (size_t done = 0; done < size; done += 8) {
        const size_t left = size - done;
        const uint64_t unequal = llt_load_le64(at + done) ^ llt_word_of(text + done, left);
        difference |= left >= 8 ? unequal : unequal << (64 - 8 * left);
    }
    return difference == 0;
}

static inline llt_binance_status llt_binance_level_scalar(const unsigned char **at, llt_binance_level *level,
                                                          llt_binance_shape *shape) {
    (void)shape;
    if (!llt_same(*at, "[\"", 2)) {
        return LLT_BINANCE_UNEXPECTED;
    }
    *at += 2;
    const unsigned char *next = llt_decimal(*at, &level->price);
    if (next == NULL) {
        return LLT_BINANCE_NUMBER;
    }
    *at = next;
    if (!llt_same(*at, "\",\"", 3)) {
        return LLT_BINANCE_UNEXPECTED;
    }
    *at += 3;
    next = llt_decimal(*at, &level->quantity);
    if (next == NULL) {
        return LLT_BINANCE_NUMBER;
    }
    *at = next + (*next == '"');
    if (*next != '"' || **at != ']') {
        return LLT_BINANCE_UNEXPECTED;
    }
    ++*at;
    return LLT_BINANCE_OK;
}

/* Reads levels from `*from`, where one starts; appends to `levels`. OK behind the closing ]], PAUSED at the first level
 * at or behind `stop`. `*from` is where it came to. */
static inline __attribute__((always_inline)) llt_binance_status llt_binance_levels(
    llt_binance_level_reader *read_level, const unsigned char **from, const unsigned char *stop,
    llt_binance_shape *shape, llt_binance_level *levels, size_t room, size_t *count) {
    const unsigned char *at = *from;
    size_t filled = *count;
    llt_binance_status status = LLT_BINANCE_PAUSED;
    while (at < stop) {
        if (filled == room) {
            status = LLT_BINANCE_ROOM;
            break;
        }
        status = read_level(&at, &levels[filled], shape);
        if (status != LLT_BINANCE_OK) {
            break;
        }
        filled++;
        if (*at != ',') {
            status = *at == ']' ? LLT_BINANCE_OK : LLT_BINANCE_UNEXPECTED;
            at += *at == ']';
            break;
        }
        at++;
        status = LLT_BINANCE_PAUSED;
    }
    *from = at;
    *count = filled;
    return status;
}

#endif

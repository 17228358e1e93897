/* Steps through a message of the exchange: literal text, numbers, strings, truth values; each as it is sent or refused.
 *
 * Memory: a step reads at most LLT_BINANCE_PADDING bytes from where it is. A buffer with that many readable bytes
 * behind the message is parsed in place. Without them the end of the message is continued in a copy on the stack, so
 * that nothing behind the message is ever touched.
 */
#ifndef LLT_BINANCE_CURSOR_H
#define LLT_BINANCE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_binance_levels.h"
#include "llt_decimal.h"

/* Where the parser is. `shift` is what to add to a distance from `base` to get the offset in the message. */
typedef struct {
    const unsigned char *at;
    const unsigned char *end;
    const unsigned char *stop; /* a step may start before it */
    const unsigned char *base;
    size_t shift;
    bool copied;
    llt_binance_status status;
    unsigned char tail[5 * LLT_BINANCE_PADDING];
} llt_binance_cursor;

/* The rest of the message is copied from a distance that the longest run of steps without a look cannot pass. */
#define LLT_BINANCE_HEAD (3 * LLT_BINANCE_PADDING)

static inline void llt_binance_continue_in_copy(llt_binance_cursor *cursor) {
    size_t left = (size_t)(cursor->end - cursor->at);
    memcpy(cursor->tail, cursor->at, left);
    memset(cursor->tail + left, 0, LLT_BINANCE_PADDING);
    cursor->shift += (size_t)(cursor->at - cursor->base);
    cursor->base = cursor->at = cursor->tail;
    cursor->end = cursor->stop = cursor->tail + left;
    cursor->copied = true;
}

#define LLT_BINANCE_FAIL(cursor, what) ((cursor)->status = (what), false)

/* To the first byte that differs, for the caller's message. */
static __attribute__((noinline, cold)) bool llt_binance_differs(llt_binance_cursor *cursor, const char *text) {
    while (cursor->at < cursor->end && *cursor->at == (unsigned char)*text) {
        cursor->at++;
        text++;
    }
    return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_UNEXPECTED);
}

#define LLT_BINANCE_TEXT(cursor, text)                                                         \
    (llt_same((cursor)->at, text, sizeof(text) - 1) ? ((cursor)->at += sizeof(text) - 1, true) \
                                                    : llt_binance_differs(cursor, text))

/* Whether the next bytes are `text`; steps behind them if so. */
#define LLT_BINANCE_IS(cursor, text) \
    (llt_same((cursor)->at, text, sizeof(text) - 1) && ((cursor)->at += sizeof(text) - 1, true))

/* `next` lies behind the number at the cursor, or is NULL when there is none. The number was read from at most one
 * literal behind the end: there is padding. */
static inline bool llt_binance_behind(llt_binance_cursor *cursor, const unsigned char *next) {
    if (cursor->at > cursor->end) {
        return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_TRUNCATED);
    }
    if (next == NULL) {
        return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_NUMBER);
    }
    cursor->at = next;
    return true;
}

static inline bool llt_binance_number(llt_binance_cursor *cursor, uint64_t *value) {
    return llt_binance_behind(cursor, llt_digits(cursor->at, value));
}

static inline bool llt_binance_decimal(llt_binance_cursor *cursor, int64_t *value) {
    return llt_binance_behind(cursor, llt_decimal(cursor->at, value));
}

/* Times are milliseconds (13 digits today) or, on streams with timeUnit=MICROSECOND, microseconds (16): 10^14 lies
 * in the year 5138 for the one and in 1973 for the other. */
static inline bool llt_binance_time(llt_binance_cursor *cursor, int64_t *time_us) {
    uint64_t value;
    const unsigned char *from = cursor->at;
    if (!llt_binance_number(cursor, &value)) {
        return false;
    }
    if (value >= UINT64_C(1) << 62) {
        cursor->at = from;
        return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_NUMBER);
    }
    *time_us = (int64_t)(value < UINT64_C(100000000000000) ? value * 1000 : value);
    return true;
}

#define LLT_ONES UINT64_C(0x0101010101010101)
#define LLT_HIGHS UINT64_C(0x8080808080808080)

/* The high bit of the first control character, of those behind it perhaps too. */
static inline uint64_t llt_binance_controls(uint64_t text) {
    return (text - LLT_ONES * 0x20) & ~text & LLT_HIGHS;
}

/* The high bit of the first byte that ends a plain string: a quote, a backslash, a control character. */
static inline uint64_t llt_binance_string_end(uint64_t text) {
    const uint64_t quote = text ^ LLT_ONES * '"', escape = text ^ LLT_ONES * '\\';
    const uint64_t zeros = ((quote - LLT_ONES) & ~quote) | ((escape - LLT_ONES) & ~escape);
    return (zeros & LLT_HIGHS) | llt_binance_controls(text);
}

/* A plain string of at most 7 words of 8 bytes, up to its quote; kept in `words` zero padded if that is not NULL. */
static inline bool llt_binance_string(llt_binance_cursor *cursor, char *kept, size_t words) {
    const unsigned char *at = cursor->at;
    if (at > cursor->end) {
        return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_TRUNCATED);
    }
    for (size_t word = 0; word < words; word++) {
        uint64_t text = llt_load_le64(at);
        uint64_t ends = llt_binance_string_end(text);
        unsigned size = ends == 0 ? 8 : (unsigned)__builtin_ctzll(ends) / 8;
        if (kept != NULL) {
            uint64_t keep = size == 8 ? text : text & ((UINT64_C(1) << 8 * size) - 1);
            llt_store_le64((unsigned char *)kept + 8 * word, keep);
        }
        at += size;
        if (size < 8) {
            bool empty = at == cursor->at;
            cursor->at = at;
            return (*at == '"' && !empty) || LLT_BINANCE_FAIL(cursor, LLT_BINANCE_UNEXPECTED);
        }
    }
    cursor->at = at;
    return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_UNEXPECTED);
}

static inline bool llt_binance_bool(llt_binance_cursor *cursor, uint8_t *value) {
    if (LLT_BINANCE_IS(cursor, "true")) {
        *value = 1;
        return true;
    }
    *value = 0;
    return LLT_BINANCE_TEXT(cursor, "false");
}

#endif

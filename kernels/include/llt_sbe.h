/* Binance market data in SBE (schema 1, spot_stream) to the same fixed-point records as from JSON.
 *
 * A message is a header of 8 bytes (block length, template, schema, version; little endian), a root block, groups with
 * their own block length and count, and the symbol. Read as the standard asks: blocks may be longer than the schema
 * knows (a later version adds at their end) and are stepped over by their stated length; shorter ones, another schema,
 * an unknown template, a count that runs out of the buffer and bytes behind the message are refused with their offset.
 *
 * Mantissas with exponents -18 .. 0 become units of 10^-8; one that would lose digits or overflow is refused.
 * Nothing is read beyond `size`: every step is checked against what is left before it is made.
 */
#ifndef LLT_SBE_H
#define LLT_SBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_binance.h"
#include "llt_bytes.h"

enum {
    LLT_SBE_TRADES = 10000,
    LLT_SBE_BEST = 10001,
    LLT_SBE_SNAPSHOT = 10002,
    LLT_SBE_DEPTH = 10003
};

#define LLT_SBE_SCHEMA 1

typedef enum {
    LLT_SBE_OK,
    LLT_SBE_TRUNCATED, /* the message is longer than what is there */
    LLT_SBE_UNKNOWN,   /* another schema or template */
    LLT_SBE_BLOCK,     /* a block shorter than the schema's */
    LLT_SBE_VALUE,     /* a number that is no 10^-8 fixed point, a negative id, a bool that is none, a bad symbol */
    LLT_SBE_ROOM,      /* more levels or trades than the caller has room for */
    LLT_SBE_EXTRA      /* bytes behind the message */
} llt_sbe_status;

/* A trade of a TradesStreamEvent; its price and quantity, and who was passive. */
typedef struct {
    uint64_t trade_id;
    int64_t price;
    int64_t quantity;
    uint64_t buyer_is_maker;
} llt_sbe_trade;

typedef struct {
    const unsigned char *text;
    size_t at;
    size_t size;
    llt_sbe_status status;
} llt_sbe_cursor;

static inline bool llt_sbe_fail(llt_sbe_cursor *cursor, llt_sbe_status status) {
    cursor->status = status;
    return false;
}

/* A multiplier for an exponent; 0 when the division by `*divisor` is meant. */
static inline bool llt_sbe_scale(int8_t exponent, int64_t *factor, int64_t *divisor) {
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
                                     10000000000};
    if (exponent < -18 || exponent > 0) {
        return false;
    }
    *factor = exponent >= -8 ? powers[exponent + 8] : 0;
    *divisor = exponent >= -8 ? 1 : powers[-8 - exponent];
    return true;
}

static inline bool llt_sbe_fixed(int64_t mantissa, int64_t factor, int64_t divisor, int64_t *value) {
    if (mantissa < 0) {
        return false;
    }
    if (factor != 0) {
        return !__builtin_mul_overflow(mantissa, factor, value);
    }
    *value = mantissa / divisor;
    return mantissa % divisor == 0;
}

static inline bool llt_sbe_levels(llt_sbe_cursor *cursor, const int64_t scales[4], llt_binance_level *levels,
                                  size_t room, size_t *count) {
    if (cursor->size - cursor->at < 4) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const size_t block = llt_load_le16(cursor->text + cursor->at);
    const size_t entries = llt_load_le16(cursor->text + cursor->at + 2);
    if (block < 16 && entries != 0) {
        return llt_sbe_fail(cursor, LLT_SBE_BLOCK);
    }
    if (entries > room - *count) {
        return llt_sbe_fail(cursor, LLT_SBE_ROOM);
    }
    cursor->at += 4;
    if (block * entries > cursor->size - cursor->at) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const unsigned char *entry = cursor->text + cursor->at;
    llt_binance_level *level = levels + *count;
    for (size_t left = entries; left > 0; left--, entry += block, level++) {
        if (!llt_sbe_fixed((int64_t)llt_load_le64(entry), scales[0], scales[1], &level->price) ||
            !llt_sbe_fixed((int64_t)llt_load_le64(entry + 8), scales[2], scales[3], &level->quantity)) {
            cursor->at = (size_t)(entry - cursor->text);
            return llt_sbe_fail(cursor, LLT_SBE_VALUE);
        }
    }
    cursor->at += block * entries;
    *count += entries;
    return true;
}

static inline bool llt_sbe_trades(llt_sbe_cursor *cursor, const int64_t scales[4], llt_sbe_trade *trades, size_t room,
                                  size_t *count) {
    if (cursor->size - cursor->at < 6) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const size_t block = llt_load_le16(cursor->text + cursor->at);
    const size_t entries = llt_load_le32(cursor->text + cursor->at + 2);
    if (block < 25 && entries != 0) {
        return llt_sbe_fail(cursor, LLT_SBE_BLOCK);
    }
    if (block != 0 && entries > (cursor->size - cursor->at - 6) / block) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    if (entries > room) {
        return llt_sbe_fail(cursor, LLT_SBE_ROOM);
    }
    cursor->at += 6;
    for (size_t entry = 0; entry < entries; entry++, cursor->at += block) {
        const unsigned char *at = cursor->text + cursor->at;
        const int64_t id = (int64_t)llt_load_le64(at);
        if (id < 0 || at[24] > 1 ||
            !llt_sbe_fixed((int64_t)llt_load_le64(at + 8), scales[0], scales[1], &trades[entry].price) ||
            !llt_sbe_fixed((int64_t)llt_load_le64(at + 16), scales[2], scales[3], &trades[entry].quantity)) {
            return llt_sbe_fail(cursor, LLT_SBE_VALUE);
        }
        trades[entry].trade_id = (uint64_t)id;
        trades[entry].buyer_is_maker = at[24];
    }
    *count = entries;
    return true;
}

static inline bool llt_sbe_symbol(llt_sbe_cursor *cursor, llt_binance_event *event) {
    if (cursor->at == cursor->size) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const size_t length = cursor->text[cursor->at];
    if (length > cursor->size - cursor->at - 1) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    if (length == 0 || length >= sizeof event->symbol) {
        return llt_sbe_fail(cursor, LLT_SBE_VALUE);
    }
    for (size_t i = 1; i <= length; i++) {
        if (cursor->text[cursor->at + i] < 0x20) {
            return llt_sbe_fail(cursor, LLT_SBE_VALUE);
        }
    }
    memcpy(event->symbol, cursor->text + cursor->at + 1, length);
    cursor->at += 1 + length;
    return cursor->at == cursor->size || llt_sbe_fail(cursor, LLT_SBE_EXTRA);
}

static inline bool llt_sbe_id(llt_sbe_cursor *cursor, size_t at, uint64_t *id) {
    *id = llt_load_le64(cursor->text + at);
    return *id <= INT64_MAX || llt_sbe_fail(cursor, LLT_SBE_VALUE);
}

static inline bool llt_sbe_any(llt_sbe_cursor *cursor, llt_binance_event *event, llt_binance_level *levels,
                               llt_sbe_trade *trades, size_t room, size_t *count) {
    if (cursor->size < 8) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const unsigned char *text = cursor->text;
    const size_t block = llt_load_le16(text);
    const unsigned template_id = llt_load_le16(text + 2);
    if (llt_load_le16(text + 4) != LLT_SBE_SCHEMA || template_id < LLT_SBE_TRADES || template_id > LLT_SBE_DEPTH) {
        return llt_sbe_fail(cursor, LLT_SBE_UNKNOWN);
    }
    /* Root blocks: times and ids, both exponents, and the four numbers of a best quote. */
    const size_t exponents = template_id == LLT_SBE_DEPTH ? 24 : 16;
    const size_t known = exponents + 2 + (template_id == LLT_SBE_BEST ? 32 : 0);
    if (block < known) {
        return llt_sbe_fail(cursor, LLT_SBE_BLOCK);
    }
    cursor->at = 8;
    if (block > cursor->size - 8) {
        return llt_sbe_fail(cursor, LLT_SBE_TRUNCATED);
    }
    const unsigned char *root = text + 8;
    int64_t scales[4];
    event->market = LLT_BINANCE_SPOT;
    event->event_us = (int64_t)llt_load_le64(root);
    if (!llt_sbe_scale((int8_t)root[exponents], &scales[0], &scales[1]) ||
        !llt_sbe_scale((int8_t)root[exponents + 1], &scales[2], &scales[3])) {
        return llt_sbe_fail(cursor, LLT_SBE_VALUE);
    }
    if (template_id == LLT_SBE_BEST) {
        const unsigned char *quote = root + exponents + 2;
        event->kind = LLT_BINANCE_TICKER;
        if (!llt_sbe_id(cursor, 16, &event->last_update_id)) {
            return false;
        }
        if (!llt_sbe_fixed((int64_t)llt_load_le64(quote), scales[0], scales[1], &event->bid_price) ||
            !llt_sbe_fixed((int64_t)llt_load_le64(quote + 8), scales[2], scales[3], &event->bid_quantity) ||
            !llt_sbe_fixed((int64_t)llt_load_le64(quote + 16), scales[0], scales[1], &event->ask_price) ||
            !llt_sbe_fixed((int64_t)llt_load_le64(quote + 24), scales[2], scales[3], &event->ask_quantity)) {
            return llt_sbe_fail(cursor, LLT_SBE_VALUE);
        }
        cursor->at += block;
        return llt_sbe_symbol(cursor, event);
    }
    if (template_id == LLT_SBE_TRADES) {
        event->kind = LLT_BINANCE_TRADE;
        event->at_market = 1;
        event->transaction_us = (int64_t)llt_load_le64(root + 8);
        cursor->at += block;
        return llt_sbe_trades(cursor, scales, trades, room, count) && llt_sbe_symbol(cursor, event);
    }
    event->kind = template_id == LLT_SBE_DEPTH ? LLT_BINANCE_DEPTH : LLT_BINANCE_SNAPSHOT;
    if (!llt_sbe_id(cursor, exponents, &event->last_update_id) ||
        (template_id == LLT_SBE_DEPTH && !llt_sbe_id(cursor, 16, &event->first_update_id))) {
        return false;
    }
    cursor->at += block;
    if (!llt_sbe_levels(cursor, scales, levels, room, count)) {
        return false;
    }
    event->bids = (uint32_t)*count;
    if (!llt_sbe_levels(cursor, scales, levels, room, count)) {
        return false;
    }
    event->asks = (uint32_t)(*count - event->bids);
    return llt_sbe_symbol(cursor, event);
}

/* Reads one message. Levels go to `levels`, the trades of a trades event to `trades`, `room` of each; `*count` is how
 * many. On failure `*position` is the offset of the part that is wrong. */
static inline llt_sbe_status llt_sbe_parse(const unsigned char *text, size_t size, llt_binance_event *event,
                                           llt_binance_level *levels, llt_sbe_trade *trades, size_t room,
                                           size_t *count, size_t *position) {
    llt_sbe_cursor cursor = {text, 0, size, LLT_SBE_OK};
    memset(event, 0, sizeof *event);
    *count = 0;
    llt_sbe_any(&cursor, event, levels, trades, room, count);
    *position = cursor.at;
    return cursor.status;
}

#endif

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

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

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

/* How a mantissa becomes units of 10^-8: by a factor, or by a division without a rest. */
typedef struct {
    uint64_t factor;
    uint64_t divisor; /* 1: the factor does it */
    uint64_t most;    /* the largest mantissa; a negative one is larger */
} llt_sbe_scale;

#define LLT_SBE_BY(factor) {UINT64_C(factor), 1, INT64_MAX / UINT64_C(factor)}
#define LLT_SBE_OF(divisor) {1, UINT64_C(divisor), INT64_MAX}

/* For an exponent, NULL for one that no price has. */
static inline const llt_sbe_scale *llt_sbe_scale_of(unsigned char exponent) {
    static const llt_sbe_scale scales[] = {
        LLT_SBE_BY(100000000), LLT_SBE_BY(10000000), LLT_SBE_BY(1000000),   LLT_SBE_BY(100000),
        LLT_SBE_BY(10000),     LLT_SBE_BY(1000),     LLT_SBE_BY(100),       LLT_SBE_BY(10),
        LLT_SBE_BY(1),         LLT_SBE_OF(10),       LLT_SBE_OF(100),       LLT_SBE_OF(1000),
        LLT_SBE_OF(10000),     LLT_SBE_OF(100000),   LLT_SBE_OF(1000000),   LLT_SBE_OF(10000000),
        LLT_SBE_OF(100000000), LLT_SBE_OF(1000000000), LLT_SBE_OF(10000000000)};
    const unsigned places = (256u - exponent) & 255;
    return places < sizeof scales / sizeof *scales ? &scales[places] : NULL;
}

static inline bool llt_sbe_fixed(const unsigned char *mantissa, llt_sbe_scale scale, int64_t *value) {
    const uint64_t number = llt_load_le64(mantissa);
    if (number > scale.most) {
        return false;
    }
    if (scale.divisor == 1) {
        *value = (int64_t)(number * scale.factor);
        return true;
    }
    *value = (int64_t)(number / scale.divisor);
    return number % scale.divisor == 0;
}

/* Entries to levels; gives the first that has none, `entries` when all have. */
static __attribute__((noinline)) size_t llt_sbe_convert_checked(const unsigned char *entry, size_t block,
                                                                size_t entries, llt_sbe_scale price,
                                                                llt_sbe_scale quantity, llt_binance_level *levels) {
    for (size_t at = 0; at < entries; at++, entry += block) {
        if (!llt_sbe_fixed(entry, price, &levels[at].price) ||
            !llt_sbe_fixed(entry + 8, quantity, &levels[at].quantity)) {
            return at;
        }
    }
    return entries;
}

#if defined(__x86_64__)
/* What is multiplied: nothing (the exponent is ours), mantissas below 2^32, any. */
typedef enum { LLT_SBE_AS_IT_IS, LLT_SBE_NARROW, LLT_SBE_WIDE } llt_sbe_product;

/* Entries to levels, none of them looked at: the bits that any mantissa has are at least the largest mantissa, and when
 * those are within the limit all were. False: they are not, and what was written may be no level. SSE2 is part of
 * x86-64; it multiplies 32 bits by 32, as wide as a factor is. */
static inline __attribute__((always_inline)) bool llt_sbe_convert_all(
    llt_sbe_product product, const unsigned char *entry, size_t block, size_t entries, llt_sbe_scale price,
    llt_sbe_scale quantity, llt_binance_level *levels) {
    const __m128i factors = _mm_set_epi64x((long long)quantity.factor, (long long)price.factor);
    __m128i bits = _mm_setzero_si128();
    for (size_t at = 0; at < entries; at++, entry += block) {
        const __m128i mantissas = _mm_loadu_si128((const __m128i *)(const void *)entry);
        __m128i values = mantissas;
        if (product != LLT_SBE_AS_IT_IS) {
            values = _mm_mul_epu32(mantissas, factors);
        }
        if (product == LLT_SBE_WIDE) {
            const __m128i high = _mm_mul_epu32(_mm_srli_epi64(mantissas, 32), factors);
            values = _mm_add_epi64(values, _mm_slli_epi64(high, 32));
        }
        bits = _mm_or_si128(bits, mantissas);
        _mm_storeu_si128((__m128i *)(void *)&levels[at], values);
    }
    const uint64_t prices = (uint64_t)_mm_cvtsi128_si64(bits);
    const uint64_t quantities = (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(bits, bits));
    if (product == LLT_SBE_NARROW) {
        return (prices | quantities) <= UINT32_MAX;
    }
    return prices <= price.most && quantities <= quantity.most;
}
#endif

/* Mantissas that belong together are of one size: the first says how to multiply. */
static inline size_t llt_sbe_convert(const unsigned char *entry, size_t block, size_t entries, llt_sbe_scale price,
                                     llt_sbe_scale quantity, llt_binance_level *levels) {
#if defined(__x86_64__)
    bool all = entries == 0;
    if (!all && price.divisor == 1 && quantity.divisor == 1) {
        if (price.factor == 1 && quantity.factor == 1) {
            all = llt_sbe_convert_all(LLT_SBE_AS_IT_IS, entry, block, entries, price, quantity, levels);
        } else if ((llt_load_le64(entry) | llt_load_le64(entry + 8)) <= UINT32_MAX) {
            all = llt_sbe_convert_all(LLT_SBE_NARROW, entry, block, entries, price, quantity, levels);
        } else {
            all = llt_sbe_convert_all(LLT_SBE_WIDE, entry, block, entries, price, quantity, levels);
        }
    }
    if (all) {
        return entries;
    }
#endif
    return llt_sbe_convert_checked(entry, block, entries, price, quantity, levels);
}

static inline bool llt_sbe_levels(llt_sbe_cursor *cursor, llt_sbe_scale price, llt_sbe_scale quantity,
                                  llt_binance_level *levels, size_t room, size_t *count) {
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
    const size_t bad = llt_sbe_convert(cursor->text + cursor->at, block, entries, price, quantity, levels + *count);
    if (bad < entries) {
        cursor->at += block * bad;
        return llt_sbe_fail(cursor, LLT_SBE_VALUE);
    }
    cursor->at += block * entries;
    *count += entries;
    return true;
}

static inline bool llt_sbe_trades(llt_sbe_cursor *cursor, llt_sbe_scale price, llt_sbe_scale quantity,
                                  llt_sbe_trade *trades, size_t room, size_t *count) {
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
            !llt_sbe_fixed(at + 8, price, &trades[entry].price) ||
            !llt_sbe_fixed(at + 16, quantity, &trades[entry].quantity)) {
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
    /* By words; the last is loaded so that it ends with the symbol: the header and a root block lie before it. */
    const unsigned char *from = cursor->text + cursor->at + 1;
    for (size_t done = 0; done < length; done += 8) {
        const size_t left = length - done;
        uint64_t word, unused = 0;
        if (left >= 8) {
            word = llt_load_le64(from + done);
        } else {
            word = llt_load_le64(from + length - 8) >> (64 - 8 * left);
            unused = UINT64_MAX << (8 * left);
        }
        if (llt_binance_controls(word | unused) != 0) {
            return llt_sbe_fail(cursor, LLT_SBE_VALUE);
        }
        llt_store_le64((unsigned char *)event->symbol + done, word);
    }
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
    event->market = LLT_BINANCE_SPOT;
    event->event_us = (int64_t)llt_load_le64(root);
    const llt_sbe_scale *price = llt_sbe_scale_of(root[exponents]);
    const llt_sbe_scale *quantity = llt_sbe_scale_of(root[exponents + 1]);
    if (price == NULL || quantity == NULL) {
        return llt_sbe_fail(cursor, LLT_SBE_VALUE);
    }
    if (template_id == LLT_SBE_BEST) {
        const unsigned char *quote = root + exponents + 2;
        event->kind = LLT_BINANCE_TICKER;
        if (!llt_sbe_id(cursor, 16, &event->last_update_id)) {
            return false;
        }
        if (!llt_sbe_fixed(quote, *price, &event->bid_price) ||
            !llt_sbe_fixed(quote + 8, *quantity, &event->bid_quantity) ||
            !llt_sbe_fixed(quote + 16, *price, &event->ask_price) ||
            !llt_sbe_fixed(quote + 24, *quantity, &event->ask_quantity)) {
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
        return llt_sbe_trades(cursor, *price, *quantity, trades, room, count) && llt_sbe_symbol(cursor, event);
    }
    event->kind = template_id == LLT_SBE_DEPTH ? LLT_BINANCE_DEPTH : LLT_BINANCE_SNAPSHOT;
    if (!llt_sbe_id(cursor, exponents, &event->last_update_id) ||
        (template_id == LLT_SBE_DEPTH && !llt_sbe_id(cursor, 16, &event->first_update_id))) {
        return false;
    }
    cursor->at += block;
    if (!llt_sbe_levels(cursor, *price, *quantity, levels, room, count)) {
        return false;
    }
    event->bids = (uint32_t)*count;
    if (!llt_sbe_levels(cursor, *price, *quantity, levels, room, count)) {
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
    llt_binance_clear(event);
    *count = 0;
    llt_sbe_any(&cursor, event, levels, trades, room, count);
    *position = cursor.at;
    return cursor.status;
}

#endif

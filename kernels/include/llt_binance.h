/* Binance market data in JSON to fixed-point records: depth updates, trades, best quotes, depth snapshots.
 *
 * Schema-bound: the keys, their order and the absence of blanks are those the exchange sends (spot, USD-M and COIN-M
 * futures, alone or in the combined stream's wrapper); names are compared eight bytes at a time and only values are
 * looked at. Whatever is not exactly that is refused with the offset where it starts to differ. Nothing is skipped or
 * guessed. How memory is read: llt_binance_cursor.h.
 *
 *   {"e":"depthUpdate","E":n,"s":s,"U":n,"u":n,"b":[levels],"a":[levels]}                          spot
 *   {"e":"depthUpdate","E":n,"T":n,"s":s,"U":n,"u":n,"pu":n,"b":[levels],"a":[levels]}             futures
 *   {"e":"trade","E":n,"s":s,"t":n,"p":d,"q":d,"T":n,"m":b,"M":b}                                  spot
 *   {"e":"trade","E":n,"T":n,"s":s,"t":n,"p":d,"q":d,"X":s,"m":b}                                  futures
 *   {"u":n,"s":s,"b":d,"B":d,"a":d,"A":d}                                                          spot
 *   {"e":"bookTicker","u":n,"s":s,"b":d,"B":d,"a":d,"A":d,"T":n,"E":n}                             futures
 *   {"lastUpdateId":n,"bids":[levels],"asks":[levels]}, futures with "E":n,"T":n behind the id     snapshots
 *   COIN-M: "ps":s behind the symbol of depth and bookTicker, "symbol":s,"pair":s behind the id of a snapshot
 *   {"stream":s,"data": one of these }
 */
#ifndef LLT_BINANCE_H
#define LLT_BINANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_binance_cursor.h"
#include "llt_binance_levels.h"
#include "llt_binance_shape.h"
#include "llt_cpu.h"
#include "llt_decimal.h"

enum { LLT_BINANCE_DEPTH = 1, LLT_BINANCE_TRADE = 2, LLT_BINANCE_TICKER = 3, LLT_BINANCE_SNAPSHOT = 4 };
enum { LLT_BINANCE_SPOT = 1, LLT_BINANCE_FUTURES = 2 };

/* Prices and quantities x 10^8; what a kind does not have is 0. */
typedef struct {
    int64_t event_us;            /* E; milliseconds as sent are multiplied */
    int64_t transaction_us;      /* T */
    uint64_t first_update_id;    /* U */
    uint64_t last_update_id;     /* u, lastUpdateId */
    uint64_t previous_update_id; /* pu: futures */
    uint64_t trade_id;           /* t */
    int64_t price;               /* of a trade */
    int64_t quantity;
    int64_t bid_price; /* of a best quote */
    int64_t bid_quantity;
    int64_t ask_price;
    int64_t ask_quantity;
    uint64_t first_level; /* index of the first bid level; the asks follow the bids */
    uint32_t bids;
    uint32_t asks;
    uint8_t kind;
    uint8_t market;
    uint8_t buyer_is_maker;
    uint8_t at_market; /* 0: a futures "trade" that was none in the book (X is not MARKET: insurance fund, ADL) */
    uint8_t reserved[4];
    char symbol[24]; /* UTF-8, zeros behind it */
} llt_binance_event;

/* In halves: 144 bytes at once are cleared by a string instruction, whose start takes longer than a short message. */
static inline void llt_binance_clear(llt_binance_event *event) {
    memset(event, 0, sizeof *event / 2);
    memset((unsigned char *)event + sizeof *event / 2, 0, sizeof *event / 2);
}

#define LLT_BINANCE_SYMBOL_WORDS (sizeof(((llt_binance_event *)0)->symbol) / 8)

_Static_assert(sizeof(llt_binance_event) == 144, "no padding: the record is also a NumPy dtype");

/* The caller has read `"b":[`; this reads the levels and the closing ]. */
static inline __attribute__((always_inline)) bool llt_binance_side(llt_binance_cursor *cursor,
                                                                   llt_binance_level_reader *reader,
                                                                   llt_binance_shape *shape,
                                                                   llt_binance_level *levels, size_t room,
                                                                   size_t *count) {
    if (*cursor->at == ']') {
        cursor->at++;
        return true;
    }
    while (true) {
        llt_binance_status status =
            llt_binance_levels(reader, &cursor->at, cursor->stop, shape, levels, room, count);
        if (status == LLT_BINANCE_OK) {
            break;
        }
        if (status != LLT_BINANCE_PAUSED || cursor->copied || cursor->stop == cursor->end) {
            return LLT_BINANCE_FAIL(cursor, status == LLT_BINANCE_PAUSED ? LLT_BINANCE_TRUNCATED : status);
        }
        llt_binance_continue_in_copy(cursor);
    }
    if (cursor->at >= cursor->stop && !cursor->copied && cursor->stop != cursor->end) {
        llt_binance_continue_in_copy(cursor);
    }
    return true;
}

static inline __attribute__((always_inline)) bool llt_binance_sides(llt_binance_cursor *cursor,
                                                                    llt_binance_level_reader *reader,
                                                                    llt_binance_event *event,
                                                                    llt_binance_level *levels, size_t room,
                                                                    bool snapshot) {
    size_t count = 0;
    llt_binance_shape shape;
    shape.size = 0;
    if (!(snapshot ? LLT_BINANCE_TEXT(cursor, ",\"bids\":[") : LLT_BINANCE_TEXT(cursor, ",\"b\":[")) ||
        !llt_binance_side(cursor, reader, &shape, levels, room, &count)) {
        return false;
    }
    event->bids = (uint32_t)count;
    if (!(snapshot ? LLT_BINANCE_TEXT(cursor, ",\"asks\":[") : LLT_BINANCE_TEXT(cursor, ",\"a\":[")) ||
        !llt_binance_side(cursor, reader, &shape, levels, room, &count)) {
        return false;
    }
    event->asks = (uint32_t)count - event->bids;
    return true;
}

static inline bool llt_binance_symbol(llt_binance_cursor *cursor, llt_binance_event *event) {
    return llt_binance_string(cursor, event->symbol, LLT_BINANCE_SYMBOL_WORDS);
}

/* The pair that COIN-M names behind the symbol, up to its quote as the symbol is. */
static inline bool llt_binance_pair(llt_binance_cursor *cursor, uint8_t market) {
    return market == LLT_BINANCE_SPOT || !LLT_BINANCE_IS(cursor, "\",\"ps\":\"") ||
           llt_binance_string(cursor, NULL, LLT_BINANCE_SYMBOL_WORDS);
}

static inline __attribute__((always_inline)) bool llt_binance_depth(llt_binance_cursor *cursor,
                                                                    llt_binance_level_reader *reader,
                                                                    llt_binance_event *event,
                                                                    llt_binance_level *levels, size_t room) {
    event->kind = LLT_BINANCE_DEPTH;
    event->market = LLT_BINANCE_SPOT;
    if (!llt_binance_time(cursor, &event->event_us)) {
        return false;
    }
    if (LLT_BINANCE_IS(cursor, ",\"T\":")) {
        event->market = LLT_BINANCE_FUTURES;
        if (!llt_binance_time(cursor, &event->transaction_us)) {
            return false;
        }
    }
    return LLT_BINANCE_TEXT(cursor, ",\"s\":\"") && llt_binance_symbol(cursor, event) &&
           llt_binance_pair(cursor, event->market) && LLT_BINANCE_TEXT(cursor, "\",\"U\":") &&
           llt_binance_number(cursor, &event->first_update_id) &&
           LLT_BINANCE_TEXT(cursor, ",\"u\":") && llt_binance_number(cursor, &event->last_update_id) &&
           (event->market == LLT_BINANCE_SPOT ||
            (LLT_BINANCE_TEXT(cursor, ",\"pu\":") && llt_binance_number(cursor, &event->previous_update_id))) &&
           llt_binance_sides(cursor, reader, event, levels, room, false);
}

static inline bool llt_binance_trade(llt_binance_cursor *cursor, llt_binance_event *event) {
    uint8_t best_match;
    event->kind = LLT_BINANCE_TRADE;
    event->market = LLT_BINANCE_SPOT;
    event->at_market = 1;
    if (!llt_binance_time(cursor, &event->event_us)) {
        return false;
    }
    if (LLT_BINANCE_IS(cursor, ",\"T\":")) {
        event->market = LLT_BINANCE_FUTURES;
        if (!llt_binance_time(cursor, &event->transaction_us)) {
            return false;
        }
    }
    if (!(LLT_BINANCE_TEXT(cursor, ",\"s\":\"") && llt_binance_symbol(cursor, event) &&
          LLT_BINANCE_TEXT(cursor, "\",\"t\":") && llt_binance_number(cursor, &event->trade_id) &&
          LLT_BINANCE_TEXT(cursor, ",\"p\":\"") && llt_binance_decimal(cursor, &event->price) &&
          LLT_BINANCE_TEXT(cursor, "\",\"q\":\"") && llt_binance_decimal(cursor, &event->quantity))) {
        return false;
    }
    if (event->market == LLT_BINANCE_FUTURES) {
        if (!LLT_BINANCE_TEXT(cursor, "\",\"X\":\"")) {
            return false;
        }
        event->at_market = llt_same(cursor->at, "MARKET\"", 7);
        return llt_binance_string(cursor, NULL, 4) && LLT_BINANCE_TEXT(cursor, "\",\"m\":") &&
               llt_binance_bool(cursor, &event->buyer_is_maker);
    }
    return LLT_BINANCE_TEXT(cursor, "\",\"T\":") && llt_binance_time(cursor, &event->transaction_us) &&
           LLT_BINANCE_TEXT(cursor, ",\"m\":") && llt_binance_bool(cursor, &event->buyer_is_maker) &&
           LLT_BINANCE_TEXT(cursor, ",\"M\":") && llt_binance_bool(cursor, &best_match);
}

static inline bool llt_binance_ticker(llt_binance_cursor *cursor, llt_binance_event *event, uint8_t market) {
    event->kind = LLT_BINANCE_TICKER;
    event->market = market;
    if (!(llt_binance_number(cursor, &event->last_update_id) && LLT_BINANCE_TEXT(cursor, ",\"s\":\"") &&
          llt_binance_symbol(cursor, event) && llt_binance_pair(cursor, market) &&
          LLT_BINANCE_TEXT(cursor, "\",\"b\":\"") &&
          llt_binance_decimal(cursor, &event->bid_price) && LLT_BINANCE_TEXT(cursor, "\",\"B\":\"") &&
          llt_binance_decimal(cursor, &event->bid_quantity) && LLT_BINANCE_TEXT(cursor, "\",\"a\":\"") &&
          llt_binance_decimal(cursor, &event->ask_price) && LLT_BINANCE_TEXT(cursor, "\",\"A\":\"") &&
          llt_binance_decimal(cursor, &event->ask_quantity) && LLT_BINANCE_TEXT(cursor, "\""))) {
        return false;
    }
    return market == LLT_BINANCE_SPOT ||
           (LLT_BINANCE_TEXT(cursor, ",\"T\":") && llt_binance_time(cursor, &event->transaction_us) &&
            LLT_BINANCE_TEXT(cursor, ",\"E\":") && llt_binance_time(cursor, &event->event_us));
}

static inline __attribute__((always_inline)) bool llt_binance_snapshot(llt_binance_cursor *cursor,
                                                                       llt_binance_level_reader *reader,
                                                                       llt_binance_event *event,
                                                                       llt_binance_level *levels, size_t room) {
    event->kind = LLT_BINANCE_SNAPSHOT;
    event->market = LLT_BINANCE_SPOT;
    if (!llt_binance_number(cursor, &event->last_update_id)) {
        return false;
    }
    const bool named = LLT_BINANCE_IS(cursor, ",\"symbol\":\"");
    if (named && !(llt_binance_symbol(cursor, event) && LLT_BINANCE_TEXT(cursor, "\",\"pair\":\"") &&
                   llt_binance_string(cursor, NULL, LLT_BINANCE_SYMBOL_WORDS) && LLT_BINANCE_TEXT(cursor, "\""))) {
        return false;
    }
    if (named ? LLT_BINANCE_TEXT(cursor, ",\"E\":") : LLT_BINANCE_IS(cursor, ",\"E\":")) {
        event->market = LLT_BINANCE_FUTURES;
        if (!llt_binance_time(cursor, &event->event_us) || !LLT_BINANCE_TEXT(cursor, ",\"T\":") ||
            !llt_binance_time(cursor, &event->transaction_us)) {
            return false;
        }
    } else if (named) {
        return false;
    }
    return llt_binance_sides(cursor, reader, event, levels, room, true);
}

static inline __attribute__((always_inline)) bool llt_binance_any(llt_binance_cursor *cursor,
                                                                  llt_binance_level_reader *reader,
                                                                  llt_binance_event *event,
                                                                  llt_binance_level *levels, size_t room) {
    bool wrapped = LLT_BINANCE_IS(cursor, "{\"stream\":\"");
    if (wrapped && !(llt_binance_string(cursor, NULL, 8) && LLT_BINANCE_TEXT(cursor, "\",\"data\":"))) {
        return false;
    }
    bool read;
    if (LLT_BINANCE_IS(cursor, "{\"e\":\"depthUpdate\",\"E\":")) {
        read = llt_binance_depth(cursor, reader, event, levels, room);
    } else if (LLT_BINANCE_IS(cursor, "{\"u\":")) {
        read = llt_binance_ticker(cursor, event, LLT_BINANCE_SPOT);
    } else if (LLT_BINANCE_IS(cursor, "{\"e\":\"trade\",\"E\":")) {
        read = llt_binance_trade(cursor, event);
    } else if (LLT_BINANCE_IS(cursor, "{\"e\":\"bookTicker\",\"u\":")) {
        read = llt_binance_ticker(cursor, event, LLT_BINANCE_FUTURES);
    } else if (LLT_BINANCE_IS(cursor, "{\"lastUpdateId\":")) {
        read = llt_binance_snapshot(cursor, reader, event, levels, room);
    } else {
        return LLT_BINANCE_FAIL(cursor, LLT_BINANCE_UNEXPECTED);
    }
    return read && LLT_BINANCE_TEXT(cursor, "}") && (!wrapped || LLT_BINANCE_TEXT(cursor, "}"));
}

/* `size` bytes of one message at `text`, of which `readable` (>= size) may be loaded. On failure `*position` is the
 * offset where the message stops being one; `levels` and `event` then hold what was read before it. */
static inline __attribute__((always_inline)) llt_binance_status llt_binance_parse_with(
    llt_binance_level_reader *reader, const unsigned char *text, size_t size, size_t readable,
    llt_binance_event *event, llt_binance_level *levels, size_t room, size_t *position) {
    llt_binance_cursor cursor;
    cursor.at = cursor.base = text;
    cursor.end = cursor.stop = text + size;
    cursor.shift = 0;
    cursor.copied = false;
    cursor.status = LLT_BINANCE_OK;
    llt_binance_clear(event);
    if (readable - size < LLT_BINANCE_PADDING) {
        if (size <= LLT_BINANCE_HEAD + LLT_BINANCE_PADDING) {
            llt_binance_continue_in_copy(&cursor);
        } else {
            cursor.stop -= LLT_BINANCE_PADDING;
        }
    }
    bool read = llt_binance_any(&cursor, reader, event, levels, room);
    /* A message that is cut off goes on in whatever lies behind it: the end decides. */
    if (cursor.at > cursor.end || (!read && cursor.at == cursor.end)) {
        cursor.status = LLT_BINANCE_TRUNCATED;
        cursor.at = cursor.end;
    } else if (read && cursor.at != cursor.end) {
        cursor.status = LLT_BINANCE_UNEXPECTED;
    }
    *position = (size_t)(cursor.at - cursor.base) + cursor.shift;
    return cursor.status;
}

typedef llt_binance_status llt_binance_parser(const unsigned char *text, size_t size, size_t readable,
                                              llt_binance_event *event, llt_binance_level *levels, size_t room,
                                              size_t *position);

static llt_binance_status llt_binance_parse_scalar(const unsigned char *text, size_t size, size_t readable,
                                                   llt_binance_event *event, llt_binance_level *levels, size_t room,
                                                   size_t *position) {
    return llt_binance_parse_with(llt_binance_level_scalar, text, size, readable, event, levels, room, position);
}

#if defined(__x86_64__)
LLT_TARGET_AVX2 static llt_binance_status llt_binance_parse_avx2(const unsigned char *text, size_t size,
                                                                 size_t readable, llt_binance_event *event,
                                                                 llt_binance_level *levels, size_t room,
                                                                 size_t *position) {
    return llt_binance_parse_with(llt_binance_level_avx2, text, size, readable, event, levels, room, position);
}
#endif

/* What runs on a CPU of that path: there is nothing for registers of 512 bits. */
static inline llt_cpu_path llt_binance_path(llt_cpu_path path) {
    return path == LLT_CPU_SCALAR ? LLT_CPU_SCALAR : LLT_CPU_AVX2;
}

/* The parser for a path that this CPU has (llt_cpu_best()). */
static inline llt_binance_parser *llt_binance_parser_of(llt_cpu_path path) {
#if defined(__x86_64__)
    if (llt_binance_path(path) == LLT_CPU_AVX2) {
        return llt_binance_parse_avx2;
    }
#endif
    (void)path;
    return llt_binance_parse_scalar;
}

#endif

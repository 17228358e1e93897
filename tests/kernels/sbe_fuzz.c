/* Mutants of one message of each template are refused or read without a byte beyond their end, each number exactly. */
#include "fuzz.h"
#include "llt_sbe.h"

static size_t put(unsigned char *out, size_t at, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        out[at + i] = (unsigned char)(value >> (8 * i));
    }
    return at + bytes;
}

static size_t seed(unsigned template_id, unsigned char *out) {
    size_t at = 0;
    bool depth = template_id == LLT_SBE_DEPTH, best = template_id == LLT_SBE_BEST;
    at = put(out, at, depth ? 26 : best ? 50 : 18, 2);
    at = put(out, at, template_id, 2);
    at = put(out, at, LLT_SBE_SCHEMA, 2);
    at = put(out, at, 0, 2);
    for (int word = 0; word < (depth ? 3 : 2); word++) {
        at = put(out, at, 1723161255308000, 8);
    }
    at = put(out, at, (uint8_t)-8, 1);
    at = put(out, at, (uint8_t)-5, 1);
    if (best) {
        for (int word = 0; word < 4; word++) {
            at = put(out, at, 6183763000000 + (uint64_t)word, 8);
        }
    } else if (template_id == LLT_SBE_TRADES) {
        at = put(out, at, 25, 2);
        at = put(out, at, 2, 4);
        for (int trade = 0; trade < 2; trade++) {
            at = put(out, at, 7, 8);
            at = put(out, at, 61837, 8);
            at = put(out, at, 5, 8);
            at = put(out, at, 1, 1);
        }
    } else {
        for (int side = 0; side < 2; side++) {
            at = put(out, at, 16, 2);
            at = put(out, at, 3, 2);
            for (int word = 0; word < 6; word++) {
                at = put(out, at, 6183763000000, 8);
            }
        }
    }
    at = put(out, at, 7, 1);
    memcpy(out + at, "BTCUSDT", 7);
    return at + 7;
}

static __int128 scaled(int64_t mantissa, int8_t exponent) {
    __int128 value = mantissa;
    for (int place = exponent; place > -8; place--) {
        value *= 10;
    }
    for (int place = exponent; place < -8; place++) {
        value = value % 10 == 0 ? value / 10 : -1;
    }
    return value;
}

/* Numbers of an accepted message, computed from its bytes by the schema's offsets, step by step. */
static int same_numbers(const unsigned char *text, const llt_binance_event *event, const llt_binance_level *levels,
                        const llt_sbe_trade *trades, size_t count) {
    const unsigned char *root = text + 8;
    const unsigned template_id = llt_load_le16(text + 2);
    const unsigned char *exponents = root + (template_id == LLT_SBE_DEPTH ? 24 : 16);
    const int8_t price = (int8_t)exponents[0], quantity = (int8_t)exponents[1];
    const unsigned char *at = root + llt_load_le16(text);
    if (template_id == LLT_SBE_BEST) {
        const int64_t read[4] = {event->bid_price, event->bid_quantity, event->ask_price, event->ask_quantity};
        for (int i = 0; i < 4; i++) {
            const int64_t mantissa = (int64_t)llt_load_le64(exponents + 2 + 8 * i);
            FUZZ_CHECK(read[i] == scaled(mantissa, i % 2 ? quantity : price));
        }
        return 0;
    }
    if (template_id == LLT_SBE_TRADES) {
        const size_t block = llt_load_le16(at);
        FUZZ_CHECK(count == llt_load_le32(at + 2));
        for (size_t i = 0; i < count; i++) {
            const unsigned char *trade = at + 6 + i * block;
            FUZZ_CHECK(trades[i].price == scaled((int64_t)llt_load_le64(trade + 8), price));
            FUZZ_CHECK(trades[i].quantity == scaled((int64_t)llt_load_le64(trade + 16), quantity));
            FUZZ_CHECK(trades[i].trade_id == llt_load_le64(trade) && trades[i].buyer_is_maker == trade[24]);
        }
        return 0;
    }
    for (size_t side = 0, i = 0; side < 2; side++) {
        const size_t block = llt_load_le16(at), entries = llt_load_le16(at + 2);
        FUZZ_CHECK(entries == (side ? event->asks : event->bids));
        for (at += 4; i < entries + (side ? event->bids : 0); i++, at += block) {
            FUZZ_CHECK(levels[i].price == scaled((int64_t)llt_load_le64(at), price) && levels[i].price >= 0);
            FUZZ_CHECK(levels[i].quantity == scaled((int64_t)llt_load_le64(at + 8), quantity));
        }
    }
    return 0;
}

static int check(const unsigned char *mutant, size_t size, uint64_t *accepted) {
    enum { LEVELS = FUZZ_ROOM / 16 };
    static llt_binance_level levels[LEVELS];
    static llt_sbe_trade trades[LEVELS];
    unsigned char *exact = (unsigned char *)malloc(size ? size : 1);
    if (exact == NULL) {
        return 1;
    }
    memcpy(exact, mutant, size);
    llt_binance_event event;
    size_t count, position;
    const llt_sbe_status status = llt_sbe_parse(exact, size, &event, levels, trades, LEVELS, &count, &position);
    FUZZ_CHECK(position <= size && count <= LEVELS);
    if (status == LLT_SBE_OK) {
        ++*accepted;
        FUZZ_CHECK(position == size && event.symbol[0] != 0);
        if (same_numbers(exact, &event, levels, trades, count)) {
            return 1;
        }
    }
    free(exact);
    return 0;
}

static size_t candidate(unsigned char *out) {
    unsigned char message[FUZZ_ROOM];
    const size_t size = seed(LLT_SBE_TRADES + (unsigned)fuzz_random(4), message);
    return fuzz_mutate(message, size, "\001\002\003\020\031\377", out);
}

#include "fuzz_main.h"

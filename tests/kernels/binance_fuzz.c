/* Every path refuses or reads each mutant alike, in place and from a copy of its end, and misreads no number. */
#include "fuzz.h"
#include "llt_binance.h"

static const char *const seeds[] = {
    "{\"e\":\"depthUpdate\",\"E\":1723161255308,\"s\":\"BTCUSDT\",\"U\":50093239203,\"u\":50093239207,\"b\":[["
    "\"55653.87000000\",\"0.00000000\"]],\"a\":[[\"61838.04000000\",\"0.32332000\"],[\"61844.30000000\","
    "\"0.40163000\"],[\"61862.50000000\",\"0.05019000\"],[\"61862.51000000\",\"0.00000000\"],[\"1.5\",\"7\"],"
    "[\"92233720368.54775807\",\"12345678901.1\"],[\"61862.50000000\",\"0.05019000\"],[\"61862.51000000\","
    "\"0.00000000\"],[\"61862.50000000\",\"0.05019000\"],[\"61862.51000000\",\"0.00000000\"],"
    "[\"61862.50000000\",\"0.05019000\"],[\"61862.51000000\",\"0.00000000\"]]}",
    "{\"stream\":\"btcusdt@depth@0ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1723161256299,\"T\":1723161256298,"
    "\"s\":\"BTCUSDT\",\"U\":5123107832006,\"u\":5123107837557,\"pu\":5123107831937,\"b\":[[\"58710.20\",\"0.014\"],"
    "[\"61496.50\",\"0.010\"]],\"a\":[]}}",
    "{\"e\":\"trade\",\"E\":1723161255343,\"s\":\"BTCUSDT\",\"t\":3735683259,\"p\":\"61837.63000000\",\"q\":"
    "\"0.02000000\",\"T\":1723161255342,\"m\":true,\"M\":true}",
    "{\"e\":\"trade\",\"E\":1723161256322,\"T\":1723161256322,\"s\":\"BTCUSDT\",\"t\":5266583935,\"p\":"
    "\"61800.30\",\"q\":\"0.006\",\"X\":\"MARKET\",\"m\":false}",
    "{\"u\":50093239212,\"s\":\"BTCUSDT\",\"b\":\"61837.63000000\",\"B\":\"3.78826000\",\"a\":\"61837.64000000\","
    "\"A\":\"1.54698000\"}",
    "{\"e\":\"bookTicker\",\"u\":5123107839020,\"s\":\"BTCUSDT\",\"b\":\"61800.20\",\"B\":\"2.507\",\"a\":"
    "\"61800.30\",\"A\":\"2.510\",\"T\":1723161256313,\"E\":1723161256313}",
    "{\"lastUpdateId\":5123107852948,\"E\":1723161256501,\"T\":1723161256493,\"bids\":[[\"61800.20\",\"2.909\"]],"
    "\"asks\":[[\"61800.30\",\"0.1\"]]}",
};

enum { LEVELS = FUZZ_ROOM / 10 };

typedef struct {
    llt_binance_status status;
    size_t position;
    llt_binance_event event;
    llt_binance_level levels[LEVELS];
} outcome;

static void parse(llt_cpu_path path, const unsigned char *text, size_t size, size_t readable, outcome *result) {
    memset(result, 0, sizeof *result);
    result->status = llt_binance_parser_of(path)(text, size, readable, &result->event, result->levels, LEVELS,
                                                 &result->position);
}

/* The numbers of a message in the order of its text, read without any of the parser's code. */
static size_t numbers(const unsigned char *text, size_t size, __int128 *found) {
    size_t count = 0, key = 0, key_size = 0;
    for (size_t at = 0; at < size; at++) {
        if (text[at] != '"' && (text[at] < '0' || text[at] > '9')) {
            continue;
        }
        const int quoted = text[at] == '"';
        const size_t from = at + (size_t)quoted;
        for (at = from; quoted ? text[at] != '"' : text[at] >= '0' && text[at] <= '9'; at++) {
        }
        const size_t length = at - from;
        if (quoted && text[at + 1] == ':') {
            key = from;
            key_size = length;
        } else if ((key_size == 1 && strchr("esX", text[key]) != NULL) || (key_size == 6 && text[key + 1] == 't')) {
            at -= !quoted; /* names: event, symbol, kind of trade, stream */
        } else {
            found[count++] = quoted ? fuzz_decimal(text + from, length) : fuzz_decimal(text + from, length) / 100000000;
            at -= !quoted;
        }
    }
    return count;
}

static size_t stated(const outcome *result, __int128 *found) {
    const llt_binance_event *event = &result->event;
    const bool futures = event->market == LLT_BINANCE_FUTURES;
    size_t count = 0;
    switch (event->kind) {
    case LLT_BINANCE_DEPTH:
        found[count++] = event->event_us;
        if (futures) {
            found[count++] = event->transaction_us;
        }
        found[count++] = event->first_update_id;
        found[count++] = event->last_update_id;
        if (futures) {
            found[count++] = event->previous_update_id;
        }
        break;
    case LLT_BINANCE_TRADE:
        found[count++] = event->event_us;
        if (futures) {
            found[count++] = event->transaction_us;
        }
        found[count++] = event->trade_id;
        found[count++] = event->price;
        found[count++] = event->quantity;
        if (!futures) {
            found[count++] = event->transaction_us;
        }
        break;
    case LLT_BINANCE_TICKER:
        found[count++] = event->last_update_id;
        found[count++] = event->bid_price;
        found[count++] = event->bid_quantity;
        found[count++] = event->ask_price;
        found[count++] = event->ask_quantity;
        if (futures) {
            found[count++] = event->transaction_us;
            found[count++] = event->event_us;
        }
        break;
    default:
        found[count++] = event->last_update_id;
        if (futures) {
            found[count++] = event->event_us;
            found[count++] = event->transaction_us;
        }
    }
    for (size_t level = 0; level < event->bids + event->asks; level++) {
        found[count++] = result->levels[level].price;
        found[count++] = result->levels[level].quantity;
    }
    return count;
}

/* Times are sent in milliseconds or microseconds. */
static int same_numbers(const outcome *result, const unsigned char *text, size_t size) {
    static __int128 read[FUZZ_ROOM], wanted[FUZZ_ROOM];
    const size_t count = stated(result, read);
    FUZZ_CHECK(numbers(text, size, wanted) == count);
    for (size_t at = 0; at < count; at++) {
        FUZZ_CHECK(read[at] == wanted[at] || read[at] == wanted[at] * 1000);
        FUZZ_CHECK(read[at] == wanted[at] || read[at] == result->event.event_us ||
                   read[at] == result->event.transaction_us);
    }
    return 0;
}

static int check(const unsigned char *mutant, size_t size, uint64_t *accepted) {
    static outcome scalar, other;
    unsigned char *exact = (unsigned char *)malloc(size ? size : 1);
    unsigned char *padded = (unsigned char *)malloc(size + LLT_BINANCE_PADDING);
    if (exact == NULL || padded == NULL) {
        return 1;
    }
    memcpy(exact, mutant, size);
    /* What lies behind must not matter: here it is more of the same. */
    for (size_t i = 0; i < size + LLT_BINANCE_PADDING; i++) {
        padded[i] = size ? mutant[i % size] : 0;
    }
    parse(LLT_CPU_SCALAR, exact, size, size, &scalar);
    *accepted += scalar.status == LLT_BINANCE_OK;
    FUZZ_CHECK(scalar.position <= size);
    if (scalar.status == LLT_BINANCE_OK && same_numbers(&scalar, exact, size)) {
        return 1;
    }
    for (int path = LLT_CPU_SCALAR; path <= (int)llt_cpu_best(); path++) {
        for (int in_place = 0; in_place < 2; in_place++) {
            parse((llt_cpu_path)path, in_place ? padded : exact, size, in_place ? size + LLT_BINANCE_PADDING : size,
                  &other);
            FUZZ_CHECK(other.status == scalar.status);
            FUZZ_CHECK(other.position == scalar.position);
            if (scalar.status == LLT_BINANCE_OK) {
                size_t levels = scalar.event.bids + scalar.event.asks;
                FUZZ_CHECK(memcmp(&other.event, &scalar.event, sizeof scalar.event) == 0);
                FUZZ_CHECK(memcmp(other.levels, scalar.levels, levels * sizeof *scalar.levels) == 0);
            }
        }
    }
    free(exact);
    free(padded);
    return 0;
}

static size_t candidate(unsigned char *out) {
    const char *seed = seeds[fuzz_random(sizeof seeds / sizeof *seeds)];
    return fuzz_mutate((const unsigned char *)seed, strlen(seed), "0123456789.,:/\"[]{}-eE\\ ", out);
}

#include "fuzz_main.h"

// Parsers and builders of Debian packages behind one C interface, for codec_peers.py. Each does what ours does with the
// same messages: json_* converts all prices and quantities to fixed point, build_* writes the whole order.
#include <rapidjson/document.h>
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace {

struct Level {
    int64_t price, quantity;
};

Level levels[65536];

inline void keep(const void *value) { __asm__ volatile("" : : "r"(value) : "memory"); }

// Scalar and without a check, which is kind to the peers.
int64_t fixed(const char *text, size_t size) {
    int64_t whole = 0, part = 0;
    size_t at = 0;
    for (; at < size && text[at] != '.'; at++) whole = whole * 10 + (text[at] - '0');
    int places = 8;
    for (at++; at < size && places > 0; at++, places--) part = part * 10 + (text[at] - '0');
    for (; places > 0; places--) part *= 10;
    return whole * 100000000 + part;
}

bool simdjson_depth(const char *text, size_t size) {
    static simdjson::ondemand::parser parser;
    auto document = parser.iterate(text, size, size + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::object event = document.get_object();
    std::string_view name = event["e"].get_string();
    uint64_t time = event["E"].get_uint64();
    std::string_view symbol = event["s"].get_string();
    uint64_t first = event["U"].get_uint64(), last = event["u"].get_uint64();
    size_t count = 0;
    for (const char *side : {"b", "a"}) {
        for (auto level : event[side].get_array()) {
            int64_t *into = &levels[count++].price;
            for (auto number : level.get_array()) {
                std::string_view digits = number.get_string();
                *into++ = fixed(digits.data(), digits.size());
            }
        }
    }
    keep(&levels[count]);
    return name.size() == 11 && time && symbol.size() && first && last;
}

bool rapidjson_depth(const char *text, size_t size) {
    rapidjson::Document event;
    event.Parse(text, size);
    if (event.HasParseError()) return false;
    size_t count = 0;
    for (const char *side : {"b", "a"}) {
        for (const auto &level : event[side].GetArray()) {
            levels[count].price = fixed(level[0].GetString(), level[0].GetStringLength());
            levels[count++].quantity = fixed(level[1].GetString(), level[1].GetStringLength());
        }
    }
    keep(&levels[count]);
    return event["E"].GetUint64() && event["U"].GetUint64() && event["u"].GetUint64();
}

// As written by codec_peers.py.
struct Order {
    char stamp[24];
    char id[16];
    int64_t number;
    char side;
    int64_t quantity, price;
};

size_t decimal(char *out, int64_t value, int places) {
    int64_t scale = 1;
    for (int at = 0; at < places; at++) scale *= 10;
    const long part = value % 100000000 / (100000000 / scale);
    return std::snprintf(out, 32, "%ld.%0*ld", long(value / 100000000), places, part);
}

size_t snprintf_build(const Order &order, char *out) {
    char body[512], quantity[32], price[32];
    decimal(quantity, order.quantity, 5);
    decimal(price, order.price, 2);
    const int size = std::snprintf(
        body, sizeof body,
        "35=D\00149=CLIENT12\00156=EXCHANGE\00134=%ld\00152=%s\00111=%s\0011=ACCOUNT7\00155=BTCUSDT\00154=%c\00160=%s\001"
        "38=%s\00140=2\00144=%s\00159=1\001",
        long(order.number), order.stamp, order.id, order.side, order.stamp, quantity, price);
    int total = std::snprintf(out, 1024, "8=FIX.4.4\0019=%d\001%s", size, body);
    unsigned sum = 0;
    for (int at = 0; at < total; at++) sum += static_cast<unsigned char>(out[at]);
    return total + std::snprintf(out + total, 16, "10=%03u\001", sum & 255);
}

} // namespace

#define READER(NAME, FUNCTION)                                                                                         \
    extern "C" int NAME(const char *texts, const size_t *offsets, const size_t *sizes, size_t count) {                 \
        for (size_t at = 0; at < count; at++)                                                                          \
            if (!FUNCTION(texts + offsets[at], sizes[at])) return 1;                                                   \
        return 0;                                                                                                      \
    }

READER(json_simdjson, simdjson_depth)
READER(json_rapidjson, rapidjson_depth)

extern "C" int build_snprintf(const Order *orders, size_t count) {
    char out[1536];
    for (size_t at = 0; at < count; at++) {
        if (snprintf_build(orders[at], out) == 0) return 1;
        keep(out);
    }
    return 0;
}

extern "C" const char *peers() { return "json_simdjson json_rapidjson build_snprintf"; }

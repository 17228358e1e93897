/* sbe_fuzz ROUNDS: mutants of one message of each template are refused or read without a byte beyond their end. */
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

int main(int argc, char **argv) {
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t accepted = 0;
    enum { LEVELS = FUZZ_ROOM / 16 };
    static llt_binance_level levels[LEVELS];
    static llt_sbe_trade trades[LEVELS];
    unsigned char message[FUZZ_ROOM], mutant[FUZZ_ROOM];
    for (uint64_t round = 0; round < rounds; round++) {
        size_t size = seed(LLT_SBE_TRADES + (unsigned)fuzz_random(4), message);
        size = fuzz_mutate(message, size, "\001\002\003\020\031\377", mutant);
        unsigned char *exact = (unsigned char *)malloc(size ? size : 1);
        if (exact == NULL) {
            return 1;
        }
        memcpy(exact, mutant, size);
        llt_binance_event event;
        size_t count, position;
        llt_sbe_status status = llt_sbe_parse(exact, size, &event, levels, trades, LEVELS, &count, &position);
        FUZZ_CHECK(position <= size && count <= LEVELS);
        if (status == LLT_SBE_OK) {
            accepted++;
            FUZZ_CHECK(position == size && event.symbol[0] != 0);
            for (size_t i = 0; i < event.bids + event.asks; i++) {
                FUZZ_CHECK(levels[i].price >= 0 && levels[i].quantity >= 0);
            }
        }
        free(exact);
    }
    printf("%llu of %llu accepted\n", (unsigned long long)accepted, (unsigned long long)rounds);
    return accepted == 0 || accepted == rounds;
}

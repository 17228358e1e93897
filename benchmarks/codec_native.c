/* Our own parsers with the compiler's -march=native instead of their dispatch, for codec_peers.py. */
#include "llt_binance.h"
#include "llt_fix.h"

enum { ROOM = 65536 };

int json_native(const unsigned char *texts, const size_t *offsets, const size_t *sizes, size_t count);
int fix_native(const unsigned char *texts, const size_t *offsets, const size_t *sizes, size_t count);
const char *peers(void);

int json_native(const unsigned char *texts, const size_t *offsets, const size_t *sizes, size_t count) {
    static llt_binance_level levels[ROOM];
    llt_binance_parser *parse = llt_binance_parser_of(llt_cpu_best());
    llt_binance_event event;
    size_t position;
    for (size_t at = 0; at < count; at++) {
        if (parse(texts + offsets[at], sizes[at], sizes[at] + LLT_BINANCE_PADDING, &event, levels, ROOM, &position)) {
            return 1;
        }
    }
    return 0;
}

int fix_native(const unsigned char *texts, const size_t *offsets, const size_t *sizes, size_t count) {
    static uint32_t tags[ROOM], begins[ROOM], ends[ROOM];
    static llt_fix_guess guesses[ROOM];
    static llt_fix_fields fields;
    if (fields.room == 0) {
        fields = (llt_fix_fields){tags, begins, ends, guesses, ROOM, 0};
        llt_fix_fields_start(&fields);
    }
    llt_fix_parser *parse = llt_fix_parser_of(llt_cpu_best());
    size_t total, position;
    int64_t value;
    for (size_t at = 0; at < count; at++) {
        const unsigned char *text = texts + offsets[at];
        if (parse(text, sizes[at], &fields, &total, &position) != LLT_FIX_OK) {
            return 1;
        }
        for (size_t field = 0; field < fields.count; field++) {
            if ((tags[field] == 38 || tags[field] == 44) && !llt_fix_decimal(text, &fields, field, &value)) {
                return 1;
            }
        }
    }
    return 0;
}

const char *peers(void) { return "json_native fix_native"; }

/* What the pipeline measures of each tick, in ticks of the cycle counter: one histogram a span.
 *
 *   kernel    read   begun   parsed  (ring)  book   decided  checked  (ring)  serialised  sent
 *   received                         taken                            taken               transmitted by the kernel
 *      └─────────┴───────┴───────┴───────┴──────┴───────┴────────┴───────┴────────┴─────────┘
 *      receive    wait    parse   hop in  book   strategy risk    hop out serialise  send
 *
 * Stamps are plain counter reads: a fence on each would cost more than most stages, and what the processor moves across
 * one is nanoseconds. All ticks count to the book; only those that cause an order count beyond the risk check.
 * What a tick waited for behind others of the same read is part of every sum: they all begin at that read.
 */
#ifndef LLT_PIPELINE_SPANS_H
#define LLT_PIPELINE_SPANS_H

#include <stdint.h>

#include "llt_histogram.h"

typedef enum {
    LLT_SPAN_RECEIVE,   /* the kernel's receive stamp to the return of the read */
    LLT_SPAN_WAIT,      /* behind others of the same read */
    LLT_SPAN_PARSE,
    LLT_SPAN_HOP_IN,    /* through the ring, where the stages have cores of their own */
    LLT_SPAN_BOOK,
    LLT_SPAN_STRATEGY,
    LLT_SPAN_RISK,
    LLT_SPAN_HOP_OUT,
    LLT_SPAN_SERIALISE,
    LLT_SPAN_SEND,      /* the call of send to its return */
    LLT_SPAN_TRANSMIT,  /* the call of send to the kernel's transmit stamp */
    LLT_SPAN_TO_UPDATE, /* read to book */
    LLT_SPAN_TO_TRADE,  /* read to the call of send */
    LLT_SPAN_WIRE,      /* the kernel's receive stamp to its transmit stamp */
    LLT_SPAN_UPDATE_RESPONSE, /* when the tick was meant to leave its sender to the book */
    LLT_SPAN_TRADE_RESPONSE,  /* and to the call of send */
    LLT_SPANS
} llt_span;

/* One cache line with its number in the ring. */
typedef struct {
    uint64_t received; /* 0: the kernel gave no stamp */
    uint64_t read;
    uint64_t begun;
    uint64_t parsed;
    int64_t price;
    uint64_t quantity;
    uint32_t symbol_id;
    uint32_t type;
} llt_tick;

/* An order on its way to be sent, likewise. */
typedef struct {
    uint64_t received;
    uint64_t read;
    uint64_t checked;
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint32_t symbol_id;
    uint32_t side : 1;
    uint32_t number : 31; /* of the tick; the largest stands for all beyond */
} llt_pipeline_order;

_Static_assert(sizeof(llt_tick) + 8 == 64 && sizeof(llt_pipeline_order) + 8 == 64, "one line in a ring");

#define LLT_LAST_NUMBER ((uint32_t)0x7fffffff)

typedef struct {
    llt_histogram *of[LLT_SPANS];
    const uint64_t *intended; /* when each message was meant to leave its sender; NULL without a schedule */
    uint64_t intended_count;
} llt_spans;

static inline void llt_spans_record(const llt_spans *spans, llt_span span, uint64_t from, uint64_t to) {
    llt_histogram_record(spans->of[span], to - from);
}

/* Of a stamp of the kernel, which may be wrong by the error of its conversion, and is left out then. */
static inline void llt_spans_record_ordered(const llt_spans *spans, llt_span span, uint64_t from, uint64_t to) {
    if (from != 0 && from <= to) {
        llt_spans_record(spans, span, from, to);
    }
}

static inline void llt_spans_record_response(const llt_spans *spans, llt_span span, uint64_t number, uint64_t to) {
    if (number < spans->intended_count) {
        llt_spans_record(spans, span, spans->intended[number], to);
    }
}

#endif

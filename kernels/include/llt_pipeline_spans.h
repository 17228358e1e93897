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

#include <stdbool.h>
#include <stdint.h>

#include "llt_atomic.h"
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

/* Which thread records a span, where each part has one. */
typedef enum { LLT_PART_RECEIVE, LLT_PART_TRADE, LLT_PART_SEND, LLT_PARTS } llt_part;

static inline llt_part llt_part_of_span(llt_span span) {
    switch (span) {
    case LLT_SPAN_RECEIVE:
        return LLT_PART_RECEIVE;
    case LLT_SPAN_HOP_OUT:
    case LLT_SPAN_SERIALISE:
    case LLT_SPAN_SEND:
    case LLT_SPAN_TRANSMIT:
    case LLT_SPAN_TO_TRADE:
    case LLT_SPAN_WIRE:
    case LLT_SPAN_TRADE_RESPONSE:
        return LLT_PART_SEND;
    default:
        return LLT_PART_TRADE;
    }
}

/* Two sets of histograms: one is recorded into while an observer reads and resets the other. He asks for the other one
 * (`wanted`), and has the first for himself when every part follows. */
typedef struct {
    llt_histogram *of[LLT_SPANS];      /* recorded into: pointers that only the part of the span changes */
    llt_histogram *sets[2][LLT_SPANS]; /* both; without an observer the second is not there */
    llt_atomic_u64 wanted;             /* which set: written by the observer alone */
    llt_atomic_u64 follows[LLT_PARTS]; /* which set each part records into */
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

/* The thread of `part`, often, where nothing is waited for. */
static inline void llt_spans_follow(llt_spans *spans, llt_part part) {
    const uint64_t wanted = llt_load_acquire(&spans->wanted); /* acquire: the set was reset before it was asked for */
    if (__builtin_expect(wanted == llt_load_relaxed(&spans->follows[part]), 1)) { /* relaxed: its own */
        return;
    }
    for (int span = 0; span < LLT_SPANS; span++) {
        if (llt_part_of_span((llt_span)span) == part) {
            spans->of[span] = spans->sets[wanted][span];
        }
    }
    llt_store_release(&spans->follows[part], wanted); /* release: the last record into the other set is seen */
}

/* Asks for the other set. The observer alone. */
static inline void llt_spans_turn(llt_spans *spans) {
    llt_store_release(&spans->wanted, llt_load_relaxed(&spans->wanted) ^ 1); /* release: as reset before */
}

/* Whether every part records into the set that was asked for. */
static inline bool llt_spans_are_turned(const llt_spans *spans) {
    const uint64_t wanted = llt_load_relaxed(&spans->wanted);
    for (int part = 0; part < LLT_PARTS; part++) {
        if (llt_load_acquire(&spans->follows[part]) != wanted) { /* acquire: what was recorded is seen */
            return false;
        }
    }
    return true;
}

static inline void llt_spans_record_response(const llt_spans *spans, llt_span span, uint64_t number, uint64_t to) {
    if (number < spans->intended_count) {
        llt_spans_record(spans, span, spans->intended[number], to);
    }
}

#endif

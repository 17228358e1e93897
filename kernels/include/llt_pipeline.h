/* The trading pipeline on the packed feed: six stages, each one function, from the bytes of a tick to those of an order.
 *
 *   read ─> parse ─> book ─> decide ─> check ─> serialise ─> send
 *
 * All on one core (llt_pipeline_alone.h), or receive | trade | transmit on cores of their own joined by rings
 * (llt_pipeline_split.h): the same functions. Nothing here allocates or locks, and only the sockets make system calls.
 *
 * Wire in: the 29-byte message of llt_message.h. A quote sets the whole quantity at a price, 0 takes the level away; the
 * top bit of its symbol id is the side (0 bids, 1 asks), the rest numbers the instrument from 1. A venue sends the
 * changes of one instant one behind the other, so a book may be crossed between two of them: it is not decided on then.
 * Wire out: llt_order_wire.h.
 */
#ifndef LLT_PIPELINE_H
#define LLT_PIPELINE_H

#include <sched.h>
#include <time.h>

#include "llt_arch.h"
#include "llt_feed_socket.h"
#include "llt_l2_book.h"
#include "llt_message.h"
#include "llt_order_socket.h"
#include "llt_order_wire.h"
#include "llt_pipeline_spans.h"
#include "llt_quote.h"
#include "llt_router.h"
#include "llt_seqlock.h"
#include "llt_shutdown.h"
#include "llt_strategy.h"

#define LLT_PIPELINE_ASK ((uint32_t)1 << 31)

typedef struct {
    llt_l2_book book;
    llt_router *router;
    llt_seqlock *published; /* the best levels, for observers; NULL without */
    uint64_t updates;
} llt_instrument;

typedef struct {
    llt_instrument *instruments;
    uint32_t count;
    llt_strategy_function *decide;
    void *strategy;
    llt_feed_socket *feed;
    llt_order_socket *out;
    llt_order_wire *wire;
    llt_spans spans;
    bool unanswered; /* orders are immediate-or-cancel, and nobody reports on them: each has ended when it is sent */
    /* Each on a line of the thread that writes it when the stages have cores of their own. */
    _Alignas(LLT_LINE) uint64_t received; /* messages that were parsed */
    _Alignas(LLT_LINE) uint64_t traded;   /* messages that the book was given */
    uint64_t quotes, trades, crossed, foreign, orders, denied, no_memory;
    _Alignas(LLT_LINE) uint64_t unsent; /* orders that the kill switch or a failed send kept from being sent */
} llt_pipeline;

/* When the stages between the rings ended; 0: it was not reached. */
typedef struct {
    uint64_t taken; /* when the book's stage began */
    uint64_t booked;
    uint64_t decided;
    uint64_t checked;
} llt_trade_stamps;

/* llt_router_submit where the same thread sends, llt_router_hand_over where another one does. */
typedef llt_order *llt_submit(llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns,
                              uint32_t *denied);

static inline int64_t llt_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* `yields`: threads share this core, and one that has nothing to do lets the others run. */
static inline void llt_pipeline_idle(bool yields) {
    if (yields) {
        sched_yield();
    } else {
        llt_pause();
    }
}

/* The message at `text`, which llt_message_check has let pass; `begun` is now. */
static inline void llt_pipeline_parse(llt_pipeline *pipeline, const unsigned char *text, uint64_t received,
                                      uint64_t read, uint64_t begun, llt_tick *tick) {
    tick->begun = begun;
    tick->received = received;
    tick->read = read;
    tick->type = llt_message_type(text);
    tick->symbol_id = llt_message_symbol_id(text);
    tick->price = llt_message_price(text);
    tick->quantity = llt_message_quantity(text);
    pipeline->received++;
    tick->parsed = llt_ticks();
}

/* Into the book; NULL when there is nothing to decide on. */
static inline llt_instrument *llt_pipeline_book(llt_pipeline *pipeline, const llt_tick *tick, llt_quote *quote,
                                                llt_trade_stamps *at) {
    uint32_t symbol = (tick->symbol_id & ~LLT_PIPELINE_ASK) - 1;
    if (__builtin_expect(symbol >= pipeline->count, 0)) {
        pipeline->foreign++;
        return NULL;
    }
    llt_instrument *instrument = &pipeline->instruments[symbol];
    if (tick->type != LLT_MESSAGE_QUOTE) {
        pipeline->trades++;
        return NULL;
    }
    llt_l2_side *side = &instrument->book.sides[(tick->symbol_id & LLT_PIPELINE_ASK) != 0 ? LLT_ASK : LLT_BID];
    if (__builtin_expect(llt_l2_update(side, tick->price, tick->quantity) != 0, 0)) {
        pipeline->no_memory++;
        instrument->router->live = 0;
        return NULL;
    }
    pipeline->quotes++;
    *quote = llt_quote_of(&instrument->book, ++instrument->updates);
    if (instrument->published != NULL) {
        llt_seqlock_write(instrument->published, quote, sizeof *quote);
    }
    at->booked = llt_ticks();
    bool sound = quote->sides == 3 && quote->bid_price < quote->ask_price;
    pipeline->crossed += quote->sides == 3 && !sound;
    instrument->router->live = sound;
    return sound ? instrument : NULL;
}

/* Book, strategy and risk. True: `order` must be sent. `submit` is a constant where this is called. */
static inline __attribute__((always_inline)) bool llt_pipeline_trade(llt_pipeline *pipeline, const llt_tick *tick,
                                                                     llt_trade_stamps *at, llt_pipeline_order *order,
                                                                     int64_t now_ns, llt_submit *submit) {
    llt_quote quote;
    const uint64_t number = pipeline->traded++;
    at->booked = at->decided = at->checked = 0;
    llt_instrument *instrument = llt_pipeline_book(pipeline, tick, &quote, at);
    if (instrument == NULL) {
        return false;
    }
    llt_wish wish;
    llt_router *router = instrument->router;
    int wanted = pipeline->decide(pipeline->strategy, &quote, router->risk->position, &wish);
    at->decided = llt_ticks();
    if (!wanted) {
        return false;
    }
    uint32_t denied;
    llt_risk_set_reference(router->risk, quote.bid_price + (quote.ask_price - quote.bid_price) / 2, now_ns);
    const llt_order *accepted = submit(router, (uint32_t)wish.side, wish.price, wish.quantity, now_ns, &denied);
    if (accepted == NULL) {
        pipeline->denied++;
        return false;
    }
    at->checked = llt_ticks();
    pipeline->orders++;
    *order = (llt_pipeline_order){.received = tick->received,
                                  .read = tick->read,
                                  .checked = at->checked,
                                  .order_id = accepted->id,
                                  .price = accepted->price,
                                  .quantity = accepted->quantity,
                                  .symbol_id = tick->symbol_id & ~LLT_PIPELINE_ASK,
                                  .side = accepted->side & 1,
                                  .number = number < LLT_LAST_NUMBER ? (uint32_t)number : LLT_LAST_NUMBER};
    return true;
}

/* Behind each tick, when its order is on its way. */
static inline void llt_pipeline_account_tick(const llt_pipeline *pipeline, const llt_tick *tick,
                                             const llt_trade_stamps *at) {
    const llt_spans *spans = &pipeline->spans;
    if (at->booked == 0) {
        return;
    }
    llt_spans_record(spans, LLT_SPAN_WAIT, tick->read, tick->begun);
    llt_spans_record(spans, LLT_SPAN_PARSE, tick->begun, tick->parsed);
    if (at->taken != tick->parsed) {
        llt_spans_record(spans, LLT_SPAN_HOP_IN, tick->parsed, at->taken);
    }
    llt_spans_record(spans, LLT_SPAN_BOOK, at->taken, at->booked);
    llt_spans_record(spans, LLT_SPAN_TO_UPDATE, tick->read, at->booked);
    llt_spans_record_response(spans, LLT_SPAN_UPDATE_RESPONSE, pipeline->traded - 1, at->booked);
    if (at->decided != 0) {
        llt_spans_record(spans, LLT_SPAN_STRATEGY, at->booked, at->decided);
    }
    if (at->checked != 0) {
        llt_spans_record(spans, LLT_SPAN_RISK, at->decided, at->checked);
    }
}

static inline llt_wire_order llt_pipeline_wire_order(const llt_pipeline_order *order) {
    return (llt_wire_order){order->order_id, order->price, order->quantity, order->symbol_id, order->side};
}

/* Serialises and sends; `taken` is when this began. 0 or an errno. With `dry` nothing is sent. */
static inline __attribute__((always_inline)) int llt_pipeline_send(llt_pipeline *pipeline,
                                                                   const llt_pipeline_order *order, uint64_t taken,
                                                                   bool dry) {
    const llt_spans *spans = &pipeline->spans;
    const llt_wire_order wanted = llt_pipeline_wire_order(order);
    size_t size = 0;
    const unsigned char *text = llt_order_wire_write(pipeline->wire, &wanted, false, &size);
    const uint64_t serialised = llt_ticks();
    if (!dry) {
        int code = llt_order_socket_send(pipeline->out, text, size);
        if (__builtin_expect(code != 0, 0)) {
            return code;
        }
        llt_spans_record(spans, LLT_SPAN_SEND, serialised, llt_ticks());
        if (pipeline->out->stamped) {
            llt_order_socket_expect(pipeline->out, size, serialised, order->received);
        }
    }
    if (taken != order->checked) {
        llt_spans_record(spans, LLT_SPAN_HOP_OUT, order->checked, taken);
    }
    llt_spans_record(spans, LLT_SPAN_SERIALISE, taken, serialised);
    llt_spans_record(spans, LLT_SPAN_TO_TRADE, order->read, serialised);
    llt_spans_record_response(spans, LLT_SPAN_TRADE_RESPONSE, order->number, serialised);
    return 0;
}

/* Behind an order that was sent, or handed over to be. */
static inline void llt_pipeline_end_unanswered(const llt_pipeline *pipeline, const llt_pipeline_order *order,
                                               int64_t now_ns) {
    if (pipeline->unanswered) {
        llt_router_on(pipeline->instruments[order->symbol_id - 1].router, order->order_id, LLT_ORDER_ON_EXPIRED,
                      now_ns);
    }
}

/* Where nothing is waited for: transmit stamps that have come; `all` of them, else one. */
static inline void llt_pipeline_look_at_sent(llt_pipeline *pipeline, bool all) {
    if (!pipeline->out->stamped) {
        return;
    }
    llt_stamp_clock_renew(&pipeline->out->clock);
    llt_send which;
    uint64_t transmitted;
    llt_stamp_outcome outcome;
    do {
        outcome = llt_order_socket_stamp(pipeline->out, &which, &transmitted);
        if (outcome == LLT_STAMP_FOUND) {
            llt_spans_record_ordered(&pipeline->spans, LLT_SPAN_TRANSMIT, which.called, transmitted);
            llt_spans_record_ordered(&pipeline->spans, LLT_SPAN_WIRE, which.received, transmitted);
        }
    } while (all && outcome != LLT_STAMP_NONE);
}

/* What a read has brought beside its bytes. */
static inline void llt_pipeline_account_read(const llt_pipeline *pipeline) {
    const llt_feed_socket *feed = pipeline->feed;
    if (feed->stamped) {
        llt_spans_record_ordered(&pipeline->spans, LLT_SPAN_RECEIVE, feed->received_ticks, feed->read_ticks);
    }
}

#endif

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
 * Wire out: llt_order_wire.h, and the way to it llt_pipeline_send.h. What comes back and what is asked about orders that
 * were sent: llt_pipeline_answers.h. What is looked after beside the ticks: llt_pipeline_tend.h.
 */
#ifndef LLT_PIPELINE_H
#define LLT_PIPELINE_H

#include <sched.h>
#include <time.h>

#include "llt_arch.h"
#include "llt_feed_socket.h"
#include "llt_l2_book.h"
#include "llt_message.h"
#include "llt_order_manager.h"
#include "llt_order_socket.h"
#include "llt_order_wire.h"
#include "llt_pipeline_records.h"
#include "llt_pipeline_spans.h"
#include "llt_quote.h"
#include "llt_report_socket.h"
#include "llt_seqlock.h"
#include "llt_shutdown.h"
#include "llt_sync_state.h"

#define LLT_PIPELINE_ASK ((uint32_t)1 << 31)

#define LLT_PIPELINE_CROSSED 1000 /* quotes in a row on a crossed book: it is not in between changes, it is wrong */

typedef struct {
    llt_l2_book book;
    llt_order_manager orders;
    llt_seqlock *published; /* the best levels, for observers; NULL without */
    llt_seqlock *status;    /* counts and account, likewise */
    llt_sync_state state;   /* LIVE from the first sound quote on */
    int64_t updated_ns;     /* when the last quote came */
    uint64_t quotes, trades, crossed, crossed_in_a_row, stale;
    uint64_t missing; /* orders that the exchange, asked, did not know */
    uint64_t tended; /* place in the table of orders up to which they were looked after */
} llt_instrument;

/* What is looked after beside the ticks, by the thread that trades: llt_pipeline_tend.h. */
typedef struct {
    int64_t every_ns; /* 0: nothing is */
    int64_t due_ns;
    int64_t stale_ns;       /* silence of the market that stops trading until the next quote */
    int64_t kill_stale_ns;  /* that trips the kill switch */
    int64_t supervisor_ns;  /* silence of the supervisor, likewise */
    int64_t answer_ns;      /* after which an order without an answer is asked about */
    int64_t life_ns;        /* of an order that rests */
} llt_tending;

typedef struct {
    llt_instrument *instruments;
    uint32_t count;
    llt_strategy_function *decide;
    void *strategy;
    llt_feed_socket *feed;
    llt_order_socket *out;
    llt_report_socket *reports;
    llt_tending tending;
    int64_t maker_rate, taker_rate; /* fees of the fills that are reported: of the notional, x 10^8 */
    llt_order_wire *wire;
    llt_spans spans;
    bool unanswered; /* orders are immediate-or-cancel, and nobody reports on them: each has ended when it is sent */
    /* Each on a line of the thread that writes it when the stages have cores of their own. */
    _Alignas(LLT_LINE) uint64_t received; /* messages that were parsed */
    _Alignas(LLT_LINE) uint64_t traded;   /* messages that the book was given */
    llt_atomic_u64 foreign; /* written by that thread alone, and looked at by others, as `unsent` is */
    uint64_t orders, denied, no_memory;
    llt_atomic_u64 orders_failed; /* 1: nothing can be sent, or nothing is heard of what was; written once */
    _Alignas(LLT_LINE) llt_atomic_u64 unsent; /* orders that the kill switch or a failed send kept from being sent */
} llt_pipeline;

/* When the stages between the rings ended; 0: it was not reached. */
typedef struct {
    uint64_t taken; /* when the book's stage began */
    uint64_t booked;
    uint64_t decided;
    uint64_t checked;
} llt_trade_stamps;

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

static inline void llt_pipeline_enter(llt_instrument *instrument, llt_sync_state state) {
    if (__builtin_expect(instrument->state != state, 0)) {
        llt_manager_log(&instrument->orders, LLT_LOG_STATE, (int64_t)instrument->state, (int64_t)state,
                        (int64_t)instrument->quotes, 0);
        instrument->state = state;
    }
}

/* A book that is crossed between two changes of one instant is not decided on; one that stays so is wrong. */
static inline bool llt_pipeline_is_sound(llt_instrument *instrument, const llt_quote *quote) {
    const bool sound = quote->sides == 3 && quote->bid_price < quote->ask_price;
    const bool is_crossed = quote->sides == 3 && !sound;
    instrument->crossed += is_crossed;
    instrument->crossed_in_a_row = is_crossed ? instrument->crossed_in_a_row + 1 : 0;
    if (sound) {
        llt_pipeline_enter(instrument, LLT_SYNC_LIVE);
    } else if (__builtin_expect(instrument->crossed_in_a_row == LLT_PIPELINE_CROSSED, 0)) {
        llt_pipeline_enter(instrument, LLT_SYNC_INVALID);
    }
    instrument->orders.router->live = sound;
    return sound;
}

/* Into the book; NULL when there is nothing to decide on. */
static inline llt_instrument *llt_pipeline_book(llt_pipeline *pipeline, const llt_tick *tick, llt_quote *quote,
                                                llt_trade_stamps *at, int64_t now_ns) {
    uint32_t symbol = (tick->symbol_id & ~LLT_PIPELINE_ASK) - 1;
    if (__builtin_expect(symbol >= pipeline->count, 0)) {
        llt_add_relaxed(&pipeline->foreign, 1); /* relaxed: a count */
        return NULL;
    }
    llt_instrument *instrument = &pipeline->instruments[symbol];
    if (tick->type != LLT_MESSAGE_QUOTE) {
        instrument->trades++;
        return NULL;
    }
    llt_l2_side *side = &instrument->book.sides[(tick->symbol_id & LLT_PIPELINE_ASK) != 0 ? LLT_ASK : LLT_BID];
    if (__builtin_expect(llt_l2_update(side, tick->price, tick->quantity) != 0, 0)) {
        pipeline->no_memory++;
        instrument->orders.router->live = 0;
        llt_pipeline_enter(instrument, LLT_SYNC_INVALID);
        return NULL;
    }
    instrument->updated_ns = now_ns;
    *quote = llt_quote_of(&instrument->book, ++instrument->quotes);
    if (instrument->published != NULL) {
        llt_seqlock_write(instrument->published, quote, sizeof *quote);
    }
    at->booked = llt_ticks();
    return llt_pipeline_is_sound(instrument, quote) ? instrument : NULL;
}

/* Book, strategy and risk. True: `order` must be sent. `submit` is a constant where this is called. */
static inline __attribute__((always_inline)) bool llt_pipeline_trade(llt_pipeline *pipeline, const llt_tick *tick,
                                                                     llt_trade_stamps *at, llt_pipeline_order *order,
                                                                     int64_t now_ns, llt_submit *submit) {
    llt_quote quote;
    const uint64_t number = pipeline->traded++;
    at->booked = at->decided = at->checked = 0;
    llt_instrument *instrument = llt_pipeline_book(pipeline, tick, &quote, at, now_ns);
    if (instrument == NULL) {
        return false;
    }
    llt_wish wish;
    const llt_router *router = instrument->orders.router;
    int wanted = pipeline->decide(pipeline->strategy, &quote, router->risk->position, &wish);
    at->decided = llt_ticks();
    if (!wanted) {
        return false;
    }
    llt_risk_set_reference(router->risk, quote.bid_price + (quote.ask_price - quote.bid_price) / 2, now_ns);
    const llt_order *accepted = llt_manager_submit(&instrument->orders, &wish, now_ns, submit);
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
                                  .kind = LLT_ORDER_MESSAGE_NEW,
                                  .number = number < LLT_LAST_NUMBER ? (uint32_t)number : LLT_LAST_NUMBER};
    return true;
}

/* The market is gone, or will tell of its books anew: they are empty until then, and no order leaves. */
static inline void llt_pipeline_forget_books(llt_pipeline *pipeline) {
    for (uint32_t at = 0; at < pipeline->count; at++) {
        llt_instrument *instrument = &pipeline->instruments[at];
        llt_l2_clear(&instrument->book.sides[LLT_BID]);
        llt_l2_clear(&instrument->book.sides[LLT_ASK]);
        instrument->crossed_in_a_row = 0;
        instrument->orders.router->live = 0;
        llt_pipeline_enter(instrument, LLT_SYNC_DISCONNECTED);
    }
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

/* What a read has brought beside its bytes. */
static inline void llt_pipeline_account_read(const llt_pipeline *pipeline) {
    const llt_feed_socket *feed = pipeline->feed;
    if (feed->stamped) {
        llt_spans_record_ordered(&pipeline->spans, LLT_SPAN_RECEIVE, feed->received_ticks, feed->read_ticks);
    }
}

#endif

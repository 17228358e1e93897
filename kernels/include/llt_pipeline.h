/* The trading pipeline on the packed feed: six stages, each one function, from the bytes of a tick to those of an order.
 *
 *   read ─> parse ─> book ─> decide ─> check ─> serialise ─> send
 *
 * All on one core, or llt_pipeline_parse | llt_pipeline_trade | llt_pipeline_serialise joined by rings: the same
 * functions. Nothing here allocates, locks or makes a system call.
 *
 * A tick carries a stamp for the end of each stage, in ticks; histograms hold the distances. Stamps are plain counter
 * reads: a fence on each would cost more than most stages, and what the processor moves across one is nanoseconds.
 * What a tick waited for behind others of the same read is part of every sum: they all begin at that read.
 *
 * Wire: the 29-byte message of llt_message.h. A quote sets the whole quantity at a price, 0 takes the level away; the
 * top bit of its symbol id is the side (0 bids, 1 asks), the rest numbers the instrument from 1. A venue sends the
 * changes of one instant one behind the other, so a book may be crossed between two of them: it is not decided on then.
 */
#ifndef LLT_PIPELINE_H
#define LLT_PIPELINE_H

#include "llt_arch.h"
#include "llt_histogram.h"
#include "llt_l2_book.h"
#include "llt_message.h"
#include "llt_order_message.h"
#include "llt_quote.h"
#include "llt_router.h"
#include "llt_seqlock.h"
#include "llt_strategy.h"

#define LLT_PIPELINE_ASK ((uint32_t)1 << 31)

/* Ends of stages; the distance to the one before is the stage. */
typedef enum {
    LLT_AT_READ,
    LLT_AT_PARSED,
    LLT_AT_BOOK,
    LLT_AT_DECIDED,
    LLT_AT_CHECKED,
    LLT_AT_SERIALISED,
    LLT_AT_SENT,
    LLT_STAMPS
} llt_stamp;

/* From the chapter's stages to the sums over them. */
enum {
    LLT_SPAN_TO_UPDATE = LLT_STAMPS, /* read to book, every quote */
    LLT_SPAN_TO_TRADE,               /* read to the call of send, only ticks that cause an order */
    LLT_SPAN_QUEUED,                 /* the kernel's receive stamp to read */
    LLT_SPAN_WAITED,                 /* read to the begin of its parse: behind others of the same read */
    LLT_SPAN_TO_WIRE,                /* the call of send to the kernel's transmit stamp */
    LLT_SPANS
};

typedef struct {
    uint64_t at[LLT_STAMPS];
    uint64_t begun;  /* when its parse began */
    uint64_t number; /* of the message, from 0 */
    int64_t price;
    uint64_t quantity;
    uint32_t symbol_id;
    uint32_t type;
} llt_tick;

typedef struct {
    uint64_t at[LLT_STAMPS];
    uint64_t number;
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint32_t symbol_id;
    uint32_t side;
} llt_pipeline_order;

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
    uint64_t quotes, trades, crossed, foreign, orders, denied, no_memory;
    llt_histogram *spans[LLT_SPANS];
    int unanswered; /* orders are immediate-or-cancel, and nobody reports on them: each has ended when it is sent */
    const uint64_t *intended; /* ticks at which each message was meant to leave its sender; NULL without a schedule */
    uint64_t intended_count;
    llt_histogram *update_response; /* from there to the book */
    llt_histogram *trade_response;  /* from there to the call of send */
    /* Each on a line of the thread that writes it when the stages have cores of their own. */
    _Alignas(LLT_LINE) uint64_t next; /* number of the next message */
    _Alignas(LLT_LINE) uint64_t unsent; /* orders that the kill switch or a full ring kept from being sent */
} llt_pipeline;

/* llt_router_submit where the same thread sends, llt_router_hand_over where another one does. */
typedef llt_order *llt_submit(llt_router *router, uint32_t side, int64_t price, int64_t quantity, int64_t now_ns,
                              uint32_t *denied);

static inline void llt_pipeline_record(const llt_pipeline *pipeline, int span, uint64_t from, uint64_t to) {
    llt_histogram_record(pipeline->spans[span], to - from);
}

/* The message at `text`, which llt_message_check has let pass. `tick->at[LLT_AT_READ]` is set. */
static inline void llt_pipeline_parse(llt_pipeline *pipeline, const unsigned char *text, llt_tick *tick) {
    tick->number = pipeline->next++;
    tick->type = llt_message_type(text);
    tick->symbol_id = llt_message_symbol_id(text);
    tick->price = llt_message_price(text);
    tick->quantity = llt_message_quantity(text);
    tick->at[LLT_AT_PARSED] = llt_ticks();
}

/* Into the book; NULL when there is nothing to decide on. */
static inline llt_instrument *llt_pipeline_book(llt_pipeline *pipeline, llt_tick *tick, llt_quote *quote) {
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
    tick->at[LLT_AT_BOOK] = llt_ticks();
    bool sound = quote->sides == 3 && quote->bid_price < quote->ask_price;
    pipeline->crossed += quote->sides == 3 && !sound;
    instrument->router->live = sound;
    return sound ? instrument : NULL;
}

/* Book, strategy and risk. True: `order` must be sent. `submit` is a constant where this is called. */
static inline __attribute__((always_inline)) bool llt_pipeline_trade(llt_pipeline *pipeline, llt_tick *tick,
                                                                     llt_pipeline_order *order, int64_t now_ns,
                                                                     llt_submit *submit) {
    llt_quote quote;
    llt_instrument *instrument = llt_pipeline_book(pipeline, tick, &quote);
    if (instrument == NULL) {
        return false;
    }
    llt_wish wish;
    llt_router *router = instrument->router;
    int wanted = pipeline->decide(pipeline->strategy, &quote, router->risk->position, &wish);
    tick->at[LLT_AT_DECIDED] = llt_ticks();
    if (!wanted) {
        return false;
    }
    uint32_t denied;
    llt_risk_set_reference(router->risk, quote.bid_price + (quote.ask_price - quote.bid_price) / 2, now_ns);
    const llt_order *accepted =
        submit(router, (uint32_t)wish.side, wish.price, wish.quantity, now_ns, &denied);
    tick->at[LLT_AT_CHECKED] = llt_ticks();
    if (accepted == NULL) {
        pipeline->denied++;
        return false;
    }
    pipeline->orders++;
    memcpy(order->at, tick->at, sizeof order->at);
    order->number = tick->number;
    order->order_id = accepted->id;
    order->price = accepted->price;
    order->quantity = accepted->quantity;
    order->symbol_id = tick->symbol_id & ~LLT_PIPELINE_ASK;
    order->side = accepted->side;
    return true;
}

/* LLT_ORDER_MESSAGE_SIZE bytes. */
static inline void llt_pipeline_serialise(llt_pipeline_order *order, unsigned char *text) {
    llt_order_message_pack(text, LLT_ORDER_MESSAGE_NEW, (uint8_t)order->side, order->symbol_id, order->order_id,
                           order->price, (uint64_t)order->quantity);
    order->at[LLT_AT_SERIALISED] = llt_ticks();
}

/* Behind an order that was sent, or handed over to be. */
static inline void llt_pipeline_end_unanswered(llt_pipeline *pipeline, const llt_pipeline_order *order,
                                               int64_t now_ns) {
    if (pipeline->unanswered) {
        llt_router_on(pipeline->instruments[order->symbol_id - 1].router, order->order_id, LLT_ORDER_ON_EXPIRED,
                      now_ns);
    }
}

/* Behind each tick, when its order is on its way: what it took to the book and to the decision. */
static inline void llt_pipeline_account_tick(llt_pipeline *pipeline, const llt_tick *tick) {
    if (tick->at[LLT_AT_BOOK] == 0) {
        return;
    }
    llt_pipeline_record(pipeline, LLT_AT_PARSED, tick->begun, tick->at[LLT_AT_PARSED]);
    llt_pipeline_record(pipeline, LLT_SPAN_WAITED, tick->at[LLT_AT_READ], tick->begun);
    llt_pipeline_record(pipeline, LLT_AT_BOOK, tick->at[LLT_AT_PARSED], tick->at[LLT_AT_BOOK]);
    llt_pipeline_record(pipeline, LLT_SPAN_TO_UPDATE, tick->at[LLT_AT_READ], tick->at[LLT_AT_BOOK]);
    if (tick->at[LLT_AT_DECIDED] != 0) {
        llt_pipeline_record(pipeline, LLT_AT_DECIDED, tick->at[LLT_AT_BOOK], tick->at[LLT_AT_DECIDED]);
    }
    if (tick->number < pipeline->intended_count) {
        llt_histogram_record(pipeline->update_response, tick->at[LLT_AT_BOOK] - pipeline->intended[tick->number]);
    }
}

/* Behind an order that was sent. */
static inline void llt_pipeline_account_order(llt_pipeline *pipeline, const llt_pipeline_order *order) {
    llt_pipeline_record(pipeline, LLT_AT_CHECKED, order->at[LLT_AT_DECIDED], order->at[LLT_AT_CHECKED]);
    llt_pipeline_record(pipeline, LLT_AT_SERIALISED, order->at[LLT_AT_CHECKED], order->at[LLT_AT_SERIALISED]);
    llt_pipeline_record(pipeline, LLT_AT_SENT, order->at[LLT_AT_SERIALISED], order->at[LLT_AT_SENT]);
    llt_pipeline_record(pipeline, LLT_SPAN_TO_TRADE, order->at[LLT_AT_READ], order->at[LLT_AT_SERIALISED]);
    if (order->number < pipeline->intended_count) {
        llt_histogram_record(pipeline->trade_response,
                             order->at[LLT_AT_SERIALISED] - pipeline->intended[order->number]);
    }
}

#endif

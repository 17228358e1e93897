/* Trading desk of one instrument on an exchange's messages: book, strategy, router, and the paper exchange beside it.
 *
 * From a frame's payload to an order nothing runs Python, allocates or locks; one thread owns a desk.
 *
 *   llt_desk_take ─> depth: book ─LIVE─> reference price ─> strategy ─> breaker ─> router ─> paper exchange, or
 *                                                                                           the caller, who sends it
 *                    trade: queue position of own orders        ticker: compared with the book
 *
 * Only a LIVE book is decided on. When best prices beyond the book's last update arrive, the last ones that were not
 * beyond it are the book's; books that contradict them LLT_DESK_CONTRADICTIONS times in a row are INVALID.
 */
#ifndef LLT_DESK_H
#define LLT_DESK_H

#include "llt_binance.h"
#include "llt_histogram.h"
#include "llt_l2_book.h"
#include "llt_order_manager.h"
#include "llt_order_wire.h"
#include "llt_paper.h"
#include "llt_quote.h"
#include "llt_strategy.h"
#include "llt_sync.h"

#define LLT_DESK_TICKERS 1024 /* best prices that are ahead of the book; a power of two */
#define LLT_DESK_CONTRADICTIONS 3

typedef enum {
    LLT_DESK_DONE,
    LLT_DESK_SEND,    /* there is an order in `out`: send it, then llt_desk_sent */
    LLT_DESK_REFUSED, /* no message of the exchange: the books that it may have been for are not to be trusted */
    LLT_DESK_FOREIGN  /* of no symbol that is traded, or of a kind that is not used */
} llt_desk_outcome;

/* Stages of a depth event, in ticks, and the two sums over them. A stage begins where the one before it ends; both sums
 * begin when the payload was given. RISK is the breaker and the router's checks; SEND ends when the order is with the
 * paper exchange, or was handed to the caller's socket. */
enum {
    LLT_STAGE_PARSE, /* this, book, strategy and TO_UPDATE: of events that are in a LIVE book */
    LLT_STAGE_BOOK,
    LLT_STAGE_STRATEGY,
    LLT_STAGE_RISK,      /* this, send and TO_TRADE: of events that caused an order */
    LLT_STAGE_SERIALISE, /* of orders that leave as bytes */
    LLT_STAGE_SEND,
    LLT_STAGE_TO_UPDATE,
    LLT_STAGE_TO_TRADE,
    LLT_STAGES
};

typedef struct {
    uint64_t called; /* when the payload was given */
    uint64_t last;   /* the end of the last stage */
} llt_desk_stamps;

typedef struct {
    uint64_t id;
    int64_t price;
    int64_t quantity;
    uint32_t side;
} llt_desk_order;

typedef struct {
    uint64_t update_id;
    int64_t price[2];
    int64_t quantity[2];
} llt_desk_ticker;

typedef struct {
    llt_sync *sync;
    llt_order_manager orders;
    llt_paper *paper; /* NULL when orders go elsewhere */
    llt_order_wire *wire; /* NULL when the caller writes the message of an order */
    llt_histogram *spans[LLT_STAGES]; /* of the floor: all its desks record into the same */
    llt_strategy_function *decide; /* NULL: it never wants anything */
    void *strategy;
    llt_desk_order out;
    llt_desk_stamps stamps; /* of the order in `out` */
    const unsigned char *message; /* it as bytes, with a wire; until the next one is written */
    size_t message_size;
    llt_desk_ticker *tickers;
    uint64_t tickers_in, tickers_out;
    llt_desk_ticker last_ticker;
    uint64_t contradictions_in_a_row;
    uint64_t last_trade_id, newest_ticker, compared;
    uint32_t last_state;
    uint64_t ticks, trades, best_prices, repeated, contradictions, unsent;
    char symbol[24];
} llt_desk;

/* Ends stage `span` now. */
static inline void llt_desk_stage(const llt_desk *desk, int span, llt_desk_stamps *stamps) {
    const uint64_t now = llt_ticks();
    llt_histogram_record(desk->spans[span], now - stamps->last);
    stamps->last = now;
}

/* Records the sum `span`: from the payload to the end of the last stage. */
static inline void llt_desk_sum(const llt_desk *desk, int span, const llt_desk_stamps *stamps) {
    llt_histogram_record(desk->spans[span], stamps->last - stamps->called);
}

/* Books the reports of the paper exchange that have arrived. */
static inline void llt_desk_deliver(llt_desk *desk, int64_t now_ns) {
    const llt_paper_report *report;
    if (desk->paper == NULL) {
        return;
    }
    llt_paper_advance(desk->paper, now_ns);
    while ((report = llt_paper_next(desk->paper, now_ns)) != NULL) {
        if (report->kind == LLT_PAPER_FILL) {
            llt_manager_fill(&desk->orders, report->id, report->execution_id, report->price, report->quantity,
                             report->cumulative, report->fee, now_ns);
        } else {
            llt_manager_on(&desk->orders, report->id, llt_paper_event_of(report->kind), now_ns);
        }
        llt_paper_taken(desk->paper);
    }
}

/* The book's state has its say: the router sends on a LIVE one only. */
static inline void llt_desk_follow_state(llt_desk *desk) {
    uint32_t state = (uint32_t)desk->sync->state;
    desk->orders.router->live = state == LLT_SYNC_LIVE;
    if (state != desk->last_state) {
        llt_manager_log(&desk->orders, LLT_LOG_STATE, (int64_t)desk->last_state, (int64_t)state,
                        (int64_t)desk->sync->id, 0);
        desk->last_state = state;
    }
}

/* The book is known to be wrong, or may be: it waits for a snapshot, and no order leaves. */
static inline void llt_desk_invalidate(llt_desk *desk, int64_t now_ns) {
    llt_sync_invalidate(desk->sync, now_ns);
    llt_desk_follow_state(desk);
}

/* The order in `out` as bytes, where there is a wire to write it. */
static inline void llt_desk_serialise(llt_desk *desk, llt_desk_stamps *stamps) {
    if (desk->wire == NULL) {
        return;
    }
    const llt_wire_order order = {desk->out.id, desk->out.price, desk->out.quantity,
                                  (uint32_t)desk->orders.number + 1, desk->out.side};
    desk->message = llt_order_wire_write(desk->wire, &order, LLT_ORDER_MESSAGE_NEW, &desk->message_size);
    llt_desk_stage(desk, LLT_STAGE_SERIALISE, stamps);
}

/* Sends what the strategy wants, through breaker and router. */
static inline llt_desk_outcome llt_desk_order_now(llt_desk *desk, const llt_wish *wanted, llt_desk_stamps *stamps,
                                                  int64_t now_ns) {
    const llt_order *order = llt_manager_submit(&desk->orders, wanted, now_ns, llt_router_submit);
    if (order == NULL) {
        return LLT_DESK_DONE;
    }
    desk->out = (llt_desk_order){order->id, order->price, order->quantity, order->side};
    llt_desk_stage(desk, LLT_STAGE_RISK, stamps);
    if (desk->paper == NULL) {
        llt_desk_serialise(desk, stamps);
        desk->stamps = *stamps;
        return LLT_DESK_SEND;
    }
    bool sent =
        llt_paper_send(desk->paper, LLT_PAPER_NEW, order->id, order->side, order->price, order->quantity, now_ns);
    llt_router_sent(desk->orders.router);
    llt_desk_stage(desk, LLT_STAGE_SEND, stamps);
    llt_desk_sum(desk, LLT_STAGE_TO_TRADE, stamps);
    llt_manager_log(&desk->orders, LLT_LOG_ORDER, (int64_t)order->id, order->side, order->price, order->quantity);
    if (!sent) {
        desk->unsent++;
        llt_manager_on(&desk->orders, order->id, LLT_ORDER_ON_REJECTED, now_ns);
    }
    return LLT_DESK_DONE;
}

/* Asks the strategy about a changed book. */
static inline llt_desk_outcome llt_desk_decide(llt_desk *desk, const llt_quote *quote, llt_desk_stamps *stamps,
                                               int64_t now_ns) {
    llt_wish wanted;
    if (quote->sides == 3) {
        llt_risk_set_reference(desk->orders.router->risk, quote->bid_price + (quote->ask_price - quote->bid_price) / 2,
                               now_ns);
    }
    const bool wants =
        desk->decide != NULL && desk->decide(desk->strategy, quote, desk->orders.router->account.position, &wanted);
    llt_desk_stage(desk, LLT_STAGE_STRATEGY, stamps);
    return wants ? llt_desk_order_now(desk, &wanted, stamps, now_ns) : LLT_DESK_DONE;
}

/* The caller has written the order of `out` to its socket, or failed to; it was serialised then. */
static inline void llt_desk_sent(llt_desk *desk) {
    llt_router_sent(desk->orders.router);
    llt_desk_stage(desk, LLT_STAGE_SEND, &desk->stamps);
    llt_desk_sum(desk, LLT_STAGE_TO_TRADE, &desk->stamps);
    llt_manager_log(&desk->orders, LLT_LOG_ORDER, (int64_t)desk->out.id, desk->out.side, desk->out.price,
                 desk->out.quantity);
}

/* Best prices beyond the book have come, so those before them are the last ones not beyond it: the book's own. */
static inline void llt_desk_compare(llt_desk *desk, int64_t now_ns) {
    uint64_t id = desk->sync->id;
    while (desk->tickers_out != desk->tickers_in &&
           desk->tickers[desk->tickers_out & (LLT_DESK_TICKERS - 1)].update_id <= id) {
        desk->last_ticker = desk->tickers[desk->tickers_out++ & (LLT_DESK_TICKERS - 1)];
    }
    const llt_desk_ticker *ticker = &desk->last_ticker;
    const llt_quote quote = llt_quote_of(&desk->sync->book, id);
    if (desk->compared == id || ticker->update_id == 0 || quote.sides != 3) {
        return;
    }
    desk->compared = id;
    if (ticker->price[0] == quote.bid_price && ticker->price[1] == quote.ask_price &&
        ticker->quantity[0] == (int64_t)quote.bid_quantity && ticker->quantity[1] == (int64_t)quote.ask_quantity) {
        desk->contradictions_in_a_row = 0;
        return;
    }
    desk->contradictions++;
    llt_manager_log(&desk->orders, LLT_LOG_CONTRADICTION, (int64_t)id, (int64_t)ticker->update_id, ticker->price[0],
                 ticker->price[1]);
    if (++desk->contradictions_in_a_row >= LLT_DESK_CONTRADICTIONS) {
        llt_desk_invalidate(desk, now_ns);
        desk->contradictions_in_a_row = 0;
        desk->last_ticker.update_id = 0;
    }
}

static inline llt_desk_outcome llt_desk_depth(llt_desk *desk, const llt_binance_event *event,
                                              const llt_binance_level *levels, llt_desk_stamps *stamps,
                                              int64_t now_ns) {
    const llt_sync_range range = {.first = event->first_update_id,
                                  .last = event->last_update_id,
                                  .previous = event->previous_update_id};
    llt_desk_deliver(desk, now_ns);
    llt_sync_outcome outcome = event->kind == LLT_BINANCE_SNAPSHOT
        ? llt_sync_snapshot(desk->sync, event->last_update_id, levels, event->bids, event->asks, now_ns)
        : llt_sync_event(desk->sync, &range, levels, event->bids, event->asks, now_ns);
    desk->ticks++;
    if (desk->sync->state != LLT_SYNC_LIVE || outcome == LLT_SYNC_OLD) {
        llt_desk_follow_state(desk);
        return LLT_DESK_DONE;
    }
    const llt_quote quote = llt_quote_of(&desk->sync->book, desk->sync->id);
    llt_histogram_record(desk->spans[LLT_STAGE_PARSE], stamps->last - stamps->called);
    llt_desk_stage(desk, LLT_STAGE_BOOK, stamps);
    llt_desk_sum(desk, LLT_STAGE_TO_UPDATE, stamps);
    llt_desk_follow_state(desk);
    llt_desk_outcome decided = llt_desk_decide(desk, &quote, stamps, now_ns);
    if (desk->paper != NULL) {
        llt_paper_on_book(desk->paper, now_ns); /* the exchange's work: behind ours, so that no stage pays for it */
    }
    return decided;
}

/* A message of this desk's symbol, or a snapshot for it. `stamps` holds when its payload was given, and was parsed. */
static inline llt_desk_outcome llt_desk_take(llt_desk *desk, const llt_binance_event *event,
                                             const llt_binance_level *levels, llt_desk_stamps *stamps,
                                             int64_t now_ns) {
    switch (event->kind) {
    case LLT_BINANCE_TRADE:
        desk->trades++;
        if (event->trade_id <= desk->last_trade_id) {
            desk->repeated++; /* two connections deliver for a moment */
            return LLT_DESK_DONE;
        }
        desk->last_trade_id = event->trade_id;
        llt_desk_deliver(desk, now_ns);
        if (desk->paper != NULL && desk->sync->state == LLT_SYNC_LIVE) {
            llt_paper_on_trade(desk->paper, event->price, event->quantity, event->buyer_is_maker, now_ns);
        }
        return LLT_DESK_DONE;
    case LLT_BINANCE_TICKER:
        desk->best_prices++;
        if (event->last_update_id <= desk->newest_ticker) {
            desk->repeated++;
            return LLT_DESK_DONE;
        }
        desk->newest_ticker = event->last_update_id;
        if (event->last_update_id > desk->sync->id && desk->sync->state == LLT_SYNC_LIVE) {
            llt_desk_compare(desk, now_ns);
        }
        if (desk->tickers_in - desk->tickers_out == LLT_DESK_TICKERS) {
            desk->tickers_out++;
        }
        desk->tickers[desk->tickers_in++ & (LLT_DESK_TICKERS - 1)] =
            (llt_desk_ticker){event->last_update_id,
                              {event->bid_price, event->ask_price},
                              {event->bid_quantity, event->ask_quantity}};
        return LLT_DESK_DONE;
    default:
        return llt_desk_depth(desk, event, levels, stamps, now_ns);
    }
}

/* The connection is new: best prices of the old one say nothing any more. */
static inline void llt_desk_connect(llt_desk *desk, int64_t now_ns) {
    desk->tickers_out = desk->tickers_in;
    desk->newest_ticker = 0;
    desk->last_ticker.update_id = 0;
    desk->contradictions_in_a_row = 0;
    llt_sync_connect(desk->sync, now_ns);
    llt_desk_follow_state(desk);
}

/* The connection is gone: the book stays as it was, to look at. */
static inline void llt_desk_disconnect(llt_desk *desk, int64_t now_ns) {
    llt_sync_disconnect(desk->sync, now_ns);
    llt_desk_follow_state(desk);
}

/* To be called often, also when nothing comes: reports that have arrived, and whether the market is silent. */
static inline void llt_desk_look(llt_desk *desk, int64_t now_ns) {
    llt_desk_deliver(desk, now_ns);
    llt_sync_is_stale(desk->sync, now_ns);
    llt_desk_follow_state(desk);
}

#endif

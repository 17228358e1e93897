/* The pipeline on cores of its own: receive | trade | transmit, joined by two rings. One thread runs each part.
 *
 * No tick is lost on the way, the book would be wrong: what finds the ring full waits, and what waits longer waits in
 * the socket. An order that was accepted and booked must get to the sender, who alone asks the kill switch: nothing
 * stands between its word and the send.
 *
 * Whoever receives reads the exchange's reports too, so that all that comes in reaches the book's thread by one ring.
 */
#ifndef LLT_PIPELINE_SPLIT_H
#define LLT_PIPELINE_SPLIT_H

#include "llt_pipeline_tend.h"

#define LLT_REPORTS_EVERY 16 /* reads of a market that never pauses, until reports are looked for */

/* Until the ring of ticks is closed and empty. */
static inline void llt_pipeline_trade_all(llt_pipeline *pipeline, llt_spsc_consumer *ticks,
                                          llt_spsc_producer *orders, bool yields) {
    const llt_outbox outbox = {orders, yields};
    llt_trade_stamps at;
    llt_pipeline_order order;
    while (true) {
        bool closed = llt_spsc_is_closed(ticks->ring); /* before the look: what came before the end is seen */
        const llt_tick *waiting = (const llt_tick *)llt_seq_peek(ticks);
        if (waiting == NULL) {
            if (closed) {
                return;
            }
            if (pipeline->tending.every_ns != 0) {
                llt_pipeline_tend(pipeline, llt_monotonic_ns(), &outbox);
            }
            llt_pipeline_idle(yields);
            continue;
        }
        at.taken = llt_ticks();
        const llt_tick tick = *waiting;
        llt_seq_release(ticks);
        const int64_t now_ns = llt_monotonic_ns();
        llt_pipeline_tend(pipeline, now_ns, &outbox);
        if (__builtin_expect(tick.type == LLT_RECORD_REPORT, 0)) {
            llt_report report;
            memcpy(&report, &tick, sizeof report);
            llt_pipeline_hear(pipeline, &report, now_ns, &outbox);
            continue;
        }
        if (llt_pipeline_trade(pipeline, &tick, &at, &order, now_ns, llt_router_hand_over)) {
            *(llt_pipeline_order *)llt_pipeline_slot(orders, yields) = order;
            llt_seq_commit(orders);
            llt_pipeline_note_order(pipeline, &order, now_ns);
        }
        llt_pipeline_account_tick(pipeline, &tick, &at);
        if (at.booked != 0) {
            llt_spans_record(&pipeline->spans, LLT_SPAN_HOP_IN, tick.parsed, at.taken);
        }
    }
}

/* Sends one order or request that waits; false when none does. With `*code` set, or for an order a tripped switch, it
 * is counted instead. */
static inline bool llt_pipeline_send_waiting(llt_pipeline *pipeline, llt_spsc_consumer *orders, int *code) {
    const llt_pipeline_order *waiting = (const llt_pipeline_order *)llt_seq_peek(orders);
    if (waiting == NULL) {
        return false;
    }
    const uint64_t taken = llt_ticks();
    const llt_pipeline_order order = *waiting;
    llt_seq_release(orders);
    if (__builtin_expect(order.kind != LLT_ORDER_MESSAGE_NEW, 0)) {
        *code = *code != 0 ? *code : llt_pipeline_send_request(pipeline, &order);
        return true;
    }
    llt_kill_switch *kill = pipeline->instruments[order.symbol_id - 1].orders.router->kill;
    if (*code != 0 || !llt_kill_may_send(kill)) {
        llt_add_relaxed(&pipeline->unsent, 1); /* relaxed: a count */
        return true;
    }
    *code = llt_pipeline_send(pipeline, &order, taken, false);
    llt_kill_sent(kill);
    if (__builtin_expect(*code != 0, 0)) {
        llt_add_relaxed(&pipeline->unsent, 1); /* relaxed: a count */
    } else {
        llt_spans_record(&pipeline->spans, LLT_SPAN_HOP_OUT, order.checked, taken);
    }
    return true;
}

/* Until the ring of orders is closed and empty: `code`, or the errno of the send after which nothing was sent any
 * more. With `code` set nothing is from the start. */
static inline int llt_pipeline_transmit(llt_pipeline *pipeline, llt_spsc_consumer *orders, bool yields, int code) {
    while (true) {
        llt_spans_follow(&pipeline->spans, LLT_PART_SEND);
        bool closed = llt_spsc_is_closed(orders->ring); /* before the look: what came before the end is seen */
        if (llt_pipeline_send_waiting(pipeline, orders, &code)) {
            continue;
        }
        llt_pipeline_look_at_sent(pipeline, closed);
        if (closed) {
            return code;
        }
        llt_pipeline_idle(yields);
    }
}

/* The way to the thread that trades; and that of its orders, where this one sends too. */
typedef struct {
    llt_spsc_producer *ticks;
    llt_spsc_consumer *orders; /* NULL: another thread sends */
    bool yields;
    int failed; /* errno of a send */
} llt_inlet;

/* A slot in the ring of ticks. While it is full orders are sent: its reader may be waiting for room in their ring. */
static inline void *llt_inlet_slot(llt_pipeline *pipeline, llt_inlet *inlet) {
    void *slot = llt_seq_reserve(inlet->ticks);
    while (slot == NULL) {
        if (inlet->orders == NULL || !llt_pipeline_send_waiting(pipeline, inlet->orders, &inlet->failed)) {
            llt_pipeline_idle(inlet->yields);
        }
        slot = llt_seq_reserve(inlet->ticks);
    }
    return slot;
}

/* Passes on the reports that are there. 0 or an errno. */
static inline int llt_inlet_pass_reports(llt_pipeline *pipeline, llt_inlet *inlet) {
    llt_report_socket *reports = pipeline->reports;
    llt_report report;
    llt_report_outcome outcome = LLT_REPORT_NONE;
    int code = reports->fd >= 0 ? llt_report_read(reports) : 0;
    while (code == 0 && (outcome = llt_report_next(reports, &report)) == LLT_REPORT_TAKEN) {
        *(llt_report *)llt_inlet_slot(pipeline, inlet) = report;
        llt_seq_commit(inlet->ticks);
    }
    return llt_pipeline_judge_reports(pipeline, code, outcome);
}

/* Where the market gives nothing to do. 0 or an errno. */
static inline int llt_inlet_rest(llt_pipeline *pipeline, llt_inlet *inlet) {
    const int code = llt_inlet_pass_reports(pipeline, inlet);
    if (inlet->orders != NULL && llt_pipeline_send_waiting(pipeline, inlet->orders, &inlet->failed)) {
        return code;
    }
    llt_feed_idle(pipeline->feed);
    if (inlet->orders != NULL) {
        llt_pipeline_look_at_sent(pipeline, false);
    }
    llt_pipeline_idle(inlet->yields);
    return code;
}

/* 0 at `limit` messages, a shutdown, the end of the feed or a send that failed; else an errno. */
static inline int llt_inlet_run(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token, llt_inlet *inlet) {
    llt_feed_socket *feed = pipeline->feed;
    int bad = 0, code = 0;
    while (code == 0 && inlet->failed == 0 && pipeline->received < limit &&
           (token == NULL || !llt_shutdown_requested(token))) {
        llt_spans_follow(&pipeline->spans, LLT_PART_RECEIVE);
        if (inlet->orders != NULL) {
            llt_spans_follow(&pipeline->spans, LLT_PART_SEND);
        }
        code = llt_feed_read(feed);
        const unsigned char *message = code == 0 ? llt_feed_next(feed, &bad) : NULL;
        const bool nothing = message == NULL;
        while (message != NULL) {
            llt_tick *tick = (llt_tick *)llt_inlet_slot(pipeline, inlet);
            llt_pipeline_parse(pipeline, message, feed->received_ticks, feed->read_ticks, llt_ticks(), tick);
            llt_seq_commit(inlet->ticks);
            message = llt_feed_next(feed, &bad);
            if (inlet->orders != NULL) {
                llt_pipeline_send_waiting(pipeline, inlet->orders, &inlet->failed);
            }
        }
        if (bad) {
            code = EBADMSG;
        } else if (code == 0 && nothing) {
            code = llt_inlet_rest(pipeline, inlet);
        } else if (code == 0) {
            llt_pipeline_account_read(pipeline);
            code = feed->reads % LLT_REPORTS_EVERY == 0 ? llt_inlet_pass_reports(pipeline, inlet) : 0;
        }
    }
    return code == LLT_FEED_CLOSED ? 0 : code;
}

/* The first part on a core of its own. The caller closes the ring. */
static inline int llt_pipeline_receive(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token,
                                       llt_spsc_producer *ticks, bool yields) {
    llt_inlet inlet = {.ticks = ticks, .yields = yields};
    return llt_inlet_run(pipeline, limit, token, &inlet);
}

/* Receive and transmit by one thread: an order that waits goes out before the next message is looked at. It closes the
 * ring of ticks itself, and then transmits until that of orders is closed. */
static inline int llt_pipeline_gateway(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token,
                                       llt_spsc_producer *ticks, llt_spsc_consumer *orders, bool yields) {
    llt_inlet inlet = {.ticks = ticks, .orders = orders, .yields = yields};
    const int code = llt_inlet_run(pipeline, limit, token, &inlet);
    llt_spsc_close(ticks->ring);
    const int failed = llt_pipeline_transmit(pipeline, orders, yields, inlet.failed);
    return failed != 0 ? failed : code;
}

#endif

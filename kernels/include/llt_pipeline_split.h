/* The pipeline on cores of its own: receive | trade | transmit, joined by two rings. One thread runs each part.
 *
 * No tick is lost on the way, the book would be wrong: what finds the ring full waits, and what waits longer waits in
 * the socket. An order that was accepted and booked must get to the sender, who alone asks the kill switch: nothing
 * stands between its word and the send.
 */
#ifndef LLT_PIPELINE_SPLIT_H
#define LLT_PIPELINE_SPLIT_H

#include "llt_pipeline.h"
#include "llt_spsc_sequenced.h"

static inline void *llt_pipeline_slot(llt_spsc_producer *ring, bool yields) {
    void *slot = llt_seq_reserve(ring);
    while (slot == NULL) {
        llt_pipeline_idle(yields);
        slot = llt_seq_reserve(ring);
    }
    return slot;
}

/* 0 at `limit` messages, a shutdown or the end of the feed; else an errno. The caller closes the ring. */
static inline int llt_pipeline_receive(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token,
                                       llt_spsc_producer *ticks, bool yields) {
    llt_feed_socket *feed = pipeline->feed;
    int bad = 0;
    while (pipeline->received < limit && (token == NULL || !llt_shutdown_requested(token))) {
        int code = llt_feed_read(feed);
        if (code != 0) {
            return code == LLT_FEED_CLOSED ? 0 : code;
        }
        const unsigned char *message = llt_feed_next(feed, &bad);
        if (message == NULL && !bad) {
            llt_feed_idle(feed);
            llt_pipeline_idle(yields);
            continue;
        }
        while (message != NULL) {
            llt_tick *tick = (llt_tick *)llt_pipeline_slot(ticks, yields);
            llt_pipeline_parse(pipeline, message, feed->received_ticks, feed->read_ticks, llt_ticks(), tick);
            llt_seq_commit(ticks);
            message = llt_feed_next(feed, &bad);
        }
        llt_pipeline_account_read(pipeline);
        if (bad) {
            return EBADMSG;
        }
    }
    return 0;
}

/* Until the ring of ticks is closed and empty. */
static inline void llt_pipeline_trade_all(llt_pipeline *pipeline, llt_spsc_consumer *ticks,
                                          llt_spsc_producer *orders, bool yields) {
    llt_trade_stamps at;
    llt_pipeline_order order;
    while (true) {
        bool closed = llt_spsc_is_closed(ticks->ring); /* before the look: what came before the end is seen */
        const llt_tick *waiting = (const llt_tick *)llt_seq_peek(ticks);
        if (waiting == NULL) {
            if (closed) {
                return;
            }
            llt_pipeline_idle(yields);
            continue;
        }
        at.taken = llt_ticks();
        const llt_tick tick = *waiting;
        llt_seq_release(ticks);
        const int64_t now_ns = llt_monotonic_ns();
        if (llt_pipeline_trade(pipeline, &tick, &at, &order, now_ns, llt_router_hand_over)) {
            *(llt_pipeline_order *)llt_pipeline_slot(orders, yields) = order;
            llt_seq_commit(orders);
            llt_pipeline_end_unanswered(pipeline, &order, now_ns);
        }
        llt_pipeline_account_tick(pipeline, &tick, &at);
    }
}

/* Sends one order that waits; false when none does. With `*code` set, or a tripped switch, it is counted instead. */
static inline bool llt_pipeline_send_waiting(llt_pipeline *pipeline, llt_spsc_consumer *orders, int *code) {
    const llt_pipeline_order *waiting = (const llt_pipeline_order *)llt_seq_peek(orders);
    if (waiting == NULL) {
        return false;
    }
    const uint64_t taken = llt_ticks();
    const llt_pipeline_order order = *waiting;
    llt_seq_release(orders);
    llt_kill_switch *kill = pipeline->instruments[order.symbol_id - 1].router->kill;
    if (*code != 0 || !llt_kill_may_send(kill)) {
        pipeline->unsent++;
        return true;
    }
    *code = llt_pipeline_send(pipeline, &order, taken, false);
    llt_kill_sent(kill);
    pipeline->unsent += *code != 0;
    return true;
}

/* Until the ring of orders is closed and empty: 0, or the errno of the send after which nothing was sent any more. */
static inline int llt_pipeline_transmit(llt_pipeline *pipeline, llt_spsc_consumer *orders, bool yields) {
    int code = 0;
    while (true) {
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

/* Receive and transmit by one thread: an order that waits goes out before the next message is looked at. As
 * llt_pipeline_receive, but it closes the ring of ticks itself, and then transmits until that of orders is closed. */
static inline int llt_pipeline_gateway(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token,
                                       llt_spsc_producer *ticks, llt_spsc_consumer *orders, bool yields) {
    llt_feed_socket *feed = pipeline->feed;
    int bad = 0, failed = 0, code = 0;
    while (code == 0 && failed == 0 && pipeline->received < limit &&
           (token == NULL || !llt_shutdown_requested(token))) {
        code = llt_feed_read(feed);
        const unsigned char *message = code == 0 ? llt_feed_next(feed, &bad) : NULL;
        const bool nothing = message == NULL;
        while (message != NULL) {
            llt_tick *tick = (llt_tick *)llt_seq_reserve(ticks);
            if (tick != NULL) {
                llt_pipeline_parse(pipeline, message, feed->received_ticks, feed->read_ticks, llt_ticks(), tick);
                llt_seq_commit(ticks);
                message = llt_feed_next(feed, &bad);
            }
            /* Also while the ring of ticks is full: its reader may be waiting for room in the other one. */
            llt_pipeline_send_waiting(pipeline, orders, &failed);
        }
        if (bad) {
            code = EBADMSG;
        } else if (!nothing) {
            llt_pipeline_account_read(pipeline);
        } else if (!llt_pipeline_send_waiting(pipeline, orders, &failed)) {
            llt_feed_idle(feed);
            llt_pipeline_look_at_sent(pipeline, false);
            llt_pipeline_idle(yields);
        }
    }
    llt_spsc_close(ticks->ring);
    if (failed != 0) {
        llt_pipeline_transmit(pipeline, orders, yields);
        return failed;
    }
    failed = llt_pipeline_transmit(pipeline, orders, yields);
    return failed != 0 ? failed : code == LLT_FEED_CLOSED ? 0 : code;
}

#endif

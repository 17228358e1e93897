/* All stages of the pipeline on one core, each tick run to completion before the next one is looked at. */
#ifndef LLT_PIPELINE_ALONE_H
#define LLT_PIPELINE_ALONE_H

#include "llt_pipeline_tend.h"

#define LLT_PIPELINE_CLOCK_EVERY 256 /* messages between two looks at the clock where no read gives one */

/* 0, or an errno of the send. `dry`, a constant, leaves it out. */
static inline __attribute__((always_inline)) int llt_pipeline_complete(llt_pipeline *pipeline,
                                                                       const unsigned char *text, uint64_t received,
                                                                       uint64_t read, uint64_t begun, int64_t now_ns,
                                                                       bool dry) {
    llt_tick tick;
    llt_trade_stamps at;
    llt_pipeline_order order;
    llt_pipeline_parse(pipeline, text, received, read, begun, &tick);
    at.taken = tick.parsed;
    if (llt_pipeline_trade(pipeline, &tick, &at, &order, now_ns, llt_router_submit)) {
        int code = llt_pipeline_send(pipeline, &order, order.checked, dry);
        llt_router_sent(pipeline->instruments[order.symbol_id - 1].orders.router);
        if (__builtin_expect(code != 0, 0)) {
            llt_add_relaxed(&pipeline->unsent, 1); /* relaxed: a count */
            return code;
        }
        llt_pipeline_note_order(pipeline, &order, now_ns);
    }
    llt_pipeline_account_tick(pipeline, &tick, &at);
    return 0;
}

/* Beside the ticks: reports, and what is looked after. 0 or an errno. */
static inline int llt_pipeline_look_around(llt_pipeline *pipeline, int64_t now_ns) {
    static const llt_outbox here = {.ring = NULL};
    const int code = pipeline->reports->fd >= 0 ? llt_pipeline_hear_all(pipeline, now_ns, &here) : 0;
    return code != 0 ? code : llt_pipeline_tend(pipeline, now_ns, &here);
}

/* Until `limit` messages, a shutdown, the end of the feed (0) or an errno. */
static inline int llt_pipeline_run(llt_pipeline *pipeline, uint64_t limit, const llt_shutdown *token, bool yields) {
    llt_feed_socket *feed = pipeline->feed;
    int bad = 0;
    while (pipeline->received < limit && (token == NULL || !llt_shutdown_requested(token))) {
        llt_spans_follow(&pipeline->spans, LLT_PART_RECEIVE);
        llt_spans_follow(&pipeline->spans, LLT_PART_SEND);
        int code = llt_feed_read(feed);
        if (code != 0) {
            llt_pipeline_look_at_sent(pipeline, true);
            return code == LLT_FEED_CLOSED ? 0 : code;
        }
        const unsigned char *message = llt_feed_next(feed, &bad);
        if (message == NULL) {
            if (bad) {
                return EBADMSG;
            }
            if (pipeline->tending.every_ns != 0 &&
                (code = llt_pipeline_look_around(pipeline, llt_monotonic_ns())) != 0) {
                return code;
            }
            llt_feed_idle(feed);
            llt_pipeline_look_at_sent(pipeline, false);
            llt_pipeline_idle(yields);
            continue;
        }
        const int64_t now_ns = llt_monotonic_ns();
        while (message != NULL) {
            code = llt_pipeline_complete(pipeline, message, feed->received_ticks, feed->read_ticks, llt_ticks(), now_ns,
                                         false);
            if (code != 0) {
                return code;
            }
            message = llt_feed_next(feed, &bad);
        }
        llt_pipeline_account_read(pipeline);
        if (bad) {
            return EBADMSG;
        }
        if (now_ns >= pipeline->tending.due_ns && (code = llt_pipeline_look_around(pipeline, now_ns)) != 0) {
            return code;
        }
    }
    llt_pipeline_look_at_sent(pipeline, true);
    return 0;
}

/* All stages but the sockets, as fast as they go; where the first message starts that is none, or `size`. */
static inline size_t llt_pipeline_take(llt_pipeline *pipeline, const unsigned char *text, size_t size) {
    size_t at = 0, until_clock = 0;
    int64_t now_ns = 0;
    while (llt_message_check(text, size, at) == LLT_MESSAGE_OK) {
        if (until_clock == 0) {
            now_ns = llt_monotonic_ns();
            until_clock = LLT_PIPELINE_CLOCK_EVERY;
        }
        until_clock--;
        const uint64_t now = llt_ticks();
        llt_pipeline_complete(pipeline, text + at, 0, now, now, now_ns, true);
        at += LLT_MESSAGE_SIZE;
    }
    return at;
}

#endif

/* What the exchange says of orders that were sent, and what is asked about them; on the thread that trades.
 *
 * An order without an answer becomes UNKNOWN and is asked about, never sent again; one that rests too long is cancelled.
 */
#ifndef LLT_PIPELINE_ANSWERS_H
#define LLT_PIPELINE_ANSWERS_H

#include "llt_pipeline_send.h"
#include "llt_spsc_sequenced.h"

/* The way to the thread that sends: a ring, or NULL where that is this one. */
typedef struct {
    llt_spsc_producer *ring;
    bool yields;
} llt_outbox;

static inline void *llt_pipeline_slot(llt_spsc_producer *ring, bool yields) {
    void *slot = llt_seq_reserve(ring);
    while (slot == NULL) {
        llt_pipeline_idle(yields);
        slot = llt_seq_reserve(ring);
    }
    return slot;
}

/* A cancel or a query: 0, or the errno of the send. */
static inline int llt_pipeline_ask(llt_pipeline *pipeline, const llt_instrument *instrument, const llt_order *order,
                                   uint32_t kind, const llt_outbox *outbox) {
    const llt_pipeline_order request = {.order_id = order->id,
                                        .price = order->price,
                                        .quantity = order->quantity,
                                        .symbol_id = (uint32_t)instrument->orders.number + 1,
                                        .side = order->side & 1,
                                        .kind = kind & 3};
    if (outbox->ring == NULL) {
        return llt_pipeline_send_request(pipeline, &request);
    }
    *(llt_pipeline_order *)llt_pipeline_slot(outbox->ring, outbox->yields) = request;
    llt_seq_commit(outbox->ring);
    return 0;
}

/* Books a report. 0, or the errno of a question that it raised. */
static inline int llt_pipeline_hear(llt_pipeline *pipeline, const llt_report *report, int64_t now_ns,
                                    const llt_outbox *outbox) {
    if (report->symbol_id - 1 >= pipeline->count) {
        llt_add_relaxed(&pipeline->foreign, 1); /* relaxed: a count */
        return 0;
    }
    llt_instrument *instrument = &pipeline->instruments[report->symbol_id - 1];
    llt_order_manager *orders = &instrument->orders;
    if (report->kind == LLT_PAPER_FILL) {
        const int64_t rate = report->maker != 0 ? pipeline->maker_rate : pipeline->taker_rate;
        llt_manager_fill(orders, report->order_id, report->execution_id, report->price, report->quantity,
                         report->cumulative, llt_fee(report->price, report->quantity, rate), now_ns);
        return 0;
    }
    if (report->kind != LLT_REPORT_UNKNOWN) {
        const bool counts = llt_manager_on(orders, report->order_id, llt_paper_event_of(report->kind), now_ns);
        instrument->missing += counts && report->kind == LLT_PAPER_NOT_FOUND;
        return 0;
    }
    llt_manager_on(orders, report->order_id, LLT_ORDER_ON_LOST, now_ns);
    const llt_order *order = llt_orders_find(&orders->router->orders, report->order_id);
    return order == NULL ? 0 : llt_pipeline_ask(pipeline, instrument, order, LLT_ORDER_MESSAGE_QUERY, outbox);
}

/* What reading reports has come to: 0 or an errno, after which nothing is heard of orders any more. */
static inline int llt_pipeline_judge_reports(llt_pipeline *pipeline, int code, llt_report_outcome outcome) {
    const int judged = outcome == LLT_REPORT_BAD ? EBADMSG : code;
    if (judged != 0) {
        llt_store_relaxed(&pipeline->orders_failed, 1); /* relaxed: who looks does so again and again */
    }
    return judged;
}

/* Where reports come on this thread: books those that are there. 0 or an errno. */
static inline int llt_pipeline_hear_all(llt_pipeline *pipeline, int64_t now_ns, const llt_outbox *outbox) {
    llt_report_socket *reports = pipeline->reports;
    llt_report report;
    int code = llt_report_read(reports);
    llt_report_outcome outcome = LLT_REPORT_NONE;
    while (code == 0 && (outcome = llt_report_next(reports, &report)) == LLT_REPORT_TAKEN) {
        code = llt_pipeline_hear(pipeline, &report, now_ns, outbox);
    }
    return llt_pipeline_judge_reports(pipeline, code, outcome);
}

/* Looks after one order. 0 or an errno. */
static inline int llt_pipeline_tend_order(llt_pipeline *pipeline, llt_instrument *instrument, const llt_order *order,
                                          int64_t now_ns, const llt_outbox *outbox) {
    const int64_t age_ns = now_ns - order->since_ns;
    if ((order->state == LLT_ORDER_OPEN || order->state == LLT_ORDER_PARTIAL) && age_ns >= pipeline->tending.life_ns) {
        llt_manager_on(&instrument->orders, order->id, LLT_ORDER_ON_CANCEL_SENT, now_ns);
        return llt_pipeline_ask(pipeline, instrument, order, LLT_ORDER_MESSAGE_CANCEL, outbox);
    }
    if (llt_order_waits(order) && age_ns >= pipeline->tending.answer_ns) {
        llt_manager_on(&instrument->orders, order->id, LLT_ORDER_ON_LOST, now_ns);
        return llt_pipeline_ask(pipeline, instrument, order, LLT_ORDER_MESSAGE_QUERY, outbox);
    }
    return 0;
}

/* Takes every live order off, and asks about those that are not known: those whose last request is `repeat_ns` old, or
 * that have had none. How many requests were sent is added to `*sent`. 0 or an errno. */
static inline int llt_pipeline_cancel_all(llt_pipeline *pipeline, int64_t now_ns, int64_t repeat_ns,
                                          const llt_outbox *outbox, uint64_t *sent) {
    for (uint32_t at = 0; at < pipeline->count; at++) {
        llt_instrument *instrument = &pipeline->instruments[at];
        const llt_orders *orders = &instrument->orders.router->orders;
        for (uint64_t place = 0; place <= orders->mask; place++) {
            const llt_order *order = &orders->slots[place];
            const bool asked = order->state == LLT_ORDER_PENDING_CANCEL || order->state == LLT_ORDER_UNKNOWN;
            if (!llt_order_is_live(order) || (asked && now_ns - order->since_ns < repeat_ns)) {
                continue;
            }
            const bool is_unknown = order->state == LLT_ORDER_UNKNOWN;
            llt_manager_on(&instrument->orders, order->id, is_unknown ? LLT_ORDER_ON_LOST : LLT_ORDER_ON_CANCEL_SENT,
                           now_ns);
            const int code = llt_pipeline_ask(pipeline, instrument, order,
                                              is_unknown ? LLT_ORDER_MESSAGE_QUERY : LLT_ORDER_MESSAGE_CANCEL, outbox);
            if (code != 0) {
                return code;
            }
            ++*sent;
        }
    }
    return 0;
}

/* The way to the exchange is gone: what has no answer yet is not known. */
static inline void llt_pipeline_lose_orders(llt_pipeline *pipeline, int64_t now_ns) {
    for (uint32_t at = 0; at < pipeline->count; at++) {
        llt_order_manager *manager = &pipeline->instruments[at].orders;
        for (uint64_t place = 0; place <= manager->router->orders.mask; place++) {
            const llt_order *order = &manager->router->orders.slots[place];
            if (order->state != LLT_ORDER_UNKNOWN && llt_order_waits(order)) {
                llt_manager_on(manager, order->id, LLT_ORDER_ON_LOST, now_ns);
            }
        }
    }
}

#endif

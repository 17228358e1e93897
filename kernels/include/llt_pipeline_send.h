/* The last stages: an order, or a request about one, as bytes and into the socket; and the kernel's stamps of what left.
 * On the one thread that sends.
 */
#ifndef LLT_PIPELINE_SEND_H
#define LLT_PIPELINE_SEND_H

#include "llt_pipeline.h"

static inline llt_wire_order llt_pipeline_wire_order(const llt_pipeline_order *order) {
    return (llt_wire_order){order->order_id, order->price, order->quantity, order->symbol_id, order->side};
}

/* 0 or an errno, and then nothing can be sent any more: what part of it left is not known. */
static inline int llt_pipeline_put(llt_pipeline *pipeline, const unsigned char *text, size_t size) {
    const int code = llt_order_socket_send(pipeline->out, text, size);
    if (__builtin_expect(code != 0, 0)) {
        llt_store_relaxed(&pipeline->orders_failed, 1); /* relaxed: who looks does so again and again */
    }
    return code;
}

/* Serialises and sends; `taken` is when this began. 0 or an errno. With `dry` nothing is sent. */
static inline __attribute__((always_inline)) int llt_pipeline_send(llt_pipeline *pipeline,
                                                                   const llt_pipeline_order *order, uint64_t taken,
                                                                   bool dry) {
    const llt_spans *spans = &pipeline->spans;
    const llt_wire_order wanted = llt_pipeline_wire_order(order);
    size_t size = 0;
    const unsigned char *text = llt_order_wire_write(pipeline->wire, &wanted, LLT_ORDER_MESSAGE_NEW, &size);
    const uint64_t serialised = llt_ticks();
    if (!dry) {
        int code = llt_pipeline_put(pipeline, text, size);
        if (__builtin_expect(code != 0, 0)) {
            return code;
        }
        llt_spans_record(spans, LLT_SPAN_SEND, serialised, llt_ticks());
        if (pipeline->out->stamped) {
            llt_order_socket_expect(pipeline->out, size, serialised, order->received);
        }
    }
    llt_spans_record(spans, LLT_SPAN_SERIALISE, taken, serialised);
    llt_spans_record(spans, LLT_SPAN_TO_TRADE, order->read, serialised);
    llt_spans_record_response(spans, LLT_SPAN_TRADE_RESPONSE, order->number, serialised);
    return 0;
}

/* Sends a request about an order: the kill switch does not keep it back, and no span is about it. 0 or an errno. */
static inline int llt_pipeline_send_request(llt_pipeline *pipeline, const llt_pipeline_order *order) {
    const llt_wire_order wanted = llt_pipeline_wire_order(order);
    size_t size = 0;
    const unsigned char *text = llt_order_wire_write(pipeline->wire, &wanted, (uint8_t)order->kind, &size);
    const int code = llt_pipeline_put(pipeline, text, size);
    if (code == 0 && pipeline->out->stamped) {
        llt_order_socket_expect(pipeline->out, size, 0, 0);
    }
    return code;
}

/* Behind an order that was sent, or handed over to be; on the thread that trades. */
static inline void llt_pipeline_note_order(const llt_pipeline *pipeline, const llt_pipeline_order *order,
                                           int64_t now_ns) {
    llt_order_manager *orders = &pipeline->instruments[order->symbol_id - 1].orders;
    llt_manager_log(orders, LLT_LOG_ORDER, (int64_t)order->order_id, order->side, order->price, order->quantity);
    if (pipeline->unanswered) {
        llt_router_on(orders->router, order->order_id, LLT_ORDER_ON_EXPIRED, now_ns);
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

#endif

/* What the thread that trades looks after beside the ticks: a market that is silent, a loss, a supervisor that is gone,
 * orders that rest too long or have no answer, and the counts that others read.
 *
 * It costs well below a microsecond each time: the table of orders is walked a piece at a time, and only while there are
 * live ones. No other thread touches what the thread that trades owns; others read its counts through a seqlock.
 */
#ifndef LLT_PIPELINE_TEND_H
#define LLT_PIPELINE_TEND_H

#include "llt_pipeline_answers.h"

#define LLT_TEND_ORDERS 64 /* places of the table that are looked at each time */

/* The counts of one instrument, of one instant. */
typedef struct {
    llt_account account;
    uint64_t state; /* llt_sync_state */
    int64_t updated_ns;
    uint64_t quotes, trades, crossed, stale;
    uint64_t accepted, cancels, overfills, duplicates, late, illegal, live, unknown, missing, held_by_breaker;
    uint64_t denied[LLT_ROUTER_DENIALS];
} llt_instrument_status;

static inline void llt_pipeline_publish(const llt_instrument *instrument) {
    const llt_router *router = instrument->orders.router;
    llt_instrument_status status = {.account = router->account,
                                    .state = (uint64_t)instrument->state,
                                    .updated_ns = instrument->updated_ns,
                                    .quotes = instrument->quotes,
                                    .trades = instrument->trades,
                                    .crossed = instrument->crossed,
                                    .stale = instrument->stale,
                                    .accepted = router->accepted,
                                    .cancels = router->cancels,
                                    .overfills = router->overfills,
                                    .duplicates = router->orders.duplicates,
                                    .late = router->orders.late,
                                    .illegal = router->orders.illegal,
                                    .live = router->orders.live,
                                    .unknown = router->orders.unknown,
                                    .missing = instrument->missing,
                                    .held_by_breaker = instrument->orders.held_by_breaker};
    memcpy(status.denied, router->denied, sizeof status.denied);
    llt_seqlock_write(instrument->status, &status, sizeof status);
}

static inline int llt_pipeline_tend_instrument(llt_pipeline *pipeline, llt_instrument *instrument, int64_t now_ns,
                                               const llt_outbox *outbox) {
    llt_router *router = instrument->orders.router;
    if (instrument->state == LLT_SYNC_LIVE && now_ns - instrument->updated_ns > pipeline->tending.stale_ns) {
        instrument->stale++;
        router->live = 0;
        llt_pipeline_enter(instrument, LLT_SYNC_STALE);
    }
    llt_router_watch(router, now_ns, pipeline->tending.kill_stale_ns, pipeline->tending.supervisor_ns);
    int code = 0;
    for (uint64_t looked = 0; code == 0 && router->orders.live != 0 && looked < LLT_TEND_ORDERS; looked++) {
        const llt_order *order = &router->orders.slots[instrument->tended++ & router->orders.mask];
        code = llt_pipeline_tend_order(pipeline, instrument, order, now_ns, outbox);
    }
    if (instrument->status != NULL) {
        llt_pipeline_publish(instrument);
    }
    return code;
}

/* When it is due. 0, or the errno of a request that could not be sent. */
static inline int llt_pipeline_tend(llt_pipeline *pipeline, int64_t now_ns, const llt_outbox *outbox) {
    if (__builtin_expect(now_ns < pipeline->tending.due_ns, 1)) {
        return 0;
    }
    pipeline->tending.due_ns = now_ns + pipeline->tending.every_ns;
    llt_spans_follow(&pipeline->spans, LLT_PART_TRADE);
    int code = 0;
    for (uint32_t at = 0; at < pipeline->count && code == 0; at++) {
        code = llt_pipeline_tend_instrument(pipeline, &pipeline->instruments[at], now_ns, outbox);
    }
    return code;
}

#endif

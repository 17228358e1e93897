/* Paper exchange of one instrument: matches own orders against the recorded or live market. One thread.
 *
 * The market does not notice these orders: what they take is there again at the next change of the book. An order
 *
 *   arrives one entry latency after it was sent, and then sees the book as it is at that moment
 *   is refused by the exchange's filters, with the reason
 *   takes what the book displays at prices it crosses, level by level from the touch, at their prices
 *   rests with the rest: ahead of it is what its level displays; trades by the other side shorten that queue, only what
 *   they exceed it by fills; a level that displays less shortens it too, a level that is gone ends it
 *   is filled whole when a trade prints beyond its price, and from the displayed quantity when the book crosses it
 *
 * and each report reaches its owner one response latency later. Latencies are constant plus a uniform part from a
 * seeded generator, and never overtake one another, as on one connection: equal input gives equal output.
 *
 * Asked about an order, it says all its fills again and then the order's state: whoever books fills by their execution
 * ids can ask as often as he likes. Ended orders and executions are remembered in rings: those of long ago are unknown.
 *
 * Own orders are few: they are one array, walked at each trade and each change of the book. Memory for reports grows
 * with those that are on their way, and is kept.
 */
#ifndef LLT_PAPER_H
#define LLT_PAPER_H

#include "llt_paper_state.h"

static inline void llt_paper_fill(llt_paper *paper, llt_paper_order *order, int64_t price, int64_t quantity,
                                  uint32_t maker, int64_t now_ns) {
    const int64_t rate = maker != 0 ? paper->model.maker_rate : paper->model.taker_rate;
    order->filled += quantity;
    llt_paper_report report = {.id = order->id, .execution_id = ++paper->execution_count, .price = price,
                               .quantity = quantity, .cumulative = order->filled,
                               .fee = llt_fee(price, quantity, rate), .side = order->side,
                               .kind = LLT_PAPER_FILL, .maker = maker};
    paper->executions[report.execution_id & (LLT_PAPER_ENDED - 1)] = report;
    llt_account_fill(&paper->account, order->side, price, quantity, report.fee);
    llt_paper_report_at(paper, report, now_ns);
}

static inline int64_t llt_paper_left(const llt_paper_order *order) { return order->quantity - order->filled; }

static inline int64_t llt_paper_at_most(int64_t one, int64_t other) { return one < other ? one : other; }

/* Quantities above int64 are displayed by nobody; one that is counts as the largest. */
static inline int64_t llt_paper_displayed(uint64_t quantity) {
    return quantity > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)quantity;
}

/* Takes what the other side displays at prices that the order crosses; a maker trades at its own price. */
static inline void llt_paper_take(llt_paper *paper, llt_paper_order *order, uint32_t maker, int64_t now_ns) {
    const llt_l2_side *other = &paper->book->sides[order->side ^ 1];
    int64_t *taken = &paper->taken[order->side ^ 1], skip = *taken;
    for (size_t rank = 0; rank < other->count && llt_paper_left(order) > 0; rank++) {
        int64_t price = llt_l2_price(other, rank);
        int64_t displayed = llt_paper_displayed(llt_l2_quantity(other, rank));
        if (order->side == 0 ? price > order->price : price < order->price) {
            return;
        }
        int64_t gone = llt_paper_at_most(skip, displayed);
        int64_t quantity = llt_paper_at_most(displayed - gone, llt_paper_left(order));
        skip -= gone;
        if (quantity > 0) {
            llt_paper_fill(paper, order, maker != 0 ? order->price : price, quantity, maker, now_ns);
            *taken += quantity;
        }
    }
}

static inline int64_t llt_paper_quantity_at(const llt_l2_side *side, int64_t price) {
    return llt_paper_displayed(llt_l2_quantity_at(side, price));
}

static inline size_t llt_paper_find(const llt_paper *paper, uint64_t id) {
    size_t at = 0;
    while (at < paper->open && paper->orders[at].id != id) {
        at++;
    }
    return at;
}

static inline const llt_paper_order *llt_paper_find_ended(const llt_paper *paper, uint64_t id) {
    for (uint64_t back = 1; back <= paper->ended_count && back <= LLT_PAPER_ENDED; back++) {
        const llt_paper_order *ended = &paper->ended[(paper->ended_count - back) & (LLT_PAPER_ENDED - 1)];
        if (ended->id == id) {
            return ended;
        }
    }
    return NULL;
}

/* The reason why the exchange refuses it, LLT_PAPER_NO_REASON when it does not. */
static inline uint32_t llt_paper_refuse(const llt_paper *paper, const llt_paper_request *request) {
    const llt_paper_filters *filters = &paper->filters;
    llt_int128 scaled = (llt_int128)request->price * LLT_PAPER_SCALE;
    if (request->side > 1) {
        return LLT_PAPER_SIDE;
    }
    if (request->price < filters->min_price || request->price > filters->max_price || request->price < 1 ||
        request->price % filters->tick != 0) {
        return LLT_PAPER_PRICE_FILTER;
    }
    if (request->quantity < filters->min_quantity || request->quantity > filters->max_quantity ||
        request->quantity < 1 || request->quantity % filters->lot != 0) {
        return LLT_PAPER_LOT_SIZE;
    }
    if ((llt_int128)request->price * request->quantity < filters->min_notional) {
        return LLT_PAPER_NOTIONAL;
    }
    if (paper->last_price != 0 &&
        ((filters->price_up != 0 && scaled > (llt_int128)paper->last_price * filters->price_up) ||
         (filters->price_down != 0 && scaled < (llt_int128)paper->last_price * filters->price_down))) {
        return LLT_PAPER_PERCENT_PRICE;
    }
    if (paper->open == paper->room || (int64_t)paper->open >= filters->max_orders) {
        return LLT_PAPER_MAX_ORDERS;
    }
    llt_int128 bought = (llt_int128)paper->account.position + request->quantity;
    for (size_t at = 0; at < paper->open; at++) {
        bought += paper->orders[at].side == 0 ? llt_paper_left(&paper->orders[at]) : 0;
    }
    if (request->side == 0 && bought > filters->max_position) {
        return LLT_PAPER_MAX_POSITION;
    }
    return llt_paper_find(paper, request->id) < paper->open || llt_paper_find_ended(paper, request->id) != NULL
               ? LLT_PAPER_DUPLICATE_ID
               : LLT_PAPER_NO_REASON;
}

static inline void llt_paper_arrive(llt_paper *paper, const llt_paper_request *request, int64_t now_ns) {
    llt_paper_order order = {.id = request->id, .price = request->price, .quantity = request->quantity,
                             .side = request->side, .state = LLT_PAPER_ACCEPTED};
    uint32_t reason = llt_paper_refuse(paper, request);
    if (reason != LLT_PAPER_NO_REASON) {
        if (reason != LLT_PAPER_DUPLICATE_ID) {
            llt_paper_remember(paper, &order, LLT_PAPER_REJECTED);
        }
        llt_paper_say(paper, &order, LLT_PAPER_REJECTED, reason, 0, now_ns);
        return;
    }
    llt_paper_say(paper, &order, LLT_PAPER_ACCEPTED, 0, 0, now_ns);
    llt_paper_take(paper, &order, 0, now_ns);
    if (llt_paper_left(&order) == 0) {
        llt_paper_remember(paper, &order, LLT_PAPER_FILL);
    } else if (request->kind == LLT_PAPER_NEW_IOC) {
        llt_paper_remember(paper, &order, LLT_PAPER_EXPIRED);
        llt_paper_say(paper, &order, LLT_PAPER_EXPIRED, 0, 0, now_ns);
    } else {
        order.ahead = llt_paper_quantity_at(&paper->book->sides[order.side], order.price);
        paper->orders[paper->open++] = order;
    }
}

static inline void llt_paper_cancel(llt_paper *paper, uint64_t id, int64_t now_ns) {
    size_t at = llt_paper_find(paper, id);
    if (at == paper->open) {
        const llt_paper_order unknown = {.id = id};
        const llt_paper_order *ended = llt_paper_find_ended(paper, id);
        llt_paper_say(paper, ended != NULL ? ended : &unknown,
                      ended != NULL ? LLT_PAPER_CANCEL_REJECTED : LLT_PAPER_NOT_FOUND, 0, 0, now_ns);
        return;
    }
    llt_paper_say(paper, &paper->orders[at], LLT_PAPER_CANCELED, 0, 0, now_ns);
    llt_paper_end(paper, at, LLT_PAPER_CANCELED);
}

/* Says the order's fills again, then what it is; LLT_PAPER_NOT_FOUND for an order that never was here. */
static inline void llt_paper_answer(llt_paper *paper, uint64_t id, int64_t now_ns) {
    size_t at = llt_paper_find(paper, id);
    const llt_paper_order *order = at < paper->open ? &paper->orders[at] : llt_paper_find_ended(paper, id);
    if (order == NULL) {
        llt_paper_order unknown = {.id = id};
        llt_paper_say(paper, &unknown, LLT_PAPER_NOT_FOUND, 0, 1, now_ns);
        return;
    }
    uint64_t count = paper->execution_count;
    for (uint64_t number = count < LLT_PAPER_ENDED ? 1 : count - LLT_PAPER_ENDED + 1; number <= count; number++) {
        llt_paper_report execution = paper->executions[number & (LLT_PAPER_ENDED - 1)];
        if (execution.id == id) {
            execution.again = 1;
            llt_paper_report_at(paper, execution, now_ns);
        }
    }
    if (order->state != LLT_PAPER_FILL) {
        llt_paper_say(paper, order, order->state, 0, 1, now_ns);
    }
}

/* Lets the requests arrive that are due by `now_ns`. Before each change of the book: they saw it as it was. */
static inline void llt_paper_advance(llt_paper *paper, int64_t now_ns) {
    while (paper->requests_out != paper->requests_in) {
        const llt_paper_request request = paper->requests[paper->requests_out & paper->request_mask];
        if (request.due_ns > now_ns) {
            return;
        }
        paper->requests_out++;
        switch (request.kind) {
        case LLT_PAPER_CANCEL:
            llt_paper_cancel(paper, request.id, request.due_ns);
            break;
        case LLT_PAPER_CANCEL_ALL:
            while (paper->open != 0) {
                llt_paper_cancel(paper, paper->orders[0].id, request.due_ns);
            }
            break;
        case LLT_PAPER_QUERY:
            llt_paper_answer(paper, request.id, request.due_ns);
            break;
        default:
            llt_paper_arrive(paper, &request, request.due_ns);
        }
    }
}

/* Takes filled orders off the book. */
static inline void llt_paper_sweep(llt_paper *paper) {
    for (size_t at = 0; at < paper->open;) {
        if (llt_paper_left(&paper->orders[at]) == 0) {
            llt_paper_end(paper, at, LLT_PAPER_FILL);
        } else {
            at++;
        }
    }
}

/* The book has changed. */
static inline void llt_paper_on_book(llt_paper *paper, int64_t now_ns) {
    paper->taken[0] = paper->taken[1] = 0;
    for (size_t at = 0; at < paper->open; at++) {
        llt_paper_order *order = &paper->orders[at];
        order->ahead =
            llt_paper_at_most(order->ahead, llt_paper_quantity_at(&paper->book->sides[order->side], order->price));
        llt_paper_take(paper, order, 1, now_ns);
    }
    llt_paper_sweep(paper);
}

/* A trade of `quantity` printed at `price`; `sold` when the seller came to a resting buyer. */
static inline void llt_paper_on_trade(llt_paper *paper, int64_t price, int64_t quantity, uint32_t sold,
                                      int64_t now_ns) {
    uint32_t side = sold != 0 ? 0 : 1; /* of the resting orders that it meets */
    int64_t left = quantity;           /* behind own orders that came earlier */
    paper->last_price = price;
    for (size_t at = 0; at < paper->open; at++) {
        llt_paper_order *order = &paper->orders[at];
        if (order->side != side) {
            continue;
        }
        if (side == 0 ? order->price > price : order->price < price) {
            llt_paper_fill(paper, order, order->price, llt_paper_left(order), 1, now_ns);
        } else if (order->price == price) {
            int64_t excess = left - order->ahead;
            order->ahead -= llt_paper_at_most(order->ahead, left);
            int64_t filled = llt_paper_at_most(excess, llt_paper_left(order));
            if (filled > 0) {
                llt_paper_fill(paper, order, order->price, filled, 1, now_ns);
                left -= filled;
            }
        }
    }
    llt_paper_sweep(paper);
}

/* The next report that has reached its owner by `now_ns`, NULL when there is none; llt_paper_taken when it is used. */
static inline const llt_paper_report *llt_paper_next(const llt_paper *paper, int64_t now_ns) {
    const llt_paper_report *report = &paper->reports[paper->reports_out & paper->report_mask];
    return paper->reports_out != paper->reports_in && report->due_ns <= now_ns ? report : NULL;
}

static inline void llt_paper_taken(llt_paper *paper) { paper->reports_out++; }

#endif

/* What a paper exchange knows, and the way between it and its owner: requests there, reports back, each with a latency.
 *
 * Latencies are constant plus a uniform part from a seeded generator, and never overtake one another, as on one
 * connection. Open orders are one array in the order of their arrival; ended ones and executions are kept in rings.
 * Matching: llt_paper.h.
 */
#ifndef LLT_PAPER_STATE_H
#define LLT_PAPER_STATE_H

#include <string.h>

#include "llt_account.h"
#include "llt_l2_book.h"
#include "llt_orders.h"

#define LLT_PAPER_ENDED 4096      /* ended orders and executions remembered; a power of two */
#define LLT_PAPER_SCALE 100000000 /* of rates and multipliers */

typedef enum {
    LLT_PAPER_ACCEPTED,
    LLT_PAPER_REJECTED,
    LLT_PAPER_FILL,
    LLT_PAPER_CANCELED,
    LLT_PAPER_CANCEL_REJECTED,
    LLT_PAPER_EXPIRED,
    LLT_PAPER_NOT_FOUND
} llt_paper_kind;

/* What a report says to the state of its order; not of LLT_PAPER_FILL, which is booked. */
static inline llt_order_event llt_paper_event_of(uint32_t kind) {
    static const uint8_t events[] = {[LLT_PAPER_ACCEPTED] = LLT_ORDER_ON_ACCEPTED,
                                     [LLT_PAPER_REJECTED] = LLT_ORDER_ON_REJECTED,
                                     [LLT_PAPER_CANCELED] = LLT_ORDER_ON_CANCELED,
                                     [LLT_PAPER_CANCEL_REJECTED] = LLT_ORDER_ON_CANCEL_REJECTED,
                                     [LLT_PAPER_EXPIRED] = LLT_ORDER_ON_EXPIRED,
                                     [LLT_PAPER_NOT_FOUND] = LLT_ORDER_ON_NOT_FOUND};
    return (llt_order_event)events[kind];
}

typedef enum {
    LLT_PAPER_NO_REASON,
    LLT_PAPER_PRICE_FILTER,  /* price outside its range or no multiple of the tick */
    LLT_PAPER_LOT_SIZE,      /* quantity outside its range or no multiple of the lot */
    LLT_PAPER_NOTIONAL,      /* price times quantity too small */
    LLT_PAPER_PERCENT_PRICE, /* too far from the last price */
    LLT_PAPER_MAX_ORDERS,    /* too many of them are open */
    LLT_PAPER_MAX_POSITION,  /* bought and open buys would be too much */
    LLT_PAPER_DUPLICATE_ID,  /* an order of this id was here */
    LLT_PAPER_SIDE           /* neither 0 nor 1 */
} llt_paper_reason;

typedef struct {
    int64_t min_price, max_price, tick;
    int64_t min_quantity, max_quantity, lot;
    llt_int128 min_notional;
    int64_t price_up, price_down; /* multipliers of the last price, x 10^8; 0: not checked */
    int64_t max_orders;
    int64_t max_position;
} llt_paper_filters;

typedef struct {
    int64_t maker_rate, taker_rate; /* of the notional, x 10^8 */
    int64_t entry_ns, response_ns;
    int64_t jitter_ns; /* uniform part of both latencies: 0 .. jitter_ns - 1 */
    uint64_t seed;
} llt_paper_model;

typedef enum {
    LLT_PAPER_NEW,
    LLT_PAPER_NEW_IOC,
    LLT_PAPER_CANCEL,
    LLT_PAPER_CANCEL_ALL,
    LLT_PAPER_QUERY
} llt_paper_request_kind;

typedef struct {
    int64_t due_ns;
    uint64_t id;
    int64_t price;
    int64_t quantity;
    uint32_t side;
    uint32_t kind;
} llt_paper_request;

typedef struct {
    uint64_t id;
    int64_t price;
    int64_t quantity;
    int64_t filled;
    int64_t ahead; /* quantity that is filled before it */
    uint32_t side;
    uint32_t state; /* llt_paper_kind that ended it; LLT_PAPER_ACCEPTED while it is open */
} llt_paper_order;

typedef struct {
    int64_t due_ns;
    uint64_t id;
    uint64_t execution_id; /* of a fill; else 0 */
    int64_t price;
    int64_t quantity;   /* of a fill; else that of the order */
    int64_t cumulative; /* filled so far */
    llt_int128 fee;
    uint32_t side;
    uint16_t kind;
    uint16_t reason;
    uint32_t maker;
    uint32_t again; /* said before: the answer to a question */
    uint64_t reserved;
} llt_paper_report;

_Static_assert(sizeof(llt_paper_report) == 96, "no padding to copy by accident");

typedef struct {
    const llt_l2_book *book;
    llt_paper_filters filters;
    llt_paper_model model;
    llt_account account;
    llt_paper_order *orders; /* in the order of their arrival */
    size_t open, room;
    llt_paper_request *requests; /* ring */
    uint64_t request_mask, requests_in, requests_out;
    llt_paper_report *reports; /* ring */
    uint64_t report_mask, reports_in, reports_out;
    llt_paper_order *ended;
    llt_paper_report *executions;
    uint64_t ended_count, execution_count;
    int64_t last_price;
    int64_t taken[2]; /* quantity taken from each side of the book since it changed */
    int64_t last_entry_ns, last_response_ns;
    uint64_t random;
    uint64_t lost_reports; /* found no memory */
} llt_paper;

static inline void llt_paper_destroy(llt_paper *paper) {
    free(paper->orders);
    free(paper->requests);
    free(paper->reports);
    free(paper->ended);
    free(paper->executions);
    *paper = (llt_paper){0};
}

/* `room` (a power of two) orders are open, and as many requests under way, at most. -1 without memory. */
static inline int llt_paper_init(llt_paper *paper, const llt_l2_book *book, const llt_paper_filters *filters,
                                 const llt_paper_model *model, size_t room) {
    *paper = (llt_paper){.book = book, .filters = *filters, .model = *model, .room = room, .request_mask = room - 1,
                         .report_mask = room - 1, .last_entry_ns = INT64_MIN, .last_response_ns = INT64_MIN,
                         .random = model->seed};
    paper->orders = (llt_paper_order *)calloc(room, sizeof *paper->orders);
    paper->requests = (llt_paper_request *)calloc(room, sizeof *paper->requests);
    paper->reports = (llt_paper_report *)calloc(room, sizeof *paper->reports);
    paper->ended = (llt_paper_order *)calloc(LLT_PAPER_ENDED, sizeof *paper->ended);
    paper->executions = (llt_paper_report *)calloc(LLT_PAPER_ENDED, sizeof *paper->executions);
    if (paper->orders == NULL || paper->requests == NULL || paper->reports == NULL || paper->ended == NULL ||
        paper->executions == NULL) {
        llt_paper_destroy(paper);
        return -1;
    }
    return 0;
}

/* splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t llt_paper_random(llt_paper *paper) {
    uint64_t mixed = (paper->random += 0x9e3779b97f4a7c15ull);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

static inline int64_t llt_paper_after(llt_paper *paper, int64_t now_ns, int64_t latency_ns, int64_t *last_ns) {
    uint64_t jitter = (uint64_t)paper->model.jitter_ns;
    int64_t due_ns = now_ns + latency_ns + (jitter == 0 ? 0 : (int64_t)(llt_paper_random(paper) % jitter));
    return *last_ns = due_ns > *last_ns ? due_ns : *last_ns;
}

/* Sends a request at `now_ns`; false when as many as there is room for are under way. */
static inline bool llt_paper_send(llt_paper *paper, uint32_t kind, uint64_t id, uint32_t side, int64_t price,
                                  int64_t quantity, int64_t now_ns) {
    if (paper->requests_in - paper->requests_out > paper->request_mask) {
        return false;
    }
    int64_t due_ns = llt_paper_after(paper, now_ns, paper->model.entry_ns, &paper->last_entry_ns);
    paper->requests[paper->requests_in++ & paper->request_mask] =
        (llt_paper_request){due_ns, id, price, quantity, side, kind};
    return true;
}

static inline int llt_paper_grow_reports(llt_paper *paper) {
    uint64_t size = paper->report_mask + 1;
    llt_paper_report *larger = (llt_paper_report *)malloc(2 * size * sizeof *larger);
    if (larger == NULL) {
        return -1;
    }
    for (uint64_t at = paper->reports_out; at != paper->reports_in; at++) {
        larger[at & (2 * size - 1)] = paper->reports[at & paper->report_mask];
    }
    free(paper->reports);
    paper->reports = larger;
    paper->report_mask = 2 * size - 1;
    return 0;
}

static inline void llt_paper_report_at(llt_paper *paper, llt_paper_report report, int64_t now_ns) {
    if (paper->reports_in - paper->reports_out > paper->report_mask && llt_paper_grow_reports(paper) != 0) {
        paper->lost_reports++;
        return;
    }
    report.due_ns = llt_paper_after(paper, now_ns, paper->model.response_ns, &paper->last_response_ns);
    paper->reports[paper->reports_in++ & paper->report_mask] = report;
}

static inline void llt_paper_say(llt_paper *paper, const llt_paper_order *order, uint32_t kind, uint32_t reason,
                                 uint32_t again, int64_t now_ns) {
    llt_paper_report report = {.id = order->id, .price = order->price, .quantity = order->quantity,
                               .cumulative = order->filled, .side = order->side, .kind = (uint16_t)kind,
                               .reason = (uint16_t)reason, .again = again};
    llt_paper_report_at(paper, report, now_ns);
}

static inline void llt_paper_remember(llt_paper *paper, const llt_paper_order *order, uint32_t kind) {
    llt_paper_order *ended = &paper->ended[paper->ended_count++ & (LLT_PAPER_ENDED - 1)];
    *ended = *order;
    ended->state = kind;
}

/* Takes the order at place `at` off the book; the others keep their order. */
static inline void llt_paper_end(llt_paper *paper, size_t at, uint32_t kind) {
    llt_paper_remember(paper, &paper->orders[at], kind);
    paper->open--;
    memmove(&paper->orders[at], &paper->orders[at + 1], (paper->open - at) * sizeof *paper->orders);
}

#endif

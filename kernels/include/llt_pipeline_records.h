/* What goes through the rings between the pipeline's threads: a tick, a report of the exchange, an order or a request
 * about one. Each fills a cache line with its number in the ring.
 *
 * Ticks and reports come by the same ring, so that the thread that trades has one place to look at and one order of
 * events; `type` tells them apart.
 */
#ifndef LLT_PIPELINE_RECORDS_H
#define LLT_PIPELINE_RECORDS_H

#include <stddef.h>
#include <stdint.h>

#include "llt_message.h"
#include "llt_order_message.h"

#define LLT_RECORD_REPORT 3 /* beside the types of llt_message.h */

typedef struct {
    uint64_t received; /* 0: the kernel gave no stamp */
    uint64_t read;
    uint64_t begun;
    uint64_t parsed;
    int64_t price;
    uint64_t quantity;
    uint32_t symbol_id;
    uint32_t type;
} llt_tick;

typedef struct {
    uint64_t order_id;
    uint64_t execution_id; /* of a fill; else 0 */
    int64_t price;
    int64_t quantity;
    int64_t cumulative;
    uint8_t kind; /* llt_paper_kind, or LLT_REPORT_UNKNOWN */
    uint8_t maker;
    uint8_t reserved[6];
    uint32_t symbol_id;
    uint32_t type; /* LLT_RECORD_REPORT */
} llt_report;

typedef struct {
    uint64_t received;
    uint64_t read;
    uint64_t checked;
    uint64_t order_id;
    int64_t price;
    int64_t quantity;
    uint32_t symbol_id;
    uint32_t side : 1;
    uint32_t kind : 2;    /* LLT_ORDER_MESSAGE_NEW, or what is asked about an order that was sent */
    uint32_t number : 29; /* of the tick; the largest stands for all beyond */
} llt_pipeline_order;

#define LLT_LAST_NUMBER ((uint32_t)0x1fffffff)

_Static_assert(sizeof(llt_tick) + 8 == 64 && sizeof(llt_pipeline_order) + 8 == 64, "one line in a ring");
_Static_assert(sizeof(llt_report) == sizeof(llt_tick) && offsetof(llt_report, type) == offsetof(llt_tick, type),
               "a report goes where a tick does");

#endif

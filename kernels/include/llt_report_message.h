/* What the simulated exchange says of a packed order: 48 bytes, little endian on every host.
 *
 *   offset 0   u8   kind          llt_paper_kind; 255: it does not know what became of the order, ask
 *          1   u8   reason        llt_paper_reason
 *          2   u8   again         the answer to a question
 *          3   u8   maker
 *          4   u32  symbol_id     from 1
 *          8   u64  order_id
 *          16  u64  execution_id
 *          24  i64  price         fixed point, 8 decimals; of a fill its own, else the order's
 *          32  u64  quantity      the same
 *          40  u64  cumulative    filled so far
 */
#ifndef LLT_REPORT_MESSAGE_H
#define LLT_REPORT_MESSAGE_H

#include <stdbool.h>

#include "llt_bytes.h"
#include "llt_paper_state.h"
#include "llt_pipeline_records.h"

#define LLT_REPORT_MESSAGE_SIZE 48
#define LLT_REPORT_UNKNOWN 255

/* False when these LLT_REPORT_MESSAGE_SIZE bytes are no report. Quantities beyond int64 are none. */
static inline bool llt_report_parse(const unsigned char *text, llt_report *report) {
    const uint64_t quantity = llt_load_le64(text + 32), cumulative = llt_load_le64(text + 40);
    *report = (llt_report){.kind = text[0],
                           .maker = text[3] != 0,
                           .symbol_id = llt_load_le32(text + 4),
                           .type = LLT_RECORD_REPORT,
                           .order_id = llt_load_le64(text + 8),
                           .execution_id = llt_load_le64(text + 16),
                           .price = (int64_t)llt_load_le64(text + 24),
                           .quantity = (int64_t)quantity,
                           .cumulative = (int64_t)cumulative};
    return (text[0] <= LLT_PAPER_NOT_FOUND || text[0] == LLT_REPORT_UNKNOWN) && quantity <= INT64_MAX &&
           cumulative <= INT64_MAX && (text[0] != LLT_PAPER_FILL || quantity != 0);
}

#endif

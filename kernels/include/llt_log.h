/* Log of a hot thread: fixed binary records through an SPSC ring, turned into text by another thread.
 *
 * Writing is a stamp, a few stores and a publish: no formatting, no lock, no allocation, no system call. A full ring
 * never stops the hot thread: the record is dropped and counted. The count has one writer, the hot thread.
 */
#ifndef LLT_LOG_H
#define LLT_LOG_H

#include "llt_arch.h"
#include "llt_spsc_sequenced.h"

#define LLT_LOG_ARGUMENTS 5

typedef struct {
    uint64_t ticks;
    uint32_t event; /* which text */
    uint8_t code;   /* of codes.pxd */
    uint8_t count;  /* of arguments */
    uint8_t reserved[2];
    int64_t arguments[LLT_LOG_ARGUMENTS];
} llt_log_record;

_Static_assert(sizeof(llt_log_record) == 56, "with its number a record fills one 64-byte line");

typedef struct {
    llt_spsc_producer out;
    llt_atomic_u64 dropped;
} llt_log;

/* False when the ring was full: the record is lost, and counted. `count` is at most LLT_LOG_ARGUMENTS. */
static inline bool llt_log_write(llt_log *log, uint32_t event, uint8_t code, const int64_t *arguments, uint8_t count) {
    llt_log_record *record = (llt_log_record *)llt_seq_reserve(&log->out);
    if (__builtin_expect(record == NULL, 0)) {
        llt_store_relaxed(&log->dropped, llt_load_relaxed(&log->dropped) + 1); /* relaxed: one writer, a count */
        return false;
    }
    record->ticks = llt_ticks();
    record->event = event;
    record->code = code;
    record->count = count;
    for (size_t i = 0; i < count; i++) {
        record->arguments[i] = arguments[i];
    }
    llt_seq_commit(&log->out);
    return true;
}

#endif

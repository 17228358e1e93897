/* Raw durations of one run: a fixed buffer, written in order, never grown.
 *
 * The owner allocates and prefaults `ticks`. A sample that finds the buffer full is counted in `lost`, so that a
 * run can never look complete when it is not. 8 bytes a sample: a stall of minutes keeps its exact length.
 */
#ifndef LLT_RECORDER_H
#define LLT_RECORDER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t *ticks;
    size_t capacity;
    size_t count;
    uint64_t lost;
} llt_recorder;

static inline void llt_record(llt_recorder *recorder, uint64_t ticks) {
    if (__builtin_expect(recorder->count < recorder->capacity, 1)) {
        recorder->ticks[recorder->count++] = ticks;
    } else {
        recorder->lost++;
    }
}

#endif

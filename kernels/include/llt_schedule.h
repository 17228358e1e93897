/* Ticks at a wanted time of another clock, on the line through two pairings of both clocks.
 *
 * Integers throughout: the product of two 64-bit lengths needs 128 bits, and a double would lose the last ticks.
 */
#ifndef LLT_SCHEDULE_H
#define LLT_SCHEDULE_H

#include <stdint.h>

static inline uint64_t llt_ticks_at(uint64_t first_ticks, uint64_t ticks, int64_t first_ns, int64_t ns,
                                    int64_t wanted_ns) {
    return first_ticks + (uint64_t)((__int128)(wanted_ns - first_ns) * (__int128)ticks / ns);
}

#endif

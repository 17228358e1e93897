/* The bucket layout of HdrHistogram with 3 significant digits and unit 1, for all 64-bit values.
 *
 * 2048 buckets of width 1, then 1024 of width 2, 1024 of width 4 ...: each value is known to 1 part in 1024.
 * (Source: HdrHistogram, AbstractHistogram.countsArrayIndex and valueFromIndex.)
 */
#ifndef LLT_HDR_H
#define LLT_HDR_H

#include <stddef.h>
#include <stdint.h>

#define LLT_HDR_HALF_BITS 10
#define LLT_HDR_HALF ((size_t)1 << LLT_HDR_HALF_BITS)
#define LLT_HDR_BUCKETS ((64 - LLT_HDR_HALF_BITS + 1) * LLT_HDR_HALF)

static inline size_t llt_hdr_index(uint64_t value) {
    unsigned highest_bit = 63u ^ (unsigned)__builtin_clzll(value | (2 * LLT_HDR_HALF - 1)); /* one instruction on x86 */
    unsigned shift = highest_bit - LLT_HDR_HALF_BITS;
    return ((size_t)shift << LLT_HDR_HALF_BITS) + (size_t)(value >> shift);
}

static inline uint64_t llt_hdr_lowest(size_t index) {
    if (index < 2 * LLT_HDR_HALF) {
        return index;
    }
    unsigned shift = (unsigned)(index >> LLT_HDR_HALF_BITS) - 1;
    return ((uint64_t)(index & (LLT_HDR_HALF - 1)) | LLT_HDR_HALF) << shift;
}

#endif

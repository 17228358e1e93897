/* Histogram of durations in constant memory: the HDR layout of llt_hdr.h over all 64-bit values.
 *
 * Nothing is ever out of range, so nothing is lost: recording is an index (one count of leading zeros, one shift) and an
 * increment. Minimum, maximum and sum are exact, and a quarter of what a record costs (benchmarks/primitive_peers.py
 * shows the counts alone). The scan of a percentile is bounded by the buckets of minimum and maximum. One thread writes;
 * the sum wraps after 2^64.
 */
#ifndef LLT_HISTOGRAM_H
#define LLT_HISTOGRAM_H

#include <stdlib.h>
#include <string.h>

#include "llt_hdr.h"

typedef struct {
    uint64_t *counts; /* LLT_HDR_BUCKETS */
    uint64_t minimum;
    uint64_t maximum;
    uint64_t sum;
} llt_histogram;

static inline void llt_histogram_reset(llt_histogram *histogram) {
    memset(histogram->counts, 0, LLT_HDR_BUCKETS * sizeof *histogram->counts);
    histogram->minimum = UINT64_MAX;
    histogram->maximum = 0;
    histogram->sum = 0;
}

/* -1 when memory is not to be had. Every page is written, so that no value pays for a first touch. */
static inline int llt_histogram_init(llt_histogram *histogram) {
    histogram->counts = (uint64_t *)malloc(LLT_HDR_BUCKETS * sizeof *histogram->counts);
    if (histogram->counts == NULL) {
        return -1;
    }
    llt_histogram_reset(histogram);
    return 0;
}

static inline void llt_histogram_destroy(llt_histogram *histogram) { free(histogram->counts); }

static inline void llt_histogram_record(llt_histogram *histogram, uint64_t value) {
    histogram->counts[llt_hdr_index(value)]++;
    /* Load and store by themselves: recent processors keep such a word in a register from one to the next, which they do
     * not for an addition in memory, and each sum waits for the one before. */
    uint64_t sum = histogram->sum + value;
    __asm__("" : "+r"(sum));
    histogram->sum = sum;
    if (__builtin_expect(value < histogram->minimum, 0)) {
        histogram->minimum = value;
    }
    if (__builtin_expect(value > histogram->maximum, 0)) {
        histogram->maximum = value;
    }
}

static inline void llt_histogram_add(llt_histogram *to, const llt_histogram *from) {
    for (size_t at = 0; at < LLT_HDR_BUCKETS; at++) {
        to->counts[at] += from->counts[at];
    }
    to->sum += from->sum;
    to->minimum = from->minimum < to->minimum ? from->minimum : to->minimum;
    to->maximum = from->maximum > to->maximum ? from->maximum : to->maximum;
}

#define LLT_HISTOGRAM_CHUNK 32

/* Sum of one chunk of counts: a loop of fixed length, which the compiler turns into vector additions. */
static inline uint64_t llt_histogram_chunk(const uint64_t *counts) {
    uint64_t sum = 0;
    for (size_t i = 0; i < LLT_HISTOGRAM_CHUNK; i++) {
        sum += counts[i];
    }
    return sum;
}

_Static_assert(LLT_HDR_BUCKETS % LLT_HISTOGRAM_CHUNK == 0, "whole chunks");

static inline uint64_t llt_histogram_count(const llt_histogram *histogram) {
    uint64_t sum = 0;
    if (histogram->minimum <= histogram->maximum) {
        size_t last = llt_hdr_index(histogram->maximum) / LLT_HISTOGRAM_CHUNK;
        for (size_t at = llt_hdr_index(histogram->minimum) / LLT_HISTOGRAM_CHUNK; at <= last; at++) {
            sum += llt_histogram_chunk(histogram->counts + at * LLT_HISTOGRAM_CHUNK);
        }
    }
    return sum;
}

/* The lowest values of the buckets that hold the given ranks (1 .. count, ascending): one pass for all, in chunks. A
 * value below the minimum or above the maximum of what was recorded is never given.
 */
static inline void llt_histogram_at_ranks(const llt_histogram *histogram, const uint64_t *ranks, uint64_t *values,
                                          size_t count) {
    uint64_t below = 0;
    size_t chunk = llt_hdr_index(histogram->minimum) / LLT_HISTOGRAM_CHUNK;
    uint64_t in_chunk = llt_histogram_chunk(histogram->counts + chunk * LLT_HISTOGRAM_CHUNK);
    for (size_t which = 0; which < count; which++) {
        while (below + in_chunk < ranks[which]) {
            below += in_chunk;
            chunk++;
            in_chunk = llt_histogram_chunk(histogram->counts + chunk * LLT_HISTOGRAM_CHUNK);
        }
        uint64_t seen = below;
        size_t at = chunk * LLT_HISTOGRAM_CHUNK;
        while ((seen += histogram->counts[at]) < ranks[which]) {
            at++;
        }
        uint64_t value = llt_hdr_lowest(at);
        values[which] = value < histogram->minimum ? histogram->minimum : value;
    }
}

#endif

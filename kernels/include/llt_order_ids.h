/* Any 64-bit ids to 32-bit numbers of records that hold them: one cache line a look-up, nearly always.
 *
 * A bucket is a line with room for seven orders: 32 bits of the id's hash and the number of the record, which confirms
 * the id. All hashes of a bucket are compared at once. Groups of four ids that follow one another, as venues give
 * them, share a bucket; the groups are scattered, and no choice of ids makes them cluster but one made against this
 * very multiplier. An order whose bucket is full goes to the next one; each bucket counts those that passed it, so
 * that a search ends at the first that none has, and a removal leaves no grave. Growth needs the 32 bits, no record.
 */
#ifndef LLT_ORDER_IDS_H
#define LLT_ORDER_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "llt_arch.h"
#include "llt_large.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define LLT_BUCKET_ROOM 7
#define LLT_ORDER_GROUP 4

typedef struct {
    uint32_t hashes[LLT_BUCKET_ROOM];
    uint32_t passed; /* orders that belong here, or before, and lie behind */
    uint32_t numbers[LLT_BUCKET_ROOM + 1]; /* 0: empty; the last is nobody's */
} llt_order_bucket;

_Static_assert(sizeof(llt_order_bucket) == 64, "one line");

typedef struct {
    llt_order_bucket *buckets;
    size_t mask;    /* number of buckets - 1 */
    unsigned shift; /* 32 - log2 of their number */
    size_t used;
} llt_order_ids;

/* Buckets hold four orders on average at most. */
#define LLT_BUCKET_LOAD 4
#define LLT_ORDER_IDS_BITS 30

static inline bool llt_order_ids_init(llt_order_ids *ids, size_t orders) {
    unsigned bits = 4;
    while (bits < LLT_ORDER_IDS_BITS && ((size_t)LLT_BUCKET_LOAD << bits) < orders) {
        bits++;
    }
    ids->mask = ((size_t)1 << bits) - 1;
    ids->shift = 32 - bits;
    ids->used = 0;
    ids->buckets = (llt_order_bucket *)llt_large_zeroed((size_t)1 << bits, sizeof *ids->buckets);
    return ids->buckets != NULL;
}

/* Fibonacci hashing of the group, and the place in the group as it is. */
static inline uint32_t llt_order_hash(uint64_t id) {
    const uint64_t group = id / LLT_ORDER_GROUP;
    const uint64_t scattered = (group ^ group >> 32) * UINT64_C(0x9E3779B97F4A7C15);
    return ((uint32_t)(scattered >> 32) & ~(LLT_ORDER_GROUP - UINT32_C(1))) | (uint32_t)(id % LLT_ORDER_GROUP);
}

static inline size_t llt_order_home(const llt_order_ids *ids, uint32_t hash) { return hash >> ids->shift; }

static inline void llt_order_ids_prefetch(const llt_order_ids *ids, uint64_t id) {
    llt_prefetch(&ids->buckets[llt_order_home(ids, llt_order_hash(id))]);
}

/* A bit for each of the seven words that equals `wanted`. */
static inline unsigned llt_bucket_equal(const uint32_t *words, uint32_t wanted) {
#if defined(__x86_64__)
    const __m128i same = _mm_set1_epi32((int)wanted);
    const __m128i low = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(const void *)words), same);
    const __m128i high = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(const void *)(words + 4)), same);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(_mm_packs_epi32(low, high), _mm_setzero_si128())) & 0x7f;
#else
    unsigned equal = 0;
    for (unsigned lane = 0; lane < LLT_BUCKET_ROOM; lane++) {
        equal |= (unsigned)(words[lane] == wanted) << lane;
    }
    return equal;
#endif
}

/* Puts a number in the first bucket with room, from its home on. The caller has seen to it that there is one. */
static inline void llt_order_ids_put(llt_order_ids *ids, uint32_t hash, uint32_t number) {
    llt_order_bucket *bucket = &ids->buckets[llt_order_home(ids, hash)];
    unsigned empty;
    while ((empty = llt_bucket_equal(bucket->numbers, 0)) == 0) {
        bucket->passed++;
        bucket = &ids->buckets[(size_t)(bucket - ids->buckets + 1) & ids->mask];
    }
    const unsigned lane = (unsigned)__builtin_ctz(empty);
    bucket->hashes[lane] = hash;
    bucket->numbers[lane] = number;
}

/* Room for one more; false when memory is not to be had. */
static inline bool llt_order_ids_room(llt_order_ids *ids) {
    if (ids->used < LLT_BUCKET_LOAD * (ids->mask + 1)) {
        return true;
    }
    if (ids->shift == 32 - LLT_ORDER_IDS_BITS) {
        return ids->used < LLT_BUCKET_ROOM * ids->mask;
    }
    llt_order_ids larger = {.mask = 2 * ids->mask + 1, .shift = ids->shift - 1, .used = ids->used};
    larger.buckets = (llt_order_bucket *)llt_large_zeroed(larger.mask + 1, sizeof *larger.buckets);
    if (larger.buckets == NULL) {
        return false;
    }
    for (size_t at = 0; at <= ids->mask; at++) {
        for (unsigned lane = 0; lane < LLT_BUCKET_ROOM; lane++) {
            if (ids->buckets[at].numbers[lane] != 0) {
                llt_order_ids_put(&larger, ids->buckets[at].hashes[lane], ids->buckets[at].numbers[lane]);
            }
        }
    }
    free(ids->buckets);
    *ids = larger;
    return true;
}

/* Empties the place of a number that is there. */
static inline void llt_order_ids_remove(llt_order_ids *ids, uint32_t hash, uint32_t number) {
    llt_order_bucket *bucket = &ids->buckets[llt_order_home(ids, hash)];
    unsigned found;
    while ((found = llt_bucket_equal(bucket->numbers, number)) == 0) {
        bucket->passed--;
        bucket = &ids->buckets[(size_t)(bucket - ids->buckets + 1) & ids->mask];
    }
    bucket->numbers[__builtin_ctz(found)] = 0;
    ids->used--;
}

/* Number of the first order in the id's own bucket with its hash, 0 when there is none: a guess, without a branch. */
static inline uint32_t llt_order_ids_guess(const llt_order_ids *ids, uint64_t id) {
    const uint32_t hash = llt_order_hash(id);
    const llt_order_bucket *bucket = &ids->buckets[llt_order_home(ids, hash)];
    const unsigned found = llt_bucket_equal(bucket->hashes, hash) | 1u << LLT_BUCKET_ROOM;
    return bucket->numbers[__builtin_ctz(found)];
}

#endif

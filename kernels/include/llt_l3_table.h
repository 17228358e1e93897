/* Orders of any 64-bit ids: a byte of the id's hash tells where the record may lie, and the record confirms it.
 *
 * The table is a number of chunks, each with room for fifteen records and a byte for each, a tag of the id or zero. All
 * tags of a chunk are compared at once. Tags are a thirty-second of the records: those of a million orders stay near the
 * core, so that an id that is new, or not there, is found out without waiting for a record. The hash also chooses a line
 * of the chunk's records, which is asked for before the tags are looked at: three orders in four lie there, as long as
 * their chunk is half empty, and are found with the waits for tags and record at one time.
 *
 * The home chunk is chosen by a folded 128-bit product with the id, to which a number is added that each book draws by
 * lot: nobody can choose ids that crowd. An order whose home is full goes to the next chunk with room. Each chunk counts
 * those that passed it, so that a search ends at the first that none has, and a removal leaves no grave. A record stays
 * where it is for as long as its order lives in this table, so that its place is its number.
 *
 * Growth. A full table is followed by one of twice the size, whose records lie behind in the same array. Its memory is
 * touched by the orders that fill the last sixteenth of the one before, some chunks each. Then each new order takes a
 * chunk of the old table along, in the order of memory on both sides, since the home is the product's upper bits; a
 * search that finds nothing in the new table looks in the old one. No operation waits for more than a chunk, and a page.
 */
#ifndef LLT_L3_TABLE_H
#define LLT_L3_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_arch.h"
#include "llt_l3_order.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define LLT_CHUNK 16u /* records; the last is nobody's */
#define LLT_CHUNK_ROOM 15
#define LLT_CHUNK_LOAD 8 /* orders a chunk at most, on average: then one home of a hundred is full */
#define LLT_TABLE_LAST 16u   /* the last sixteenth of a table's orders touches the memory of the next one, */
#define LLT_TABLE_TOUCHED 4u /* so many chunks each: all of it before the table is full */
#define LLT_TABLE_DROP 4096u /* chunks, 2 MB of records, whose memory is given back at once */
#define LLT_PASSED_MANY UINT8_MAX /* no longer counted: there may always be some */

typedef struct {
    uint8_t tags[LLT_CHUNK_ROOM]; /* 0: free */
    uint8_t passed;               /* orders that belong here, or before, and lie behind */
} llt_l3_chunk;

_Static_assert(sizeof(llt_l3_chunk) == LLT_CHUNK, "one comparison");
_Static_assert(LLT_CHUNK_LOAD * LLT_TABLE_TOUCHED >= 2 * LLT_TABLE_LAST, "twice as many chunks, a sixteenth of the orders");

typedef struct {
    llt_l3_chunk *chunks;
    size_t count;   /* of its chunks */
    uint64_t lot;   /* added to each id */
    uint32_t first; /* number of its first record */
} llt_l3_table;

typedef struct {
    size_t chunk;
    unsigned lane; /* the first of a line of records */
    uint8_t tag;
} llt_l3_home;

/* Orders that a table takes before another follows. */
static inline size_t llt_l3_table_room(const llt_l3_table *table) { return table->count * LLT_CHUNK_LOAD; }

/* Orders that it takes before the next one's memory is touched. */
static inline size_t llt_l3_table_ample(const llt_l3_table *table) {
    return llt_l3_table_room(table) - llt_l3_table_room(table) / LLT_TABLE_LAST;
}

/* Number behind that of its last record. */
static inline size_t llt_l3_table_end(const llt_l3_table *table) {
    return table->first + LLT_CHUNK * table->count;
}

static inline void llt_l3_table_destroy(llt_l3_table *table) {
    llt_large_free(table->chunks, table->count, sizeof *table->chunks);
    *table = (llt_l3_table){0};
}

/* A table without orders, its records from `first` on. False: no memory, or more numbers than there are. */
static inline bool llt_l3_table_init(llt_l3_table *table, uint32_t first, size_t count, uint64_t lot) {
    *table = (llt_l3_table){.count = count, .lot = lot, .first = first};
    if (llt_l3_table_end(table) >= UINT32_MAX) {
        *table = (llt_l3_table){0};
        return false;
    }
    table->chunks = (llt_l3_chunk *)llt_large_zeroed(count, sizeof *table->chunks);
    return table->chunks != NULL;
}

/* Takes the page faults of some chunks and their records, which have no orders yet. */
static inline void llt_l3_table_touch(const llt_l3_table *table, const llt_l3_orders *orders, size_t chunk,
                                      size_t count) {
    llt_large_touch(&table->chunks[chunk], count * sizeof *table->chunks);
    llt_l3_orders_touch(orders, table->first + LLT_CHUNK * chunk, LLT_CHUNK * count);
}

/* Chunks that so many orders want, without touching the memory of another table. */
static inline size_t llt_l3_table_wanted(size_t orders) {
    return orders * LLT_TABLE_LAST / (LLT_TABLE_LAST - 1) / LLT_CHUNK_LOAD + 1;
}

static inline llt_l3_home llt_l3_table_home(const llt_l3_table *table, uint64_t id) {
    const unsigned __int128 product = (unsigned __int128)(id + table->lot) * UINT64_C(0x9E3779B97F4A7C15);
    const uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    const uint8_t tag = (uint8_t)folded;
    return (llt_l3_home){
        .chunk = (size_t)((unsigned __int128)folded * table->count >> 64),
        .lane = folded >> 8 & (LLT_CHUNK - 2),
        .tag = (uint8_t)(tag + (tag == 0)),
    };
}

static inline size_t llt_l3_table_after(const llt_l3_table *table, size_t chunk) {
    return chunk + 1 == table->count ? 0 : chunk + 1;
}

static inline uint32_t llt_l3_table_number(const llt_l3_table *table, size_t chunk, unsigned lane) {
    return table->first + LLT_CHUNK * (uint32_t)chunk + lane;
}

/* A bit for each tag of the chunk that equals `wanted`. */
static inline unsigned llt_l3_chunk_equal(const llt_l3_chunk *chunk, uint8_t wanted) {
#if defined(__x86_64__)
    const __m128i tags = _mm_load_si128((const __m128i *)(const void *)chunk);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(tags, _mm_set1_epi8((char)wanted))) & 0x7fff;
#else
    unsigned equal = 0;
    for (unsigned lane = 0; lane < LLT_CHUNK_ROOM; lane++) {
        equal |= (unsigned)(chunk->tags[lane] == wanted) << lane;
    }
    return equal;
#endif
}

/* One order more, or one less, lies behind. */
static inline void llt_l3_chunk_pass(llt_l3_chunk *chunk, int change) {
    if (chunk->passed != LLT_PASSED_MANY) {
        chunk->passed = (uint8_t)(chunk->passed + change);
    }
}

/* Asks for the two lines that an id will most likely need. */
static inline void llt_l3_table_prefetch(const llt_l3_table *table, const llt_l3_orders *orders, uint64_t id) {
    const llt_l3_home home = llt_l3_table_home(table, id);
    llt_prefetch(&table->chunks[home.chunk]);
    llt_prefetch(llt_l3_orders_named(orders, llt_l3_table_number(table, home.chunk, home.lane)));
}

/* Number of the live order of this id; 0 when there is none. */
static inline uint32_t llt_l3_table_find(const llt_l3_table *table, const llt_l3_orders *orders, uint64_t id) {
    const llt_l3_home home = llt_l3_table_home(table, id);
    llt_prefetch(llt_l3_orders_named(orders, llt_l3_table_number(table, home.chunk, home.lane)));
    for (size_t at = home.chunk;; at = llt_l3_table_after(table, at)) {
        for (unsigned left = llt_l3_chunk_equal(&table->chunks[at], home.tag); left != 0; left &= left - 1) {
            const uint32_t number = llt_l3_table_number(table, at, (unsigned)__builtin_ctz(left));
            if (llt_l3_orders_named(orders, number)->id == id) {
                return number;
            }
        }
        if (table->chunks[at].passed == 0) {
            return 0;
        }
    }
}

/* Number of the first record in the id's home with its tag, else of one that is nobody's: a guess, without a branch. */
static inline uint32_t llt_l3_table_guess(const llt_l3_table *table, uint64_t id) {
    const llt_l3_home home = llt_l3_table_home(table, id);
    const unsigned found = llt_l3_chunk_equal(&table->chunks[home.chunk], home.tag) | 1u << LLT_CHUNK_ROOM;
    return llt_l3_table_number(table, home.chunk, (unsigned)__builtin_ctz(found));
}

/* Number of a record for an id that is not live. The caller has seen to it that there is room. */
static inline uint32_t llt_l3_table_take(const llt_l3_table *table, const llt_l3_orders *orders, uint64_t id) {
    const llt_l3_home home = llt_l3_table_home(table, id);
    size_t at = home.chunk;
    unsigned empty;
    while ((empty = llt_l3_chunk_equal(&table->chunks[at], 0)) == 0) {
        llt_l3_chunk_pass(&table->chunks[at], 1);
        at = llt_l3_table_after(table, at);
    }
    /* The first free one from the home's line on, round the chunk. */
    const unsigned from = home.lane + (unsigned)__builtin_ctz((empty | empty << LLT_CHUNK_ROOM) >> home.lane);
    const unsigned lane = from < LLT_CHUNK_ROOM ? from : from - LLT_CHUNK_ROOM;
    table->chunks[at].tags[lane] = home.tag;
    const uint32_t number = llt_l3_table_number(table, at, lane);
    llt_l3_named_order *order = llt_l3_orders_named(orders, number);
    llt_prefetch_to_write(order);
    order->id = id;
    return number;
}

/* The record of `number`, which was taken, is free again. */
static inline void llt_l3_table_give_back(const llt_l3_table *table, const llt_l3_orders *orders, uint32_t number) {
    const size_t lies = (number - table->first) / LLT_CHUNK;
    table->chunks[lies].tags[(number - table->first) % LLT_CHUNK] = 0;
    size_t at = llt_l3_table_home(table, llt_l3_orders_named(orders, number)->id).chunk;
    for (; at != lies; at = llt_l3_table_after(table, at)) {
        llt_l3_chunk_pass(&table->chunks[at], -1);
    }
}

/* The order of `number` in the table `old` gets a record of `table`, whose number is given. Links are not looked at. */
static inline uint32_t llt_l3_table_move(const llt_l3_table *old, const llt_l3_table *table,
                                         const llt_l3_orders *orders, uint32_t number) {
    const uint32_t moved = llt_l3_table_take(table, orders, llt_l3_orders_named(orders, number)->id);
    *llt_l3_orders_named(orders, moved) = *llt_l3_orders_named(orders, number);
    llt_l3_table_give_back(old, orders, number);
    return moved;
}

#endif

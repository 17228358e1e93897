/* The fields of a FIX message: where each stands, its tag, and which tags are more than a tag.
 *
 * Tags, begins and ends lie side by side, each in an array of its own: ends are written sixteen at a time, and a search
 * for a tag reads tags only.
 */
#ifndef LLT_FIX_FIELDS_H
#define LLT_FIX_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#define LLT_FIX_SOH 1

/* What a field started with when its tag was read last: digits and '='. */
typedef struct {
    uint32_t head;  /* as four little-endian bytes */
    uint16_t tag;   /* of at most three digits */
    uint8_t size;   /* of the four bytes those that count */
    uint8_t unused; /* 32 less 8 for each */
} llt_fix_guess;

_Static_assert(sizeof(llt_fix_guess) == 8, "one load");

typedef struct {
    uint32_t *tags;
    uint32_t *begins; /* of the values, from the message's first byte */
    uint32_t *ends;   /* where their SOH is */
    llt_fix_guess *guesses;
    size_t room; /* of each array */
    size_t count;
} llt_fix_fields;

/* A field has at least four bytes, and sixteen places are written at once: room for any message of `size`. */
#define LLT_FIX_LANES 16
#define LLT_FIX_ROOM_FOR(size) ((size) / 4 + LLT_FIX_LANES)

/* Never right: no field starts with SOH. */
#define LLT_FIX_NO_GUESS ((llt_fix_guess){UINT32_C(0x01010101), 0, 4, 0})

/* Before the first message that is read into `fields`. */
static inline void llt_fix_fields_start(llt_fix_fields *fields) {
    for (size_t at = 0; at < fields->room; at++) {
        fields->guesses[at] = LLT_FIX_NO_GUESS;
    }
    fields->count = 0;
}

/* For a length tag the tag of its data, which follows at once; for a data tag LLT_FIX_IS_DATA; 8, 9 and 10 are the
 * frame's. */
#define LLT_FIX_IS_DATA 0xffff
#define LLT_FIX_IS_FRAME 0xfffe
#define LLT_FIX_PAIR(length, data) [length] = data, [data] = LLT_FIX_IS_DATA
static const uint16_t llt_fix_data_of[640] = {
    [8] = LLT_FIX_IS_FRAME, [9] = LLT_FIX_IS_FRAME, [10] = LLT_FIX_IS_FRAME,
    LLT_FIX_PAIR(90, 91),   LLT_FIX_PAIR(93, 89),   LLT_FIX_PAIR(95, 96),   LLT_FIX_PAIR(212, 213),
    LLT_FIX_PAIR(348, 349), LLT_FIX_PAIR(350, 351), LLT_FIX_PAIR(352, 353), LLT_FIX_PAIR(354, 355),
    LLT_FIX_PAIR(356, 357), LLT_FIX_PAIR(358, 359), LLT_FIX_PAIR(360, 361), LLT_FIX_PAIR(362, 363),
    LLT_FIX_PAIR(364, 365), LLT_FIX_PAIR(445, 446), LLT_FIX_PAIR(618, 619), LLT_FIX_PAIR(621, 622)};

/* For a tag that is special what the table has, else 0. */
static inline uint16_t llt_fix_data_tag(uint32_t tag) {
    return tag < sizeof llt_fix_data_of / sizeof *llt_fix_data_of ? llt_fix_data_of[tag] : 0;
}

/* The first field of this tag at or behind `from`; the count when there is none. */
static inline size_t llt_fix_find(const llt_fix_fields *fields, size_t from, uint32_t tag) {
    while (from < fields->count && fields->tags[from] != tag) {
        from++;
    }
    return from;
}

#endif

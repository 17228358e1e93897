/* The tags of a FIX message's fields, from where the fields end.
 *
 * Messages of one kind have the same tags in the same order. So a field is first compared with the tag that the message
 * before had in its place: one load and one comparison tell that it is this tag, digits and '=', and how long it is.
 * Only another one is read digit by digit. The branch is foreseen by the CPU, so that what reads a value waits for
 * nothing but its place. A data field, which may hold SOH and '=', is measured by the length before it; the ends inside
 * it are passed over.
 *
 * A message with anything wrong is not taken: llt_fix_walk.h says what and where.
 */
#ifndef LLT_FIX_HEADS_H
#define LLT_FIX_HEADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "llt_bytes.h"
#include "llt_decimal.h"
#include "llt_fix_fields.h"

/* Tag of 1..8 digits at `start` and where its value begins; false when there is none. Eight bytes are read. */
static inline bool llt_fix_head(const unsigned char *text, uint32_t start, uint32_t *tag, uint32_t *begin) {
    const uint64_t head = llt_load_le64(text + start);
    const unsigned digits = llt_digit_count(head);
    if (digits == 0 || text[start + digits] != '=' || text[start] == '0') {
        return false;
    }
    *tag = llt_first_digits(head, digits);
    *begin = start + digits + 1;
    return true;
}

/* What to guess of the next message, for a field that was read. */
static inline llt_fix_guess llt_fix_guess_of(const unsigned char *text, uint32_t start, uint32_t tag, uint32_t begin) {
    const uint32_t size = begin - start;
    if (size > 4 || llt_fix_data_tag(tag) != 0) {
        return LLT_FIX_NO_GUESS;
    }
    return (llt_fix_guess){llt_load_le32(text + start), (uint16_t)tag, (uint8_t)size, (uint8_t)(32 - 8 * size)};
}

/* The data field behind the length field text[begin..end): where its value begins, and ends in `*data_end`; 0 if what
 * stands there is none. `limit` is where the body ends. */
static inline uint32_t llt_fix_data(const unsigned char *text, uint32_t begin, uint32_t end, uint32_t limit,
                                    uint32_t wanted, uint32_t *data_end) {
    uint64_t length = 0;
    uint32_t tag, data;
    if (wanted == LLT_FIX_IS_DATA || end + 1 >= limit || llt_digits(text + begin, &length) != text + end ||
        !llt_fix_head(text, end + 1, &tag, &data) || tag != wanted || length == 0 || data >= limit ||
        length >= limit - data || text[data + length] != LLT_FIX_SOH) {
        return 0;
    }
    *data_end = data + (uint32_t)length;
    return data;
}

/* Fills in the fields of a body text[body..limit), of which `found` ends are known, `at` of them before the body.
 * False: something is wrong. The body is followed by seven bytes that may be read. */
static inline __attribute__((always_inline)) bool llt_fix_heads(const unsigned char *text, uint32_t body,
                                                                uint32_t limit, llt_fix_fields *fields, size_t at,
                                                                size_t found) {
    uint32_t *const tags = fields->tags, *const begins = fields->begins, *const ends = fields->ends;
    llt_fix_guess *const guesses = fields->guesses;
    uint32_t start = body;
    size_t filled = at;
    while (at < found) {
        const llt_fix_guess guess = guesses[filled];
        uint32_t tag = guess.tag, begin = start + guess.size, end = ends[at++];
        if ((llt_load_le32(text + start) ^ guess.head) << guess.unused == 0 && begin < end) {
            tags[filled] = tag;
            begins[filled] = begin;
            ends[filled++] = end;
            start = end + 1;
            continue;
        }
        if (!llt_fix_head(text, start, &tag, &begin) || begin >= end) {
            return false;
        }
        guesses[filled] = llt_fix_guess_of(text, start, tag, begin);
        tags[filled] = tag;
        begins[filled] = begin;
        ends[filled++] = end;
        const uint32_t data_tag = llt_fix_data_tag(tag);
        if (data_tag != 0) {
            begin = llt_fix_data(text, begin, end, limit, data_tag, &end);
            if (data_tag == LLT_FIX_IS_FRAME || begin == 0) {
                return false;
            }
            while (ends[at] != end) {
                at++;
            }
            at++;
            tags[filled] = data_tag;
            begins[filled] = begin;
            ends[filled++] = end;
        }
        start = end + 1;
    }
    fields->count = filled;
    return true;
}

#endif

/* The fields of a FIX message from bit masks of 64 bytes: ends, tags, order and sum without a look at single bytes.
 *
 * A step gives four masks: SOH, =, digits and 0, and adds up the bytes. A field starts behind each SOH. Adding the
 * starts to the complement of the = mask carries each of them up to the first = behind it: the bits that change are
 * the tag and its =. So one addition (with the carry from step to step) finds all tags, and whether one has other
 * bytes than digits, begins with 0 or is empty, or a value is empty, is asked for 64 bytes at once. What is left to do
 * for each field is to convert its tag.
 *
 * A message with anything wrong, or with a data field, which may hold SOH and =, is not taken.
 */
#ifndef LLT_FIX_SCAN_H
#define LLT_FIX_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "llt_bytes.h"
#include "llt_cpu.h"
#include "llt_decimal.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LLT_FIX_SOH 1
#define LLT_FIX_STEPS 16 /* of 64 bytes: as many ends of tags and values are gathered before they are looked at */

typedef struct {
    uint32_t tag;
    uint32_t offset; /* of the value, from the message's first byte */
    uint32_t size;   /* of the value */
} llt_fix_field;

/* For a length tag the tag of its data, which follows at once; for a data tag LLT_FIX_IS_DATA; 8, 9 and 10 are the frame's. */
#define LLT_FIX_IS_DATA 0xffff
#define LLT_FIX_PAIR(length, data) [length] = data, [data] = LLT_FIX_IS_DATA
#define LLT_FIX_IS_FRAME 0xfffe
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

typedef struct {
    uint64_t ends;   /* SOH */
    uint64_t equals; /* = */
    uint64_t digits;
    uint64_t zeros; /* the digit 0 */
} llt_fix_masks;

/* Masks of 64 bytes; the sum of the last `kept` (1..64) is added to `*sum`. */
typedef llt_fix_masks llt_fix_step(const unsigned char *at, size_t kept, uint64_t *sum);

/* 64 bytes from `+ kept` on: ones in the last `kept` places. */
#define LLT_FIX_ONES_16 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255
static const unsigned char llt_fix_keep[128] = {[64] = LLT_FIX_ONES_16, LLT_FIX_ONES_16, LLT_FIX_ONES_16,
                                                LLT_FIX_ONES_16};

#if defined(__x86_64__)

/* SSE2 is part of x86-64: this is the portable path there. */
static inline __attribute__((always_inline)) llt_fix_masks llt_fix_step_scalar(const unsigned char *at, size_t kept,
                                                                               uint64_t *sum) {
    llt_fix_masks masks = {0};
    __m128i total = _mm_setzero_si128();
#pragma GCC unroll 4
    for (int part = 0; part < 4; part++) {
        const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * part));
        const __m128i keep = _mm_loadu_si128((const __m128i *)(const void *)(llt_fix_keep + kept + 16 * part));
        const __m128i value = _mm_sub_epi8(text, _mm_set1_epi8('0'));
        const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(value, _mm_set1_epi8(9)), value);
        const __m128i ends = _mm_cmpeq_epi8(text, _mm_set1_epi8(LLT_FIX_SOH));
        const __m128i equals = _mm_cmpeq_epi8(text, _mm_set1_epi8('='));
        const __m128i zeros = _mm_cmpeq_epi8(value, _mm_setzero_si128());
        masks.ends |= (uint64_t)(unsigned)_mm_movemask_epi8(ends) << (16 * part);
        masks.equals |= (uint64_t)(unsigned)_mm_movemask_epi8(equals) << (16 * part);
        masks.digits |= (uint64_t)(unsigned)_mm_movemask_epi8(digits) << (16 * part);
        masks.zeros |= (uint64_t)(unsigned)_mm_movemask_epi8(zeros) << (16 * part);
        total = _mm_add_epi64(total, _mm_sad_epu8(_mm_and_si128(text, keep), _mm_setzero_si128()));
    }
    *sum += (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(total, total));
    return masks;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 uint64_t llt_fix_join_avx2(__m256i low, __m256i high) {
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX2 llt_fix_masks llt_fix_step_avx2(const unsigned char *at,
                                                                                             size_t kept,
                                                                                             uint64_t *sum) {
    const __m256i *keep = (const __m256i *)(const void *)(llt_fix_keep + kept);
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
    const __m256i low_value = _mm256_sub_epi8(low, _mm256_set1_epi8('0'));
    const __m256i high_value = _mm256_sub_epi8(high, _mm256_set1_epi8('0'));
    const __m256i nine = _mm256_set1_epi8(9), zero = _mm256_setzero_si256();
    const __m256i soh = _mm256_set1_epi8(LLT_FIX_SOH), equal = _mm256_set1_epi8('=');
    const __m256i halves =
        _mm256_add_epi64(_mm256_sad_epu8(_mm256_and_si256(low, _mm256_loadu_si256(keep)), zero),
                         _mm256_sad_epu8(_mm256_and_si256(high, _mm256_loadu_si256(keep + 1)), zero));
    const __m128i total = _mm_add_epi64(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
    *sum += (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_extract_epi64(total, 1);
    return (llt_fix_masks){
        llt_fix_join_avx2(_mm256_cmpeq_epi8(low, soh), _mm256_cmpeq_epi8(high, soh)),
        llt_fix_join_avx2(_mm256_cmpeq_epi8(low, equal), _mm256_cmpeq_epi8(high, equal)),
        llt_fix_join_avx2(_mm256_cmpeq_epi8(_mm256_min_epu8(low_value, nine), low_value),
                          _mm256_cmpeq_epi8(_mm256_min_epu8(high_value, nine), high_value)),
        llt_fix_join_avx2(_mm256_cmpeq_epi8(low_value, zero), _mm256_cmpeq_epi8(high_value, zero))};
}

static inline __attribute__((always_inline)) LLT_TARGET_AVX512 llt_fix_masks llt_fix_step_avx512(
    const unsigned char *at, size_t kept, uint64_t *sum) {
    const __m512i text = _mm512_loadu_si512(at);
    const __m512i value = _mm512_sub_epi8(text, _mm512_set1_epi8('0'));
    const __m512i kept_text = _mm512_and_si512(text, _mm512_loadu_si512(llt_fix_keep + kept));
    *sum += (uint64_t)_mm512_reduce_add_epi64(_mm512_sad_epu8(kept_text, _mm512_setzero_si512()));
    return (llt_fix_masks){_mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8(LLT_FIX_SOH)),
                           _mm512_cmpeq_epi8_mask(text, _mm512_set1_epi8('=')),
                           _mm512_cmple_epu8_mask(value, _mm512_set1_epi8(9)),
                           _mm512_testn_epi8_mask(value, value)};
}

#else

static inline llt_fix_masks llt_fix_step_scalar(const unsigned char *at, size_t kept, uint64_t *sum) {
    llt_fix_masks masks = {0};
    for (size_t i = 0; i < 64; i++) {
        *sum += i >= 64 - kept ? at[i] : 0u;
        masks.ends |= (uint64_t)(at[i] == LLT_FIX_SOH) << i;
        masks.equals |= (uint64_t)(at[i] == '=') << i;
        masks.digits |= (uint64_t)((unsigned)(at[i] - '0') < 10) << i;
        masks.zeros |= (uint64_t)(at[i] == '0') << i;
    }
    return masks;
}

#endif

static inline uint64_t llt_fix_sum(const unsigned char *text, size_t size) {
    uint64_t sum = 0;
#if defined(__x86_64__)
    if (size >= 16) {
        __m128i total = _mm_setzero_si128();
        const unsigned char *end = text + size;
        for (; text + 16 <= end; text += 16) {
            const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)text);
            total = _mm_add_epi64(total, _mm_sad_epu8(part, _mm_setzero_si128()));
        }
        /* What is left is the end of the last 16 bytes. */
        const __m128i last = _mm_loadu_si128((const __m128i *)(const void *)(end - 16));
        const __m128i keep = _mm_loadu_si128((const __m128i *)(const void *)(llt_fix_keep + 48 + (end - text)));
        total = _mm_add_epi64(total, _mm_sad_epu8(_mm_and_si128(last, keep), _mm_setzero_si128()));
        return (uint64_t)_mm_cvtsi128_si64(total) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(total, total));
    }
#endif
    for (size_t i = 0; i < size; i++) {
        sum += text[i];
    }
    return sum;
}

/* The first `digits` (1..4) of a little-endian word as a number: one multiplication. */
static inline uint32_t llt_fix_short_tag(uint32_t head, unsigned digits) {
    uint32_t tag = (head ^ (uint32_t)LLT_ZEROS) << (32 - 8 * digits);
    tag = tag * 10 + (tag >> 8);
    return ((tag & 0x00ff00ff) * 0x00640001) >> 16;
}

/* From step to step: what the last byte of the one before was. */
typedef struct {
    uint64_t starts; /* SOH: a field starts with the next */
    uint64_t inside; /* of a tag */
    uint64_t equals; /* the first = of a field */
    uint64_t faults;
} llt_fix_chain;

/* Where tags and values end in `valid` of the 64 bytes, in turn. */
static inline __attribute__((always_inline)) uint64_t llt_fix_bounds(const llt_fix_masks *masks, uint64_t valid,
                                                                     llt_fix_chain *chain) {
    const uint64_t starts = masks->ends << 1 | chain->starts;
    const uint64_t others = ~masks->equals;
    unsigned long long carried;
    bool over = __builtin_add_overflow((unsigned long long)others, (unsigned long long)starts, &carried);
    over |= __builtin_add_overflow(carried, (unsigned long long)chain->inside, &carried);
    const uint64_t changed = (carried ^ others) & valid;
    const uint64_t equals = changed & masks->equals;
    chain->faults |= ((changed & ~masks->equals & ~masks->digits) | (starts & (masks->zeros | masks->equals)) |
                      ((equals << 1 | chain->equals) & masks->ends)) &
                     valid;
    chain->starts = masks->ends >> 63;
    chain->inside = over;
    chain->equals = equals >> 63;
    return (masks->ends & valid) | equals;
}

/* Masks of the `left` (1..63) bytes before `end`, in the low bits; nothing outside text[0..end) is read. */
static inline __attribute__((always_inline)) llt_fix_masks llt_fix_last_step(llt_fix_step *step,
                                                                             const unsigned char *text, size_t end,
                                                                             size_t left, uint64_t *sum) {
    llt_fix_masks masks;
    if (end >= 64) {
        masks = step(text + end - 64, left, sum);
    } else {
        unsigned char whole[64] = {0};
        memcpy(whole + 64 - left, text + end - left, left);
        masks = step(whole, left, sum);
    }
    const unsigned shift = (unsigned)(64 - left);
    return (llt_fix_masks){masks.ends >> shift, masks.equals >> shift, masks.digits >> shift, masks.zeros >> shift};
}

/* Where bits of a mask are, from `base` on; sixteen stores a time whether or not there are as many: their count is not
 * worth a guess. Gives the count. */
static inline __attribute__((always_inline)) unsigned llt_fix_places(uint64_t mask, uint32_t base, uint32_t *places) {
    const unsigned count = (unsigned)__builtin_popcountll(mask);
    for (unsigned done = 0; done < count; done += 16) {
#pragma GCC unroll 16
        for (unsigned i = 0; i < 16; i++) {
            uint32_t place = base + (uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63);
            __asm__("" : "+r"(place)); /* gcc would gather sixteen of them in a vector, one by one */
            places[done + i] = place;
            mask &= mask - 1;
        }
    }
    return count;
}

/* Fields of text[body..end), which ends with SOH and is followed by seven bytes that may be read. Gives how many, and
 * adds all its bytes to `*sum`; 0 when the message is to be read field by field. */
static inline __attribute__((always_inline)) size_t llt_fix_scan(llt_fix_step *step, const unsigned char *text,
                                                                 size_t body, size_t end, llt_fix_field *fields,
                                                                 size_t room, uint64_t *sum) {
    llt_fix_chain chain = {.starts = 1};
    uint32_t bounds[64 * LLT_FIX_STEPS + 16];
    llt_fix_field *field = fields;
    size_t held = 0;
    uint32_t start = (uint32_t)body, special = 0;
    for (size_t base = body; base < end;) {
        size_t found = held;
        for (int steps = 0; steps < LLT_FIX_STEPS && base < end; steps++, base += 64) {
            const size_t left = end - base;
            const llt_fix_masks masks =
                left >= 64 ? step(text + base, 64, sum) : llt_fix_last_step(step, text, end, left, sum);
            const uint64_t valid = left >= 64 ? UINT64_MAX : (UINT64_C(1) << left) - 1;
            found += llt_fix_places(llt_fix_bounds(&masks, valid, &chain), (uint32_t)base, bounds + found);
        }
        if (chain.faults != 0 || found / 2 > room - (size_t)(field - fields)) {
            return 0;
        }
        for (const uint32_t *bound = bounds, *last = bounds + found - found % 2; bound < last; bound += 2) {
            const unsigned digits = bound[0] - start;
            if (digits > 8) {
                return 0;
            }
            const uint32_t tag = digits <= 4 ? llt_fix_short_tag(llt_load_le32(text + start), digits)
                                             : llt_first_digits(llt_load_le64(text + start), digits);
            special |= llt_fix_data_tag(tag);
            *field++ = (llt_fix_field){tag, bound[0] + 1, bound[1] - bound[0] - 1};
            start = bound[1] + 1;
        }
        held = found % 2;
        bounds[0] = bounds[found - held];
    }
    return special == 0 ? (size_t)(field - fields) : 0;
}

#endif
